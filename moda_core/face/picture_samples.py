"""Samples of a picture at places between its pixels, and means of patches."""

import math
from collections.abc import Callable
from operator import itemgetter

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import Tensor

LEAST_BLUR = 2.0  # deviation in pixels, of the resolution at which larger blurs are computed


def blurred_samples(
    image: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    blur: float,
    brightness: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Sample the blurred brightness of a picture at places in pixels; beyond it as its border.

    Parameters
    ----------
    image : array of uint8, shape (H, W, 3)
    x, y : array of any shape
        Places, to the right and down, where (0, 0) is the corner of the picture.
    blur : float
        Deviation in pixels.
    brightness : callable
        Makes one level (h, w) of colours (h, w, 3), uint8.

    Returns
    -------
    array of the shape of `x`
        0 to 255; all 0 if no place is near the picture.
    """
    low = np.maximum(np.floor([y.min(), x.min()]).astype(int) - 4, 0)
    high = np.maximum(np.ceil([y.max(), x.max()]).astype(int) + 4, low)
    crop = image[low[0] : high[0], low[1] : high[1]]
    if crop.size == 0:
        return np.zeros(x.shape)
    cell = max(1, int(blur / LEAST_BLUR))
    level = _cell_means(brightness(crop).astype(float), cell)
    remaining = math.sqrt(max(0.0, blur**2 - (cell**2 - 1) / 12)) / cell  # cells blur, too
    places = [(at - first) / cell - 0.5 for at, first in ((y, low[0]), (x, low[1]))]
    return map_coordinates(gaussian_filter(level, remaining), places, order=1, mode="nearest")


def _cell_means(level: np.ndarray, cell: int) -> np.ndarray:
    """Return the means of squares of pixels, whose side is `cell`, mirrored at the border."""
    if cell == 1:
        return level
    level = np.pad(level, [(0, -length % cell) for length in level.shape], mode="symmetric")
    height, width = (length // cell for length in level.shape)
    return level.reshape(height, cell, width, cell).mean(axis=(1, 3))


def color_samples(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sample the colours of a picture as `blurred_samples` does, float32 (3, *shape of x)."""
    planes = [blurred_samples(image, x, y, 0.0, itemgetter((..., axis))) for axis in range(3)]
    return np.stack(planes).astype(np.float32)


def patch_mean(image: Tensor, x: float, y: float, radius: float) -> Tensor:
    """Return the mean colour (3,), float32, of a square patch of a picture (H, W, 3), uint8.

    `x` and `y` are its centre in pixels, `radius` is half its side, at least 1. Outside the
    picture the nearest pixel counts.
    """
    height, width = image.shape[:2]
    reach = max(1, int(radius))
    column, row = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
    patch = image[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach]
    return patch.float().mean(dim=(0, 1))
