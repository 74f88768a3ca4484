"""Speech as the models hear it: one channel at 16 kHz, in blocks; and its length in frames."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from .resample import resample_blocks
from .sound_file import BLOCK_SAMPLES, SHORTEST_S, SoundFile
from .speech_preparation import SAMPLE_RATE


def frame_count(duration_s: float, fps: float) -> int:
    """Return how many frames of video a sound needs: ``round(duration_s * fps)``, at least 1.

    Parameters
    ----------
    duration_s : float
        Length of the sound in seconds.
    fps : float
        Frames a second.
    """
    return max(round(duration_s * fps), 1)


def decode_blocks(
    path: str | Path,
    sample_rate: int = SAMPLE_RATE,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[np.ndarray]:
    """Read a file's sound as one channel: mean of its channels, then resampled.

    Parameters
    ----------
    path : str or Path
        A sound file, or a video with a sound track.
    sample_rate : int
        Samples a second of the result.
    start_s : float
        Where to begin, in seconds.
    duration_s : float, optional
        How much to read at most; without it, all that is left.

    Yields
    ------
    array, shape (T,), float32
        Consecutive pieces, ``round(duration * sample_rate)`` samples together. Memory does not
        grow with the length of the file.

    Raises
    ------
    InputFileError
        If the file is missing, empty, no sound, shorter than 40 ms, or holds a sample that is not
        a finite number.
    """
    with SoundFile(path) as sound:
        mono = _mono(sound.blocks(start_s, duration_s))
        yield from resample_blocks(mono, sound.sample_rate, sample_rate)


def waveform_blocks(
    waveform: Tensor,
    sample_rate: int,
    target_rate: int = SAMPLE_RATE,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[np.ndarray]:
    """Do what `decode_blocks` does, for sound that is in memory.

    Parameters
    ----------
    waveform : Tensor, shape (C, T) or (T,)
        Full scale at 1.
    sample_rate : int
        Samples a second of `waveform`.
    target_rate, start_s, duration_s
        As `sample_rate`, `start_s` and `duration_s` of `decode_blocks`.

    Yields
    ------
    array, shape (T',), float32
        Consecutive pieces.

    Raises
    ------
    ValueError
        As `channel_blocks`.
    """
    mono = _mono(channel_blocks(waveform, sample_rate, start_s, duration_s))
    yield from resample_blocks(mono, sample_rate, target_rate)


def channel_blocks(
    waveform: Tensor, sample_rate: int, start_s: float = 0.0, duration_s: float | None = None
) -> Iterator[np.ndarray]:
    """Cut sound that is in memory into blocks and check it.

    Parameters
    ----------
    waveform : Tensor, shape (C, T) or (T,)
        Full scale at 1; at least 40 ms.
    sample_rate : int
        Samples a second.
    start_s, duration_s
        As in `decode_blocks`.

    Yields
    ------
    array, shape (C, T'), float32
        Consecutive pieces at the same rate.

    Raises
    ------
    ValueError
        If the shape or the rate is wrong, the sound is shorter than 40 ms, ends before `start_s`,
        or has a sample that is not a finite number.
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
    stop = channels.shape[1]
    if duration_s is not None:
        stop = min(stop, start + round(duration_s * sample_rate))
    for first in range(start, stop, BLOCK_SAMPLES):
        block = channels[:, first : min(first + BLOCK_SAMPLES, stop)].detach().cpu().float().numpy()
        if not np.isfinite(block).all():
            raise ValueError(
                "The sound has a sample that is no finite number (NaN or infinity) within a second "
                f"of {first / sample_rate:.2f} s. Repair or export it again."
            )
        yield block


def audio_duration(path: str | Path, limit_s: float | None = None) -> float:
    """Return the exact length of a file's sound in seconds.

    Parameters
    ----------
    path : str or Path
        A sound file, or a video with a sound track.
    limit_s : float, optional
        Largest result; what follows is not decoded.

    Raises
    ------
    InputFileError
        As `decode_blocks`.
    """
    with SoundFile(path) as sound:
        num_samples = sum(block.shape[1] for block in sound.blocks(duration_s=limit_s))
        duration_s = num_samples / sound.sample_rate
    return duration_s if limit_s is None else min(duration_s, limit_s)


def _mono(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        yield block.mean(axis=0)
