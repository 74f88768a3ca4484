"""Glasses in a picture: the upper rims, which stay where they are while brows and lids move."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.ndimage import grey_closing, maximum_filter1d
from torch import Tensor

from ..face.eye_shape import EyeShape, eye_height, lid_rims
from .dark_valley import best_path

# All lengths are in eye distances.
BRIDGE_WIDTH, BRIDGE_REACH = 0.1, (-0.35, 0.35)  # half width; above and below the eyes
STEP, BAR, TILT = 0.01, 0.15, 0.07  # of samples; height of a bar and of its slope, at most
# Darkness of a bar over the brightness of the skin, and share of columns that may lack it.
LEAST_DARKNESS, ABSENT, LEAST_LEVEL = 0.1, 0.25, 10.0
RIM_SPAN, NUM_COLUMNS = 1.5, 31  # searched to each side of an eye, in its half widths
ABOVE_LID, BELOW_BROW, NUM_ROWS = 0.03, 0.06, 31  # between which a rim is searched
BESIDE, HALF_RIM = 0.05, 0.03  # that is brighter than a rim; half of its height
TERMS = 3  # of a rim's curve
RIM_END = 0.9  # farthest place to each side, from which it stays as high
BETWEEN = 0.15  # half the width over which one rim goes over into the other

Rims = tuple[tuple[float, ...], tuple[float, ...]]
Brightness = Callable[[np.ndarray, np.ndarray], np.ndarray]


def find_rims(eyes: tuple[EyeShape, EyeShape], brow: float, brightness: Brightness) -> Rims | None:
    """Find the upper rims of glasses; None if no bridge of glasses is seen.

    Parameters
    ----------
    eyes : pair of EyeShape
    brow : float
        Height of the upper edge of the brows below the eyes: negative.
    brightness : callable
        Samples the picture at x and y in the frontal frame.

    Returns
    -------
    pair of tuple of float, or None
        Of the left and the right rim, terms ``x**0, x**1, ...`` of the height of its middle below
        the eyes.
    """
    if not _has_bridge(brightness):
        return None
    return tuple(_rim(eye, brow, brightness) for eye in eyes)


def below_rims(rims: Rims, x: Tensor, y: Tensor) -> Tensor:
    """Return how far points of the frontal frame lie below the middle of the rims."""
    x = x.clamp(-RIM_END, RIM_END)
    left, right = (sum(term * x**power for power, term in enumerate(rim)) for rim in rims)
    return y - torch.lerp(left, right, ((x / BETWEEN + 1) / 2).clamp(0, 1))


def _has_bridge(brightness: Brightness) -> bool:
    """Return whether a dark bar lies across the bridge of the nose, where shadows have one edge."""
    x, y = np.meshgrid(np.linspace(-BRIDGE_WIDTH, BRIDGE_WIDTH, 13), np.arange(*BRIDGE_REACH, STEP))
    level = brightness(x, y)
    darker = grey_closing(level, (round(BAR / STEP), 1)) - level
    darker = maximum_filter1d(darker, round(TILT / STEP), axis=0)
    inside = darker[round(BAR / STEP) : -round(BAR / STEP)]
    usual = np.median(level) + LEAST_LEVEL
    return bool(np.quantile(inside, ABSENT, axis=1).max() > LEAST_DARKNESS * usual)


def _rim(eye: EyeShape, brow: float, brightness: Brightness) -> tuple[float, ...]:
    x = eye.x + eye.half_width * np.linspace(-RIM_SPAN, RIM_SPAN, NUM_COLUMNS)
    places = torch.from_numpy(x)
    level = eye_height(eye, places, torch.zeros_like(places))
    lid = (lid_rims(eye, places)[0] - level).numpy()
    share = np.linspace(0, 1, NUM_ROWS)[:, None]
    y = (brow + BELOW_BROW) * (1 - share) + (lid - ABOVE_LID) * share
    across = np.broadcast_to(x, y.shape)
    above, middle, below = (brightness(across, y + way) for way in (-BESIDE, 0, BESIDE))
    dark = (above + below) / 2 - middle
    path = best_path(dark / (np.abs(dark).max() + 1e-6)), np.arange(NUM_COLUMNS)
    weight = dark[path].clip(0.01)
    return tuple(np.polynomial.polynomial.polyfit(x, y[path], TERMS - 1, w=weight).tolist())
