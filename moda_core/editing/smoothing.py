"""Smoothing over time, by region: the one-euro filter and Savitzky-Golay."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..motion.checks import check_number, check_weights
from ..motion.motion import STD_FLOOR, Motion, released_stats
from ..motion.regions import MOTION_REGIONS, add_by_region, region_matrix

SPEED_CUTOFF_HZ = 1.0  # of the speed that sets the cutoff, as in the paper


@dataclass(frozen=True)
class OneEuro:
    """The one-euro filter (Casiez et al. 2012), which smooths slow movement more than fast.

    Parameters
    ----------
    min_cutoff_hz : float in [0.01, 60]
        Lower smooths slow movement more.
    beta : float in [0, 100]
        Higher lets fast movement through. In Hz for a speed of one standard deviation of the data
        set per second.
    zero_phase : bool
        Filter forwards, then backwards, so that nothing lags; otherwise only forwards.
    """

    min_cutoff_hz: float = 1.5
    beta: float = 0.5
    zero_phase: bool = True

    def __post_init__(self):
        check_number("min_cutoff_hz", self.min_cutoff_hz, 0.01, 60)
        check_number("beta", self.beta, 0, 100)

    def __call__(self, curves: np.ndarray, fps: float) -> np.ndarray:
        """Smooth curves (N, C) in standard deviations."""
        smoothed = one_euro(curves, fps, self.min_cutoff_hz, self.beta)
        if self.zero_phase:
            smoothed = one_euro(smoothed[::-1], fps, self.min_cutoff_hz, self.beta)[::-1]
        return smoothed


@dataclass(frozen=True)
class SavitzkyGolay:
    """Polynomials fitted to the surroundings of every frame, which keep peaks.

    Parameters
    ----------
    window_s : float in [0, 10]
        Length that a polynomial is fitted to.
    order : int in [0, 5]
        Degree of the polynomial; higher smooths less.
    """

    window_s: float = 0.36
    order: int = 2

    def __post_init__(self):
        check_number("window_s", self.window_s, 0, 10)
        check_number("order", self.order, 0, 5)

    def __call__(self, curves: np.ndarray, fps: float) -> np.ndarray:
        """Smooth curves (N, C)."""
        return savitzky_golay(curves, self.window_s * fps, int(self.order))


def smooth(
    motion: Motion, method: OneEuro | SavitzkyGolay | None = None, **strengths: float
) -> Motion:
    """Remove jitter from a motion.

    Parameters
    ----------
    method : OneEuro or SavitzkyGolay, optional
        Default `OneEuro`.
    **strengths : float in [0, 1]
        By region; 0, the default, leaves a region as it is, 1 filters it.

    Returns
    -------
    Motion
        What no smoothed region moves is equal bit for bit.
    """
    check_weights(strengths, MOTION_REGIONS)
    if not any(strengths.values()):
        return replace(motion, values=motion.values.clone())
    # Only dims that a region reads need filtering.
    dims = region_matrix(strengths).any(dim=1)
    curves = motion.values.cpu()[:, dims].double().numpy()
    unit = (released_stats().std + STD_FLOOR)[dims].double().numpy()
    smoothed = (method or OneEuro())(curves / unit, motion.fps) * unit
    change = torch.zeros(motion.values.shape, dtype=torch.float64)
    change[:, dims] = torch.from_numpy(smoothed - curves)
    change = change.to(motion.values.device)
    return replace(motion, values=add_by_region(motion.values, change, strengths))


def one_euro(curves: np.ndarray, fps: float, min_cutoff_hz: float, beta: float) -> np.ndarray:
    """Smooth curves with a cutoff that rises with their speed: (N, C) to (N, C)."""
    speed = np.diff(curves, axis=0, prepend=curves[:1]) * fps
    speed = low_pass(speed, np.full_like(speed, _weight(SPEED_CUTOFF_HZ, fps)))
    return low_pass(curves, _weight(min_cutoff_hz + beta * np.abs(speed), fps))


def low_pass(curves: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average curves (N, C) over time, with a weight (N, C) of its own for each frame."""
    averages = [curves[0]]
    for new, kept in zip((weights * curves)[1:], (1 - weights)[1:], strict=True):
        averages.append(new + kept * averages[-1])
    return np.stack(averages)


def savitzky_golay(curves: np.ndarray, window: float, order: int) -> np.ndarray:
    """Smooth curves by polynomials fitted around every frame: (N, C) to (N, C)."""
    longest = len(curves) - 1 + len(curves) % 2  # odd
    odd = min(2 * round((window - 1) / 2) + 1, longest)
    if odd <= order + 1:
        return curves.copy()
    from scipy.signal import savgol_filter  # takes half as long to load as torch

    return savgol_filter(curves, odd, order, axis=0)


def _weight(cutoff_hz: np.ndarray | float, fps: float) -> np.ndarray | float:
    """Return the weight of a new frame for a cutoff."""
    return 1 / (1 + fps / (2 * math.pi * cutoff_hz))
