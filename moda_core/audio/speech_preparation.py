"""Prepare speech for the encoder: emphasis, silence, pieces, normalisation (spec A.1 to A.3)."""

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SAMPLE_RATE = 16000
HOP = 640  # samples per video frame at 25 fps
PRE_EMPHASIS = 0.97
PCM16_LEVELS = 32768

SILENCE_FRAMES = 50  # 2 s
# Frames of silence before and after the speech, by option.
SILENCE = {
    "post": (0, SILENCE_FRAMES),
    "pre": (SILENCE_FRAMES, 0),
    "both": (SILENCE_FRAMES, SILENCE_FRAMES),
    "none": (0, 0),
}

PIECE_MS = 60_000
SAMPLES_PER_MS = SAMPLE_RATE // 1000
VARIANCE_FLOOR = 1e-7
EDGE = 20  # samples; the convolutions need two of them at each end


def prepare_speech(
    blocks: Iterable[np.ndarray], num_samples: int, silence: str = "post"
) -> tuple[Tensor, tuple[int, int]]:
    """Collect mono blocks at 16 kHz, emphasise high frequencies, add silence, round to PCM16.

    Parameters
    ----------
    num_samples : int
        Length of the speech, at least 2; it is cut, or padded with zeros, to it.
    silence : {"post", "pre", "both", "none"}
        Where to add 2 s of silence. ``"none"`` leaves the samples unchanged, without emphasis and
        rounding (spec, section A.1).

    Returns
    -------
    waveform : Tensor, shape (num_samples + 640 * (before + after),), float32 in [-1, 1]
    silence : tuple (before, after)
        Frames of silence that were added.
    """
    if silence not in SILENCE:
        raise ValueError(f"Expected silence to be one of {', '.join(SILENCE)}, got {silence!r}.")
    if num_samples < 2:
        raise ValueError(f"Expected at least 2 samples, got {num_samples}. Use a longer sound.")
    before, after = SILENCE[silence]
    waveform = np.zeros(HOP * before + num_samples + HOP * after, np.float32)
    speech = waveform[HOP * before :][:num_samples]
    filled = 0
    for block in blocks:
        part = block[: len(speech) - filled]
        speech[filled : filled + len(part)] = part
        filled += len(part)
    if silence != "none":
        pre_emphasize_in_place(speech)
        round_to_pcm16_in_place(speech)
    return torch.from_numpy(waveform), (before, after)


def pre_emphasize_in_place(samples: np.ndarray) -> None:
    """Subtract from each of at least two samples 0.97 times the sample before it.

    The sample before the first is extrapolated from the first two, and it is added instead of
    subtracted: ``3 * x[0] - x[1]`` (spec, section A.1.2).
    """
    first = 3 * samples[0] - samples[1]
    # In blocks, and backwards, so that the sample before a block is still unchanged.
    for start in reversed(range(1, len(samples), SAMPLE_RATE)):
        stop = min(start + SAMPLE_RATE, len(samples))
        samples[start:stop] -= np.float32(PRE_EMPHASIS) * samples[start - 1 : stop - 1]
    samples[0] = first


def round_to_pcm16_in_place(samples: np.ndarray) -> None:
    """Round samples as a 16-bit file stores them: down, and clipped to full scale."""
    samples *= PCM16_LEVELS
    np.floor(samples, out=samples)  # libsndfile floors; rounding to nearest shows in the features
    np.clip(samples, -PCM16_LEVELS, PCM16_LEVELS - 1, out=samples)
    samples /= PCM16_LEVELS


def piece_bounds(num_samples: int) -> list[tuple[int, int]]:
    """Return the (start, stop) of the pieces of a waveform that are encoded independently.

    Sound of more than 60 s is cut at whole minutes and ends at a whole millisecond, up to 8
    samples beyond `num_samples`. A last piece under one frame is dropped (spec A.2 and H.16).
    """
    length_ms = round(num_samples / SAMPLES_PER_MS)
    if length_ms <= PIECE_MS:
        return [(0, num_samples)]
    total, size = length_ms * SAMPLES_PER_MS, PIECE_MS * SAMPLES_PER_MS
    bounds = [(start, min(start + size, total)) for start in range(0, total, size)]
    return [(start, stop) for start, stop in bounds if stop - start >= HOP]


def cut_piece(waveform: Tensor, start: int, stop: int) -> Tensor:
    """Return a piece of a waveform, padded with zeros beyond its end; a view where possible."""
    missing = max(stop - len(waveform), 0)
    piece = waveform[start:stop]
    return F.pad(piece, (0, missing)) if missing else piece


def normalize_piece(piece: Tensor) -> Tensor:
    """Return a piece with mean 0 and variance 1; a constant piece becomes zero."""
    variance, mean = torch.var_mean(piece.double(), correction=0)
    return (piece - mean.float()) / torch.sqrt(variance + VARIANCE_FLOOR).float()


def pad_edges(piece: Tensor) -> Tensor:
    """Cut a piece (T,), T >= 640, to whole frames and mirror its ends: (640 * (T // 640) + 80,).

    20 samples are mirrored at each end, and then 20 of the result (spec, section A.3.3), which
    differs from one reflection of 40.
    """
    whole = piece[: len(piece) // HOP * HOP]
    once = F.pad(whole[None], (EDGE, EDGE), mode="reflect")
    return F.pad(once, (EDGE, EDGE), mode="reflect")[0]
