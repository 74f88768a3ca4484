"""Rotated squares of a picture, and what the networks see of them."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Square:
    """A square in a picture.

    Parameters
    ----------
    x, y : float
        Centre in pixels, the centre of the first pixel at (0.5, 0.5).
    side : float
        In pixels.
    angle : float
        Clockwise rotation in radians.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Convert points (..., 2), [0, 1] in the square, to pixels of the picture."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        turn = np.array([[cosine, sine], [-sine, cosine]])
        return (points - 0.5) * self.side @ turn + (self.x, self.y)

    def change_to(self, other: "Square") -> float:
        """Return how far another square is: the largest of shift and growth, in sides, and turn."""
        turn = math.remainder(other.angle - self.angle, math.tau)
        shift = math.hypot(other.x - self.x, other.y - self.y)
        return max(shift / self.side, abs(other.side / self.side - 1), abs(turn))


def whole_picture(image: Tensor) -> Square:
    """Return the square around a picture (H, W, 3)."""
    height, width = image.shape[:2]
    return Square(width / 2, height / 2, max(height, width))


def cut_square(image: Tensor, square: Square, side: int, border: str = "border") -> Tensor:
    """Cut a square out of a picture.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
    side : int
        Of the result in pixels; a larger square is reduced with antialiasing.
    border : {"border", "zeros"}
        Outside the picture: its edge repeated, or black.

    Returns
    -------
    Tensor, shape (1, 3, side, side), in [0, 1]
    """
    height, width = image.shape[:2]
    reach = square.side * 0.75 + 4
    left, right = max(0, int(square.x - reach)), min(width, int(square.x + reach) + 1)
    top, bottom = max(0, int(square.y - reach)), min(height, int(square.y + reach) + 1)
    if left >= right or top >= bottom:
        return torch.zeros(1, 3, side, side)
    part = image[top:bottom, left:right].permute(2, 0, 1)[None]
    scale = np.ones(2)  # pixels of the picture in one of the part
    if square.side > side:
        size = [max(1, round(length * side / square.side)) for length in part.shape[2:]]
        scale = np.array([part.shape[3] / size[1], part.shape[2] / size[0]])
        part = F.interpolate(part, size, mode="bilinear", antialias=True)
    extent = scale * (part.shape[3], part.shape[2])  # of the part, in pixels of the picture
    corners = (square.to_picture(np.array([(0, 0), (1, 0), (0, 1)])) - (left, top)) / extent
    to_part = np.stack([corners[1] - corners[0], corners[2] - corners[0]], 1)
    middle = corners[1] + corners[2] - 1  # in [-1, 1] of the part
    grid = _sampling_grid(*np.column_stack([to_part, middle]).ravel().tolist(), side)
    return F.grid_sample(part.float() / 255, grid, padding_mode=border, align_corners=False)


@lru_cache(1)
def _sampling_grid(*matrix_and_side: float) -> Tensor:
    """Return the places (1, side, side, 2) of an affine matrix (2, 3); kept for the next frame."""
    *matrix, side = matrix_and_side
    theta = torch.tensor(matrix).view(1, 2, 3)
    return F.affine_grid(theta, [1, 3, side, side], align_corners=False)
