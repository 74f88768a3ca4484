"""Samples of a picture at places between its pixels, and means of patches."""

from collections.abc import Callable
from operator import itemgetter

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import Tensor


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
        Makes one level (h, w) of colours (h, w, 3), 0 to 255.

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
    places = [y - 0.5 - low[0], x - 0.5 - low[1]]
    level = gaussian_filter(brightness(crop.astype(float)), blur)
    return map_coordinates(level, places, order=1, mode="nearest")


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
