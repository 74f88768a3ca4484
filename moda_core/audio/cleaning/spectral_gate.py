"""A spectral gate: takes noise out of speech, as far as the noise was measured to need it."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.special import expit

from .frames import HOPS, Framing
from .noise_floor import NoiseFloor

THRESHOLD_DB = 6.0  # above the mean power of the noise, where a bin is half open
SLOPE_DB = 3.0  # of the logistic curve around it
SMOOTHING_HZ, SMOOTHING_S = 500.0, 0.05  # of the mask: single bins that open would ring
OPEN_SHARE = 0.5  # of the bins around one, that opens it fully: harmonics are narrow
# Clean speech passes unchanged: the gate sets in where the noise is less than the first figure
# below the speech, and is in full effect from the second.
CLEAN_DB, NOISY_DB = 28.0, 22.0
BLOCK_HOPS = 2048  # 16 s


def gate(
    samples: np.ndarray,
    framing: Framing,
    floor: NoiseFloor,
    strength: float,
    progress: Callable[[int], object],
) -> np.ndarray:
    """Take the noise out of a channel.

    Parameters
    ----------
    samples : array, shape (T,), float32
    floor : NoiseFloor
        Of this channel.
    strength : float in [0, 1]
        Share of the noise that is taken out; 0 changes no sample.
    progress : callable (num_samples)
        Called before each block; may raise to cancel.

    Returns
    -------
    array, shape (T,), float32
        A new array. It is computed in blocks, which change nothing.

    Notes
    -----
    What the gate removes is subtracted, so that samples whose bins are all open stay exact.
    """
    context = round(SMOOTHING_S * framing.frames_a_second)  # frames that the smoothing reaches
    num_frames = framing.count(len(samples))
    num_hops = num_frames - HOPS + 1
    cleaned = samples.copy()
    for start in range(0, num_hops, BLOCK_HOPS):
        progress(start * framing.hop)
        stop = min(start + BLOCK_HOPS, num_hops)
        first = max(start - context, 0)
        last = min(stop + HOPS - 1 + context, num_frames)
        amounts = strength * gate_amounts(floor.below_db_at(first, last))
        if not amounts.any():
            continue
        spectra = framing.spectra(samples, first, last)
        spectra *= amounts[:, None] * closed_shares(spectra, framing, floor.power_at(first, last))
        noise = framing.joined(spectra[start - first : stop + HOPS - 1 - first])
        part = cleaned[start * framing.hop : stop * framing.hop]
        part -= noise[: len(part)]
    return cleaned


def gate_amounts(below_db: np.ndarray) -> np.ndarray:
    """Return the effect of the gate, 0 to 1, for noise that lies so far below the speech."""
    return np.clip((CLEAN_DB - below_db) / (CLEAN_DB - NOISY_DB), 0, 1).astype(np.float32)


def closed_shares(spectra: np.ndarray, framing: Framing, noise: np.ndarray) -> np.ndarray:
    """Return the share of each bin that is noise, for spectra (n, bins) and the noise's power."""
    power = spectra.real**2 + spectra.imag**2
    level_db = 10 * np.log10(power / noise + 1e-12)
    opened = expit((level_db - THRESHOLD_DB) / SLOPE_DB)
    size = round(SMOOTHING_S * framing.frames_a_second), round(SMOOTHING_HZ / framing.bin_hz)
    opened = uniform_filter(opened, np.maximum(size, 1), mode="nearest")
    return np.clip(1 - opened / OPEN_SHARE, 0, 1).astype(np.float32)
