"""Decode a recording, prepare it and encode it to audio features."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from ..motion.motion import FPS
from .features import AudioFeatures
from .hubert import Progress, SpeechEncoder
from .speech_preparation import HOP, prepare_speech
from .waveform import audio_duration, decode_blocks, frame_count, waveform_blocks


def encode_recording(
    encoder: SpeechEncoder,
    recording: str | Path | tuple[Tensor, int],
    duration_s: float | None = None,
    silence: str = "post",
    progress: Progress | None = None,
) -> AudioFeatures:
    """Compute the features of a recording, one for every video frame.

    Parameters
    ----------
    recording : str, Path or tuple (waveform, sample_rate)
        Any file with a sound track; or a Tensor of shape (C, T) or (T,), full scale at 1, and its
        sample rate.
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
    samples, added = prepare_speech(blocks, num_samples, silence)
    return AudioFeatures(encoder.encode(samples, progress), encoder.name, duration_s, added)


def open_recording(
    recording: str | Path | tuple[Tensor, int], duration_s: float | None = None
) -> tuple[Iterator[np.ndarray], float]:
    """Start to read a recording, from a file or from memory, as mono at 16 kHz.

    The parameters are those of `encode_recording`.

    Returns
    -------
    blocks : iterator of array, shape (T,), float32
        At most `duration_s` in total. Errors about the sound are raised while it is drained.
    duration_s : float
        Seconds; measured if not given.

    Raises
    ------
    InputFileError
        If the file is not usable sound.
    ValueError
        If the rate or `duration_s` is not above 0.
    """
    if duration_s is not None and not duration_s > 0:
        raise ValueError(f"Expected a duration above 0 s, got {duration_s}.")
    if not isinstance(recording, tuple):
        if duration_s is None:
            duration_s = audio_duration(recording)
        return decode_blocks(recording, duration_s=duration_s), duration_s
    waveform, sample_rate = recording
    if not sample_rate > 0:
        raise ValueError(f"Expected a sample rate above 0, got {sample_rate}.")
    blocks = waveform_blocks(waveform, sample_rate, duration_s=duration_s)
    if duration_s is None:
        duration_s = waveform.shape[-1] / sample_rate
    return blocks, duration_s
