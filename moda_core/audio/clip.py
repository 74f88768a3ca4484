"""Cut a part out of sound in memory, and check it."""

import math

import torch
from torch import Tensor

from .sound_file import SHORTEST_S


def cut_clip(
    waveform: Tensor, sample_rate: int, start_s: float = 0.0, duration_s: float | None = None
) -> Tensor:
    """Cut a part out of a sound, exact to the sample.

    Parameters
    ----------
    waveform : Tensor, shape (C, T)
        Floats with full scale at 1, or integers with the full scale of their type.
    start_s : float
        Start of the part in seconds, at least 0.
    duration_s : float, optional
        Maximum length in seconds. None and 0 mean up to the end.

    Returns
    -------
    Tensor, shape (C, T'), float32
        On the CPU, full scale at 1. It may share the memory of `waveform`.

    Raises
    ------
    ValueError
        If the shape, type, rate or a time is wrong, the sound ends before `start_s`, the part is
        shorter than 40 ms, or a sample is not finite.
    """
    check_waveform(waveform, sample_rate)
    start, stop = _bounds(waveform.shape[1], sample_rate, start_s, duration_s)
    clip = scaled_samples(waveform[:, start:stop].detach().cpu())
    check_finite(clip, sample_rate, start)
    return clip


def check_waveform(waveform: Tensor, sample_rate: int) -> None:
    """Raise ValueError unless a waveform has shape (C, T), samples and a rate above 0."""
    if waveform.ndim != 2 or not waveform.numel():
        raise ValueError(
            f"Expected a waveform of shape (C, T) with samples in it, got {tuple(waveform.shape)}. "
            "Use one sound that is not empty."
        )
    if not sample_rate > 0:
        raise ValueError(f"Expected a sample rate above 0, got {sample_rate}.")


def _bounds(
    num_samples: int, sample_rate: int, start_s: float, duration_s: float | None
) -> tuple[int, int]:
    """Return the first sample of the part and the one after its last."""
    duration_s = duration_s or 0.0
    if not (0 <= start_s < math.inf and 0 <= duration_s < math.inf):
        raise ValueError(
            f"Expected a start and a duration of at least 0 s, got {start_s} and {duration_s}."
        )
    length_s = num_samples / sample_rate
    start = round(start_s * sample_rate)
    if start >= num_samples:
        raise ValueError(
            f"The sound ends at {length_s:.2f} s, before the start, {start_s:g} s. Start earlier."
        )
    length = round(duration_s * sample_rate) if duration_s else num_samples
    stop = min(num_samples, start + length)
    if (stop - start) / sample_rate < SHORTEST_S:
        raise ValueError(
            f"The part of the sound from {start_s:g} s lasts "
            f"{1000 * (stop - start) / sample_rate:.1f} ms of {length_s:.2f} s. Take at least "
            f"{1000 * SHORTEST_S:.0f} ms."
        )
    return start, stop


def scaled_samples(samples: Tensor) -> Tensor:
    """Return samples as float32 with full scale at 1.

    Floats keep their values, integers are scaled; ValueError for other types.
    """
    if samples.is_floating_point():
        return samples.float()
    if samples.is_complex() or samples.dtype == torch.bool:
        raise ValueError(
            f"Expected samples that are floats or integers, got {samples.dtype}. Convert the sound."
        )
    limits = torch.iinfo(samples.dtype)
    full_scale = (limits.max + 1) / (1 if limits.min else 2)
    silence = 0.0 if limits.min else full_scale  # unsigned samples are silent at half their range
    return (samples.float() - silence) / full_scale


def check_finite(clip: Tensor, sample_rate: int, start: int = 0) -> None:
    """Raise ValueError unless the samples (C, T), of which `start` is the first, are finite."""
    if torch.stack(torch.aminmax(clip)).isfinite().all():
        return
    bad = start + int((~clip.isfinite()).any(dim=0).nonzero()[0])
    raise ValueError(
        "The sound has a sample that is not finite (NaN or infinity) at "
        f"{bad / sample_rate:.3f} s. Repair or export it again."
    )
