"""The opening of one eye in the frame of a face, and the iris in it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .curve import curve_height, curve_terms

EYE_SLOPE_LIMIT = 0.4
LID_TERMS, LID_RIDGE = 4, 0.001  # of the curve of a lid
LEAST_EYE = 0.08  # half the distance of its corners, in eye distances
IRIS_RANGE = (0.35, 0.8)  # radius over half the distance of the corners


@dataclass(frozen=True)
class EyeShape:
    """The opening of one eye in the face frame, and the iris in it.

    Parameters
    ----------
    x, y : float
        Middle of the line between the corners.
    half_width : float
        Half the distance of the corners.
    slope : float
        Of the line between the corners, downwards to the right.
    upper, lower : tuple of float
        Terms ``across**0, across**1, ...`` of the height of each lid below the line of the corners,
        over ``1 - across**2``, where ``across`` is -1 and 1 at the corners.
    iris_x, iris_y, iris_radius : float
    """

    x: float
    y: float
    half_width: float
    slope: float
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    iris_x: float
    iris_y: float
    iris_radius: float


def measure_eye(ring: np.ndarray, iris: np.ndarray) -> EyeShape:
    """Measure an eye by the ring (16, 2) of its opening and the points (5, 2) of its iris."""
    left, right = ring[0], ring[8]  # corners; the lower lid lies between them, then the upper one
    x, y = ((left + right) / 2).tolist()
    half_width = max(float(right[0] - left[0]) / 2, LEAST_EYE)
    slope = float(
        np.clip((right[1] - left[1]) / (2 * half_width), -EYE_SLOPE_LIMIT, EYE_SLOPE_LIMIT)
    )
    across = ((ring[:, 0] - x) / half_width).clip(-0.98, 0.98)
    below = ring[:, 1] - y - slope * (ring[:, 0] - x)
    upper, lower = (
        curve_terms(across[lid], below[lid], range(LID_TERMS), LID_RIDGE)
        for lid in (slice(9, 16), slice(1, 8))
    )
    radius = np.hypot(*(iris[1:] - iris[0]).T).mean()
    radius = float(np.clip(radius / half_width, *IRIS_RANGE)) * half_width
    return EyeShape(x, y, half_width, slope, upper, lower, *iris[0].tolist(), radius)


def eye_height(eye: EyeShape, x: Tensor, y: Tensor) -> Tensor:
    """Return how far points lie below the line of an eye's corners."""
    return y - eye.y - eye.slope * (x - eye.x).clamp(-eye.half_width, eye.half_width)


def lid_rims(eye: EyeShape, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the heights of both lids below the line of the corners, and ``1 - across**2``."""
    across = (x - eye.x) / eye.half_width
    dome = (1 - across**2).clamp(min=0)
    upper, lower = curve_height(eye.upper, across) * dome, curve_height(eye.lower, across) * dome
    return upper, torch.maximum(upper, lower), dome
