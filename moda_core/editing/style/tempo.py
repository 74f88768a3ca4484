"""The tempo of movement: how it is shared among slow and fast, and its change.

Curves are split into bands of an octave each by Gaussians, which neither ring nor move anything in
time: accents of the head stay on the words they belong to.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

# Deviations of the Gaussians between bands. Half of the power passes at 1.3 Hz for the first, at
# about half of that frequency for each one after it.
EDGES_S = (0.1, 0.2, 0.4, 0.8, 1.6)
LARGEST_GAIN = 4.0  # of a band, in each pass
PASSES = 2  # neighbouring bands overlap, so that one goes only part of the way
LEAST_SHARE = 0.02  # of a band in a movement that can be enlarged; below is noise
STILL = 1e-9  # deviation of curves without a tempo
MEETING_STEPS = 2.0  # largest steps from the end to the beginning of a loop


@dataclass(frozen=True, eq=False)
class Tempo:
    """How the movement of curves is shared among bands of frequency.

    Parameters
    ----------
    shares : array, shape (6, C)
        Standard deviation of each band over that of the whole, from fast to slow; 0 for curves that
        stand still.
    """

    shares: np.ndarray

    @classmethod
    def of(cls, curves: np.ndarray, fps: float) -> "Tempo":
        """Measure curves (N, C)."""
        std = curves.std(0)
        return cls(split(curves, fps).std(1) / np.where(std > STILL, std, np.inf))


def split(curves: np.ndarray, fps: float) -> np.ndarray:
    """Split curves (N, C) into bands from fast to slow, (6, N, C), that add up to them."""
    mode = "wrap" if is_loop(curves) else "reflect"
    bands, rest = [], curves
    for edge_s in EDGES_S:
        slower = gaussian_filter1d(rest, edge_s * fps, axis=0, mode=mode)
        bands.append(rest - slower)
        rest = slower
    return np.stack([*bands, rest])


def is_loop(curves: np.ndarray) -> bool:
    """Tell whether curves (N, C) end where they begin, so that they may repeat without a seam."""
    if len(curves) < 3:
        return False
    steps = np.abs(np.diff(curves, axis=0)).max(0)
    return bool((np.abs(curves[0] - curves[-1]) <= MEETING_STEPS * steps).all())


def at_tempo(curves: np.ndarray, fps: float, tempo: Tempo, weight: float) -> np.ndarray:
    """Bring curves (N, C) towards a tempo; their mean and deviation stay as they are.

    Curves that stand still, and those whose tempo is of curves that stood still, are not changed. A
    weight of 1 shares the movement among the bands as `tempo` does, as far as the curves have
    movement in each of them.
    """
    moving = tempo.shares.any(0) & (curves.std(0) > STILL)
    shaped = curves
    for _ in range(PASSES):
        shaped = _like(_reshaped(shaped, fps, tempo), curves)
    mixed = _like(curves + weight * (shaped - curves), curves)
    return np.where(moving, mixed, curves)


def _reshaped(curves: np.ndarray, fps: float, tempo: Tempo) -> np.ndarray:
    """Return the sum of the bands of curves (N, C), each as strong as in a tempo."""
    own = Tempo.of(curves, fps).shares
    gains = np.clip(tempo.shares / np.maximum(own, LEAST_SHARE), 1 / LARGEST_GAIN, LARGEST_GAIN)
    return (gains[:, None] * split(curves, fps)).sum(0)


def _like(curves: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return curves (N, C) with the mean and the deviation of others."""
    std = curves.std(0)
    gain = others.std(0) / np.where(std > STILL, std, np.inf)
    return others.mean(0) + gain * (curves - curves.mean(0))
