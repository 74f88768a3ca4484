"""Comparison of arrays with golden ones, by the kinds of tolerance in `cases.json`."""

import numpy as np


def compare(actual: np.ndarray, expected: np.ndarray, tolerance: dict) -> tuple[float, bool]:
    """Return the error in the tolerance's own measure, and whether it passes.

    Parameters
    ----------
    actual, expected : array
    tolerance : dict
        ``abs``; ``rel`` with ``floor``; ``exact``; ``exact_share`` with ``abs``; or ``stats_rel``.
    """
    if np.shape(actual) != np.shape(expected):
        return float("inf"), False
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    difference = np.abs(actual - expected)
    if not np.isfinite(difference).all():
        return float("inf"), False
    if "exact" in tolerance:
        error, limit = float((difference != 0).sum()), 0.0
    elif "exact_share" in tolerance:
        unequal = float((difference != 0).mean())
        passed = unequal <= 1 - tolerance["exact_share"] and difference.max() <= tolerance["abs"]
        return unequal, bool(passed)
    elif "rel" in tolerance:
        floor = np.maximum(np.abs(expected), tolerance["floor"])
        error, limit = float((difference / floor).max()), tolerance["rel"]
    elif "stats_rel" in tolerance:
        relative = difference[:3] / np.maximum(np.abs(expected[:3]), 1e-12)
        error, limit = float(relative.max()), tolerance["stats_rel"]
    elif "abs" in tolerance:
        error, limit = float(difference.max()), tolerance["abs"]
    else:
        raise ValueError(f"Unknown kind of tolerance: {sorted(tolerance)}.")
    return error, error <= limit
