"""Samples of a picture's brightness at places between its pixels."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates


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
