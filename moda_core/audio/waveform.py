"""Speech as the models take it, one channel at 16 kHz in blocks; and its length in frames."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputFileError
from .channels import mixed
from .clip import check_finite
from .resample import resample_blocks
from .sound_file import BLOCK_SAMPLES, SHORTEST_S, SoundFile
from .speech_preparation import SAMPLE_RATE


def frame_count(duration_s: float, fps: float) -> int:
    """Return how many video frames a sound lasts: ``round(duration_s * fps)``, at least 1."""
    return max(round(duration_s * fps), 1)


def decode_blocks(
    path: str | Path,
    sample_rate: int = SAMPLE_RATE,
    start_s: float = 0.0,
    duration_s: float | None = None,
    track: int | None = None,
    channels: tuple[int, ...] | None = None,
) -> Iterator[np.ndarray]:
    """Yield a file's sound as blocks (T,) of one channel: the mean of `channels`, resampled.

    The default is the mean of all. All blocks have ``round(duration * sample_rate)`` samples in
    total. Memory use does not depend on the length of the file. Raises InputFileError as
    `SoundFile` and its `blocks`.
    """
    with SoundFile(path, track) as sound:
        mono = mixed(sound.blocks(start_s, duration_s), channels)
        yield from resample_blocks(mono, sound.sample_rate, sample_rate)


def waveform_blocks(
    waveform: Tensor,
    sample_rate: int,
    target_rate: int = SAMPLE_RATE,
    start_s: float = 0.0,
    duration_s: float | None = None,
    channels: tuple[int, ...] | None = None,
) -> Iterator[np.ndarray]:
    """Do what `decode_blocks` does, for a waveform (C, T) or (T,) in memory, full scale at 1.

    Raises ValueError as `channel_blocks`.
    """
    blocks = channel_blocks(waveform, sample_rate, start_s, duration_s)
    yield from resample_blocks(mixed(blocks, channels), sample_rate, target_rate)


def channel_blocks(
    waveform: Tensor, sample_rate: int, start_s: float = 0.0, duration_s: float | None = None
) -> Iterator[np.ndarray]:
    """Check sound in memory and cut it into blocks (C, T') at its own rate.

    Parameters
    ----------
    waveform : Tensor, shape (C, T) or (T,)
        Full scale at 1; at least 40 ms.
    start_s, duration_s : float
        Part to read, in seconds. Default: all of it.

    Raises
    ------
    ValueError
        If the shape or rate is wrong, the sound is shorter than 40 ms, ends before `start_s`, or
        has a sample that is not finite.
    """
    if waveform.ndim not in (1, 2) or not waveform.shape[0]:
        raise ValueError(
            f"Expected a waveform of shape (C, T) or (T,), got {tuple(waveform.shape)}. "
            "Pick one sound of a batch."
        )
    if not sample_rate > 0:
        raise ValueError(f"Expected a sample rate above 0, got {sample_rate}.")
    channels = waveform if waveform.ndim == 2 else waveform[None]
    length_s = channels.shape[1] / sample_rate
    if length_s < SHORTEST_S:
        raise ValueError(f"The sound lasts {1000 * length_s:.1f} ms. Use at least 40 ms.")
    start = round(start_s * sample_rate)
    if start >= channels.shape[1]:
        raise ValueError(f"The sound lasts {length_s:.2f} s, less than the start, {start_s:g} s.")
    length = channels.shape[1] if duration_s is None else round(duration_s * sample_rate)
    stop = min(channels.shape[1], start + length)
    for first in range(start, stop, BLOCK_SAMPLES):
        block = channels[:, first : min(first + BLOCK_SAMPLES, stop)].detach().cpu().float()
        check_finite(block, sample_rate, first)
        yield block.numpy()


def audio_duration(
    path: str | Path,
    limit_s: float | None = None,
    track: int | None = None,
    start_s: float = 0.0,
) -> float:
    """Return the exact length of a file's sound from `start_s` on, in seconds.

    With `limit_s`, no more is decoded, and the result is at most `limit_s`. Raises InputFileError
    as `decode_blocks`, and if less than 40 ms are left after the start.
    """
    with SoundFile(path, track) as sound:
        num_samples = sum(block.shape[1] for block in sound.blocks(start_s, limit_s))
        duration_s = num_samples / sound.sample_rate
        if num_samples < round(SHORTEST_S * sound.sample_rate):
            raise InputFileError(
                f"'{path}' has only {1000 * duration_s:.1f} ms of sound from {start_s:g} s on. "
                f"Start at least {1000 * SHORTEST_S:.0f} ms before its end."
            )
    return duration_s if limit_s is None else min(duration_s, limit_s)


def load_clip(
    path: str | Path,
    start_s: float = 0.0,
    duration_s: float | None = None,
    track: int | None = None,
) -> tuple[Tensor, int]:
    """Read a part of a file's sound into memory: (C, T), full scale at 1, and its sample rate.

    Raises InputFileError as `SoundFile` and its `blocks`.
    """
    with SoundFile(path, track) as sound:
        blocks = list(sound.blocks(start_s, duration_s))
        return torch.from_numpy(np.concatenate(blocks, axis=1)), sound.sample_rate
