"""Decode a recording, prepare it and encode it to audio features."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from ..motion.motion import FPS
from .channels import Heard, hear
from .features import AudioFeatures
from .hubert import Progress, SpeechEncoder
from .phrases import PhraseMeter
from .sound_file import SoundFile
from .speech_preparation import HOP, prepare_speech
from .waveform import channel_blocks, decode_blocks, frame_count, waveform_blocks

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording, and what of it is heard.

    Parameters
    ----------
    source : str, Path or tuple (waveform, sample_rate)
        Any file with a sound track; or a Tensor of shape (C, T) or (T,), full scale at 1, and its
        sample rate.
    track : int, optional
        Of a file with several sound tracks, counted from 0; default the one that players choose.
    channel : {"mix", "left", "right"}
        The channel to listen to, see `hear`.
    start_s : float
        Where it starts in the source, in seconds.

    Raises
    ------
    ValueError
        If there is a track for a waveform, or the start is negative or not finite.
    """

    source: str | Path | tuple[Tensor, int]
    track: int | None = None
    channel: str = "mix"
    start_s: float = 0.0

    def __post_init__(self):
        if isinstance(self.source, tuple) and self.track is not None:
            raise ValueError(f"Got a waveform and track {self.track}. Give a track with a file.")
        if not 0 <= self.start_s < math.inf:
            raise ValueError(f"Expected a start of at least 0 s, got {self.start_s}.")

    def heard(self, duration_s: float | None = None) -> tuple[Heard, int]:
        """Return what is heard of its first `duration_s` seconds, and the sample rate.

        Errors as `encode_recording`.
        """
        if isinstance(self.source, tuple):
            blocks = channel_blocks(*self.source, self.start_s, duration_s)
            return hear(blocks, self.channel), self.source[1]
        with SoundFile(self.source, self.track) as sound:
            blocks = sound.blocks(self.start_s, duration_s)
            heard = hear(blocks, self.channel, f"'{self.source}'")
            if self.track is None and len(sound.tracks) > 1:
                note = (
                    f"'{self.source}' has several sound tracks: {'; '.join(sound.tracks)}. "
                    f"Track {sound.track} is used; choose another by its number."
                )
                heard = replace(heard, note=f"{note} {heard.note}".strip())
            return heard, sound.sample_rate


def encode_recording(
    encoder: SpeechEncoder,
    recording: Recording | str | Path | tuple[Tensor, int],
    duration_s: float | None = None,
    silence: str = "post",
    progress: Progress | None = None,
) -> AudioFeatures:
    """Compute the features of a recording, one for every video frame.

    Parameters
    ----------
    recording : Recording, str, Path or tuple (waveform, sample_rate)
        Without a `Recording`, its source.
    duration_s : float, optional
        Seconds to encode; a shorter recording is padded with silence. Default: its own length.
    silence : {"post", "pre", "both", "none"}
        Where to add 2 s of silence, see `prepare_speech`.
    progress : callable (done, total), optional
        Called after every minute; may raise to cancel.

    Returns
    -------
    AudioFeatures
        ``frame_count(duration_s, 25)`` frames of speech, plus those of the silence. The sound is
        padded to whole frames first, so that none is lost at its end.

    Raises
    ------
    InputFileError
        If the file is not usable sound.
    ValueError
        If the waveform is not usable, `silence` is unknown, or `duration_s` is not above 0.
    """
    blocks, duration_s = open_recording(recording, duration_s)
    num_samples = HOP * frame_count(duration_s, FPS)
    meter = PhraseMeter()
    samples, added = prepare_speech(meter.measured(blocks), num_samples, silence)
    values = encoder.encode(samples, progress)
    voiced = F.pad(meter.voiced(len(values) - sum(added)), added)
    return AudioFeatures(values, encoder.name, duration_s, added, voiced)


def open_recording(
    recording: Recording | str | Path | tuple[Tensor, int], duration_s: float | None = None
) -> tuple[Iterator[np.ndarray], float]:
    """Start to read a recording, from a file or from memory, as mono at 16 kHz.

    The parameters and errors are those of `encode_recording`. What a user should know about what
    is heard is logged.

    Returns
    -------
    blocks : iterator of array, shape (T,), float32
        At most `duration_s` in total.
    duration_s : float
        Seconds; measured if not given.
    """
    if duration_s is not None and not duration_s > 0:
        raise ValueError(f"Expected a duration above 0 s, got {duration_s}.")
    if not isinstance(recording, Recording):
        recording = Recording(recording)
    heard, sample_rate = recording.heard(duration_s)
    if heard.note:
        logger.warning("%s", heard.note)
    part = {"start_s": recording.start_s, "duration_s": duration_s, "channels": heard.channels}
    if isinstance(recording.source, tuple):
        blocks = waveform_blocks(*recording.source, **part)
    else:
        blocks = decode_blocks(recording.source, track=recording.track, **part)
    return blocks, duration_s or heard.num_samples / sample_rate
