"""How far the landmarks of a found face can be trusted."""

import math

import numpy as np
import torch
from torch import Tensor

from .mesh_points import LEFT_EYE, LEFT_IRIS, MOUTH_CORNERS, OUTER_LIPS, RIGHT_EYE, RIGHT_IRIS
from .square import Square, cut_square

LOW_CONFIDENCE = 0.5  # below it the user should check the points

# Logistic regression of "all within 0.1 eye distances" on the logarithm of the disagreement of
# several looks. Fitted on portraits, also rotated, small, dark, blurred, cropped and half hidden
# (`bench faces`).
BIAS, SLOPE, SMALLEST_DISAGREEMENT = -7.3, -3.5, 0.005
# Contrast of eyes and lips, as the standard deviation of the logarithm of luma: covered ones are
# below the first number, visible ones above the second.
CONTRAST_RANGE = (0.05, 0.15)
CONTRAST_SIDE = 24  # pixels of the crop of an eye or of the lips
SHADING_SIDE = 48  # pixels of the crop of the face
LEAST_SHADING = 0.005  # change of the logarithm of luma per pixel; flat colours of a drawing have 0
DARKEST = 8 / 255  # added before logarithms, against noise in dark areas
LUMA = (0.299, 0.587, 0.114)
CORNERS = [LEFT_IRIS[0], RIGHT_IRIS[0], *MOUTH_CORNERS]
MIRRORED = [RIGHT_IRIS[0], LEFT_IRIS[0], *MOUTH_CORNERS[::-1]]


def face_confidence(
    image: Tensor, mesh: np.ndarray, other: np.ndarray, mirror: np.ndarray
) -> float:
    """Estimate the probability that eyes and mouth are within 0.1 eye distances.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
    mesh : array, shape (478, 3)
    other : array, shape (478, 3)
        The same face, found from another square.
    mirror : array, shape (478, 3)
        The same face, found in the mirrored picture, its points mirrored back.

    Returns
    -------
    float in [0, 1]
        Also low where an eye or the mouth is covered: nothing in it stands out.
    """
    unit = max(float(np.hypot(*(mesh[CORNERS[1]] - mesh[CORNERS[0]])[:2])), 1e-6)
    offsets = [(mesh[CORNERS] - other[CORNERS])[:, :2], (mesh[CORNERS] - mirror[MIRRORED])[:, :2]]
    disagreement = np.mean([np.hypot(*offset.T).max() for offset in offsets]) / unit
    chance = BIAS + SLOPE * math.log(disagreement + SMALLEST_DISAGREEMENT)
    agreed = 1 / (1 + math.exp(-chance))
    eyes = min(_visible(image, mesh[LEFT_EYE]), _visible(image, mesh[RIGHT_EYE]))
    return agreed * eyes * _visible(image, mesh[OUTER_LIPS])


def is_flat_drawing(image: Tensor, square: Square) -> bool:
    """Return whether a face has no shading: areas of one colour each, as of a smiley.

    `square` is the smallest around the face. One half may be hidden.
    """
    level = _log_luma(image, square, SHADING_SIDE)
    slope = np.hypot(np.diff(level, axis=0)[:, :-1], np.diff(level, axis=1)[:-1])
    place = np.arange(SHADING_SIDE - 1) - SHADING_SIDE / 2 + 1
    inside = np.hypot(place[:, None], place[None]) < 0.36 * SHADING_SIDE
    halves = (inside & (place < 0), inside & (place > 0))
    return max(float(np.median(slope[half])) for half in halves) < LEAST_SHADING


def _visible(image: Tensor, ring: np.ndarray) -> float:
    """Return whether something stands out within a ring (n, 3) of the mesh: 0 no, 1 yes."""
    low, high = ring[:, :2].min(0), ring[:, :2].max(0)
    square = Square(*((low + high) / 2).tolist(), float((high - low).max()))
    level = _log_luma(image, square, CONTRAST_SIDE)
    steps = (np.arange(CONTRAST_SIDE) + 0.5) / CONTRAST_SIDE
    places = square.to_picture(np.stack(np.meshgrid(steps, steps), -1))
    inside = ((places >= low) & (places <= high)).all(-1)
    if not inside.any():
        return 0.0
    covered, visible = CONTRAST_RANGE
    return float(np.clip((level[inside].std() - covered) / (visible - covered), 0, 1))


def _log_luma(image: Tensor, square: Square, side: int) -> np.ndarray:
    luma = cut_square(image, square, side)[0].permute(1, 2, 0) @ torch.tensor(LUMA)
    return np.log(luma.double().numpy() + DARKEST)
