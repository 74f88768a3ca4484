"""Take rumble out of sound, without delay."""

import numpy as np
from scipy.signal import butter, sosfiltfilt

ORDER = 2  # of the filter, which runs forwards and backwards: 24 dB an octave
CONTEXT_PERIODS = 20  # of the cutoff, in which the filter fades by more than 300 dB
BLOCK_S = 30


def high_pass(samples: np.ndarray, sample_rate: int, cutoff_hz: float) -> np.ndarray:
    """Remove what lies below a frequency from a channel, without shifting the rest in time.

    Parameters
    ----------
    samples : array, shape (T,), float32
    cutoff_hz : float
        Frequency that is lowered by 6 dB, above 0 and below half the rate.

    Returns
    -------
    array, shape (T,), float32
        A new array. It is computed in blocks, which change nothing.

    Raises
    ------
    ValueError
        If the frequency is out of range.
    """
    if not 0 < cutoff_hz < sample_rate / 2:
        raise ValueError(
            f"Expected a high-pass frequency between 0 and {sample_rate / 2:g} Hz, half the sample "
            f"rate, got {cutoff_hz}."
        )
    sections = butter(ORDER, cutoff_hz, "high", fs=sample_rate, output="sos")
    context = round(CONTEXT_PERIODS * sample_rate / cutoff_hz)
    filtered = np.empty_like(samples)
    block = BLOCK_S * sample_rate
    for start in range(0, len(samples), block):
        first, last = max(start - context, 0), min(start + block + context, len(samples))
        part = samples[first:last].astype(np.float64)
        padding = min(context, len(part) - 1)
        inner = sosfiltfilt(sections, part, padlen=padding)[start - first :][:block]
        filtered[start : start + block] = inner
    return filtered
