"""Smoothing over time, region by region: the one-euro filter and Savitzky-Golay."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy.signal import lfilter, savgol_filter

from ..motion.checks import check_choice, check_number, check_weights
from ..motion.motion import STD_FLOOR, Motion, released_stats
from ..motion.regions import REGIONS, add_by_region, region_matrix

METHODS = ("one euro", "savitzky-golay")
SPEED_CUTOFF_HZ = 1.0  # of the speed that sets the cutoff, as in the paper


def smooth_motion(
    motion: Motion,
    strengths: Mapping[str, float],
    method: str = "one euro",
    min_cutoff_hz: float = 1.5,
    beta: float = 0.5,
    zero_phase: bool = True,
    window_s: float = 0.36,
    order: int = 2,
) -> Motion:
    """Take jitter out of a motion.

    Parameters
    ----------
    strengths : mapping from str to float in [0, 1]
        By region; 0, the default, leaves a region alone, 1 filters it.
    method : {"one euro", "savitzky-golay"}
        The first smooths what stands still more than what moves, the second keeps peaks.
    min_cutoff_hz : float in [0.01, 60]
        One euro: lower smooths slow movement more.
    beta : float in [0, 100]
        One euro: higher lets fast movement through. In Hz for a speed of one standard deviation
        of the data set in a second.
    zero_phase : bool
        One euro: filter forwards, then backwards, so that nothing lags; otherwise only forwards.
    window_s : float in [0, 10]
        Savitzky-Golay: length of the piece that a polynomial is fitted to.
    order : int in [0, 5]
        Savitzky-Golay: degree of the polynomial; higher smooths less.

    Returns
    -------
    Motion
        What no smoothed region moves is equal bit for bit.

    Raises
    ------
    ValueError
        If a name is unknown or a number is out of its range.
    """
    check_weights(strengths, REGIONS)
    check_choice("method", method, METHODS)
    check_number("min_cutoff_hz", min_cutoff_hz, 0.01, 60)
    check_number("beta", beta, 0, 100)
    check_number("window_s", window_s, 0, 10)
    check_number("order", order, 0, 5)
    if not any(strengths.values()):
        return replace(motion, values=motion.values.clone())
    # Only what a region is read from need be filtered.
    dims = region_matrix(strengths).any(dim=1)
    curves = motion.values.cpu()[:, dims].double().numpy()
    if method == "savitzky-golay":
        smoothed = savitzky_golay(curves, window_s * motion.fps, int(order))
    else:
        unit = (released_stats().std + STD_FLOOR)[dims].double().numpy()
        smoothed = one_euro(curves / unit, motion.fps, min_cutoff_hz, beta)
        if zero_phase:
            smoothed = one_euro(smoothed[::-1], motion.fps, min_cutoff_hz, beta)[::-1]
        smoothed = smoothed * unit
    change = torch.zeros(motion.values.shape, dtype=torch.float64)
    change[:, dims] = torch.from_numpy(smoothed - curves)
    change = change.to(motion.values.device)
    return replace(motion, values=add_by_region(motion.values, change, strengths))


def one_euro(curves: np.ndarray, fps: float, min_cutoff_hz: float, beta: float) -> np.ndarray:
    """Smooth curves with a cutoff that rises with their speed: (N, C) to (N, C)."""
    speed = np.diff(curves, axis=0, prepend=curves[:1]) * fps
    weight = _weight(SPEED_CUTOFF_HZ, fps)
    speed = lfilter([weight], [1, weight - 1], speed, axis=0)
    return low_pass(curves, _weight(min_cutoff_hz + beta * np.abs(speed), fps))


def low_pass(curves: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average over time with a weight of its own for each frame.

    Maps `curves` (N, C), `weights` (N, C) to (N, C).
    """
    num_frames, num_curves = curves.shape
    length = math.isqrt(num_frames - 1) + 1
    num_blocks = -(-num_frames // length)
    padding = ((0, num_blocks * length - num_frames), (0, 0))
    weights = np.concatenate([np.ones((1, num_curves)), weights[1:]])
    fed = np.pad(weights * curves, padding).reshape(num_blocks, length, num_curves)
    kept = np.pad(1 - weights, padding).reshape(num_blocks, length, num_curves)
    average = fed.copy()
    for step in range(1, length):
        average[:, step] += kept[:, step] * average[:, step - 1]
    inherited = np.cumprod(kept, axis=1)
    for block in range(1, num_blocks):
        average[block] += inherited[block] * average[block - 1, -1]
    return average.reshape(-1, num_curves)[:num_frames]


def savitzky_golay(curves: np.ndarray, window: float, order: int) -> np.ndarray:
    """Smooth curves by fitting polynomials to the surroundings of every frame: (N, C) to (N, C)."""
    longest = len(curves) - 1 + len(curves) % 2  # odd
    odd = min(2 * round((window - 1) / 2) + 1, longest)
    if odd <= order + 1:
        return curves.copy()
    return savgol_filter(curves, odd, order, axis=0)


def _weight(cutoff_hz: np.ndarray | float, fps: float) -> np.ndarray | float:
    """Return the weight of a new frame for a cutoff."""
    return 1 / (1 + fps / (2 * math.pi * cutoff_hz))
