"""Eye centres in a face box, from published eye cascades used as soft detectors."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from .face_box import FaceBox
from .face_crop import face_crop
from .haar_cascade import load_cascade

EYE_CASCADES = ("eye", "eye_glasses")
WINDOW_SIZES = (0.18, 0.22)  # of an eye window over the box

# Where the eyes are in a box: medians over portraits, in sides of the box from its centre.
EYE_X, EYE_Y = 0.19, -0.11
EYE_SPREAD = 0.08
EYE_DISTANCE, DISTANCE_SPREAD = 0.384, 0.045
TILT_SPREAD = 0.035
PRIOR_WEIGHT = 0.015  # of likeness, for one squared spread

WIDE_REACH = 0.18  # of the searched square to each side of an eye's median place
CLOSE_REACH = 0.1  # likewise, in boxes made from eyes
# Closer looks, in boxes made from eyes: scale, turn in degrees, shift in sides of the box.
LOOKS = ((1.0, 0.0, 0.0, 0.0), (1.08, 5.0, 0.02, 0.03), (0.93, -5.0, -0.02, -0.03))
STEP = 0.01  # of the grid of places, in sides of the box
NUM_PEAKS = 6
PEAK_RADIUS = 3  # steps


@dataclass(frozen=True)
class Eyes:
    """Eyes found in a box.

    Parameters
    ----------
    left, right : array, shape (2,)
        Centres in pixels of the picture.
    likeness : float
        Lower likeness of the two eyes, 0 to 1, averaged over the looks.
    spread : float
        Mean deviation of single detectors and looks from their common result, in eye distances.
    """

    left: np.ndarray
    right: np.ndarray
    likeness: float
    spread: float


def find_eyes(gray: Image.Image, box: FaceBox) -> Eyes:
    """Find the eyes in a face box of a greyscale picture: roughly first, then by closer looks.

    Always returns two places; check `likeness` and `spread`.
    """
    upright = box_of_eyes(_look(gray, box, WIDE_REACH))
    looks = [
        _look(
            gray,
            FaceBox(
                upright.center_x + shift_x * upright.size,
                upright.center_y + shift_y * upright.size,
                upright.size * scale,
                upright.angle_deg + turn,
                0.0,
            ),
            CLOSE_REACH,
        )
        for scale, turn, shift_x, shift_y in LOOKS
    ]
    left, right = (
        np.mean([getattr(look, side) for look in looks], 0) for side in ("left", "right")
    )
    distance = math.hypot(*(right - left))
    shifts = [
        max(math.hypot(*(look.left - left)), math.hypot(*(look.right - right))) / distance
        for look in looks
    ]
    spread = np.mean(shifts + [look.spread for look in looks])
    return Eyes(left, right, float(np.mean([look.likeness for look in looks])), float(spread))


def box_of_eyes(eyes: Eyes) -> FaceBox:
    """Return the upright box in which a pair of eyes has the median place."""
    along = eyes.right - eyes.left
    size = math.hypot(*along) / EYE_DISTANCE
    down = np.array([-along[1], along[0]]) / math.hypot(*along)
    center = (eyes.left + eyes.right) / 2 - EYE_Y * size * down
    angle_deg = math.degrees(math.atan2(along[1], along[0]))
    return FaceBox(float(center[0]), float(center[1]), size, angle_deg, 0.0)


def _look(gray: Image.Image, box: FaceBox, reach: float) -> Eyes:
    """Return the best pair within `reach` sides of the box from the median places."""
    grid = np.arange(-reach, reach + STEP / 2, STEP)
    maps = np.stack(
        [
            [_likeness_map(gray, box, cascade, size, side, grid) for side in (-EYE_X, EYE_X)]
            for cascade in EYE_CASCADES
            for size in WINDOW_SIZES
        ]
    )  # (detectors, 2, grid, grid)
    left, right, likeness = _best_pair(maps.mean(axis=0), grid)
    alone = [_best_pair(pair, grid) for pair in maps]
    distance = np.hypot(*(right - left))
    apart = [max(np.hypot(*(one[0] - left)), np.hypot(*(one[1] - right))) for one in alone]
    return Eyes(
        to_picture(box, left),
        to_picture(box, right),
        float(likeness),
        float(np.mean(apart) / distance),
    )


def to_picture(box: FaceBox, point: np.ndarray) -> np.ndarray:
    """Convert a point (2,) in sides of a box from its centre to pixels of the picture."""
    angle = np.radians(box.angle_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.array([box.center_x, box.center_y]) + rotation @ point * box.size


def _likeness_map(
    gray: Image.Image, box: FaceBox, name: str, size: float, eye_x: float, grid: np.ndarray
) -> np.ndarray:
    """Return the likeness (grid, grid) of windows of one size under one cascade.

    `grid` holds the offsets from the median place of the eye, in sides of the box.
    """
    cascade = load_cascade(name)
    unit = size / cascade.width  # sides of the box for a pixel of the crop
    places = int(np.ceil((grid[-1] - grid[0]) / unit)) + 1
    center = to_picture(box, np.array([eye_x, EYE_Y]))
    side = places - 1 + cascade.width
    crop = face_crop(gray, tuple(center), unit * box.size, box.angle_deg, side)
    level = torch.from_numpy(np.array(crop)).float()
    patches = level.unfold(0, cascade.height, 1).unfold(1, cascade.width, 1)
    likeness = cascade.likeness(patches.reshape(places * places, -1)).reshape(places, places)
    index = grid / unit + (places - 1) / 2
    rows, columns = np.meshgrid(index, index, indexing="ij")
    return ndimage.map_coordinates(likeness.numpy(), [rows, columns], order=1, mode="nearest")


def _best_pair(maps: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the best left and right eye in box units, and the lower likeness."""
    candidates = [_peaks(maps[0], -EYE_X, grid), _peaks(maps[1], EYE_X, grid)]
    best = max(
        ((a, b) for a in candidates[0] for b in candidates[1]),
        key=lambda pair: pair[0][1] + pair[1][1] - _pair_cost(pair[0][0], pair[1][0]),
    )
    (left, left_score), (right, right_score) = best
    return left, right, min(left_score, right_score)


def _peaks(likeness: np.ndarray, eye_x: float, grid: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Return the best local maxima as (point in box units, likeness)."""
    smooth = ndimage.gaussian_filter(likeness, 1.0)
    far = (grid / EYE_SPREAD) ** 2
    weighted = smooth - PRIOR_WEIGHT * (far[:, None] + far[None, :])
    is_peak = weighted == ndimage.maximum_filter(weighted, 2 * PEAK_RADIUS + 1)
    rows, columns = np.nonzero(is_peak)
    order = np.argsort(-weighted[rows, columns])[:NUM_PEAKS]
    return [
        (np.array([eye_x + grid[columns[i]], EYE_Y + grid[rows[i]]]), smooth[rows[i], columns[i]])
        for i in order
    ]


def _pair_cost(left: np.ndarray, right: np.ndarray) -> float:
    """Return the cost of an unusual pair of eyes, in likeness."""
    own = (left - (-EYE_X, EYE_Y)) / EYE_SPREAD, (right - (EYE_X, EYE_Y)) / EYE_SPREAD
    across, down = right - left
    unusual = (
        np.square(own).sum()
        + ((across - EYE_DISTANCE) / DISTANCE_SPREAD) ** 2
        + (down / TILT_SPREAD) ** 2
    )
    return PRIOR_WEIGHT * float(unusual)
