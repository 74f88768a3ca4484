"""The mouth below a pair of eyes: roughly from a smile cascade, then from `lips`.

Coordinates are in the face frame: origin midway between the eyes, x along the eye line to the
picture's right, y towards the chin, in eye distances.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from .face_crop import face_crop, grayscale
from .haar_cascade import load_cascade
from .lips import CROP_CENTER_Y, CROP_EXTENT, CROP_SIDE, Lips, measure_lips

# Where the middle of a mouth is: medians over portraits.
MOUTH_Y, X_SPREAD, Y_SPREAD = 1.05, 0.12, 0.15
WINDOWS = ((0.9, 0.06), (1.1, 0.06), (1.4, 0.03))  # width of a smile window, its centre's offset
PRIOR_WEIGHT = 0.015  # of likeness, for one squared spread
REACH_X, REACH_Y = 0.3, 0.4  # of the search
STEP = 0.02


@dataclass(frozen=True)
class Mouth:
    """A mouth in the face frame; `likeness` is its score, 0 to 1."""

    lips: Lips
    likeness: float


def find_mouth(picture: Image.Image, left_eye: np.ndarray, right_eye: np.ndarray) -> Mouth:
    """Find the mouth of a face in an RGB picture from its eyes (2,) in pixels.

    Always returns a place; check `likeness`.
    """
    maps = [_smile_map(picture, left_eye, right_eye, *window) for window in WINDOWS]
    center, likeness = _best_place(np.mean(maps, axis=0))
    middle, unit = np.array([0.0, CROP_CENTER_Y]), CROP_EXTENT / CROP_SIDE
    crop = crop_in_frame(picture, left_eye, right_eye, middle, unit, CROP_SIDE)
    return Mouth(measure_lips(np.asarray(crop), center), likeness)


def crop_in_frame(
    picture: Image.Image,
    left_eye: np.ndarray,
    right_eye: np.ndarray,
    center: np.ndarray,
    unit: float,
    side: int,
) -> Image.Image:
    """Cut an upright square of `side` pixels around `center` (2,) in the face frame.

    `unit` is the width of a pixel of the crop in eye distances.
    """
    along = right_eye - left_eye
    down = np.array([-along[1], along[0]])
    point = (left_eye + right_eye) / 2 + center[0] * along + center[1] * down
    angle_deg = math.degrees(math.atan2(along[1], along[0]))
    return face_crop(picture, tuple(point), unit * math.hypot(*along), angle_deg, side)


def _smile_map(
    picture: Image.Image,
    left_eye: np.ndarray,
    right_eye: np.ndarray,
    width: float,
    offset: float,
) -> np.ndarray:
    """Return the likeness of windows of one size, on the grid of `_grids`."""
    cascade = load_cascade("smile")
    unit = width / cascade.width
    columns, rows = math.ceil(2 * REACH_X / unit) + 1, math.ceil(2 * REACH_Y / unit) + 1
    side = max(columns + cascade.width, rows + cascade.height) - 1
    center = np.array([0.0, MOUTH_Y + offset])
    crop = crop_in_frame(picture, left_eye, right_eye, center, unit, side)
    level = torch.from_numpy(grayscale(torch.from_numpy(np.array(crop)))).float()
    patches = level.unfold(0, cascade.height, 1).unfold(1, cascade.width, 1)
    top = (patches.shape[0] - rows) // 2
    left = (patches.shape[1] - columns) // 2
    patches = patches[top : top + rows, left : left + columns]
    likeness = cascade.likeness(patches.reshape(rows * columns, -1)).reshape(rows, columns)
    x, y = _grids()
    row = (y - MOUTH_Y) / unit + (side - cascade.height) / 2 - top
    column = x / unit + (side - cascade.width) / 2 - left
    place = np.meshgrid(row, column, indexing="ij")
    return ndimage.map_coordinates(likeness.numpy(), place, order=1, mode="nearest")


def _grids() -> tuple[np.ndarray, np.ndarray]:
    """Return the searched places, x and y."""
    return (
        np.arange(-REACH_X, REACH_X + STEP / 2, STEP),
        np.arange(-REACH_Y, REACH_Y + STEP / 2, STEP) + MOUTH_Y,
    )


def _best_place(likeness: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the best mouth centre and its likeness."""
    x, y = _grids()
    smooth = ndimage.gaussian_filter(likeness, 1.0)
    unusual = (x[None] / X_SPREAD) ** 2 + ((y[:, None] - MOUTH_Y) / Y_SPREAD) ** 2
    row, column = np.unravel_index(np.argmax(smooth - PRIOR_WEIGHT * unusual), smooth.shape)
    return np.array([x[column], y[row]]), float(smooth[row, column])
