"""Reads videos independently of the pack and of the host."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np


@dataclass(frozen=True)
class Seen:
    """The contents of a video as a player decodes them.

    Parameters
    ----------
    frames : array, shape (N, H, W, 3), uint8
    fps : float
    codec : str
    sound : array, shape (C, T), float32; or None
    sample_rate : int or None
    """

    frames: np.ndarray
    fps: float
    codec: str
    sound: np.ndarray | None
    sample_rate: int | None


def read_video(path: Path) -> Seen:
    """Decode a video file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps, codec = float(stream.average_rate), stream.codec.name
        frames = np.stack([each.to_ndarray(format="rgb24") for each in container.decode(video=0)])
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return Seen(frames, fps, codec, None, None)
        rate = container.streams.audio[0].rate
        sound = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], axis=1)
    return Seen(frames, fps, codec, sound, rate)
