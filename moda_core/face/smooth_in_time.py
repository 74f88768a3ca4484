"""Smooth values over time without lag."""

import numpy as np

REACH = 3.0  # standard deviations, beyond which nothing counts


def smooth_in_time(
    times: np.ndarray, values: np.ndarray, trust: np.ndarray, smoothing_s: float
) -> np.ndarray:
    """Smooth values (N, C) by lines, fitted around each frame by least squares.

    Parameters
    ----------
    times : array, shape (N,)
        In seconds, rising; may be unevenly spaced.
    values : array, shape (N, C)
    trust : array, shape (N,), above 0
        Weights of the frames.
    smoothing_s : float
        Standard deviation of the weights in time. A steady motion is followed without lag.
    """
    first = np.searchsorted(times, times - REACH * smoothing_s)
    stop = np.searchsorted(times, times + REACH * smoothing_s, "right")
    smooth = np.empty_like(values)
    for index, (start, end) in enumerate(zip(first, stop, strict=True)):
        offsets = times[start:end] - times[index]
        weights = trust[start:end] * np.exp(-0.5 * (offsets / smoothing_s) ** 2)
        smooth[index] = _line_at_zero(offsets, values[start:end], weights)
    return smooth


def _line_at_zero(offsets: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Fit lines to values (n, C) by weighted least squares; return theirs at offset 0."""
    weights = weights / weights.sum()
    middle, mean = weights @ offsets, weights @ values
    spread = weights @ (offsets - middle) ** 2
    if spread <= 1e-12:
        return mean
    slope = (weights * (offsets - middle)) @ (values - mean) / spread
    return mean - slope * middle
