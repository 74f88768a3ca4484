"""Cut a part out of sound that is in memory, and check it."""

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
    sample_rate : int
        Samples a second.
    start_s : float
        Where the part begins, in seconds; at least 0.
    duration_s : float, optional
        Its length at most; what the sound lacks is not filled in. None and 0 mean up to the end.

    Returns
    -------
    Tensor, shape (C, T'), float32
        On the CPU, full scale at 1; it may share the memory of `waveform`.

    Raises
    ------
    ValueError
        If the shape, the type, the rate or a time is wrong, the sound ends before `start_s`, the
        part is shorter than 40 ms, or it has a sample that is not a finite number.
    """
    if waveform.ndim != 2 or not waveform.numel():
        raise ValueError(
            f"Expected a waveform of shape (C, T) with samples in it, got {tuple(waveform.shape)}. "
            "Use one sound that is not empty."
        )
    if not sample_rate > 0:
        raise ValueError(f"Expected a sample rate above 0, got {sample_rate}.")
    start, stop = _bounds(waveform.shape[1], sample_rate, start_s, duration_s)
    clip = scaled_samples(waveform[:, start:stop].detach().cpu())
    _check_finite(clip, sample_rate, start)
    return clip


def _bounds(
    num_samples: int, sample_rate: int, start_s: float, duration_s: float | None
) -> tuple[int, int]:
    """Return the first sample of the part and the one behind its last."""
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
    stop = num_samples
    if duration_s:
        stop = min(stop, start + round(duration_s * sample_rate))
    if (stop - start) / sample_rate < SHORTEST_S:
        raise ValueError(
            f"The part of the sound from {start_s:g} s lasts "
            f"{1000 * (stop - start) / sample_rate:.1f} ms of {length_s:.2f} s. Take at least "
            f"{1000 * SHORTEST_S:.0f} ms."
        )
    return start, stop


def scaled_samples(samples: Tensor) -> Tensor:
    """Return samples of any type as float32 with full scale at 1.

    Parameters
    ----------
    samples : Tensor
        Floats, which keep their values, or integers.

    Raises
    ------
    ValueError
        If they are neither.
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


def _check_finite(clip: Tensor, sample_rate: int, start: int) -> None:
    if torch.stack(torch.aminmax(clip)).isfinite().all():
        return
    bad = start + int((~clip.isfinite()).any(dim=0).nonzero()[0])
    raise ValueError(
        "The sound has a sample that is no finite number (NaN or infinity) at "
        f"{bad / sample_rate:.3f} s. Repair or export it again."
    )
