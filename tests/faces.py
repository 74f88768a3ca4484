"""Faces for tests: landmarks of six points, and the bundled portrait with known landmarks."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from moda_core.example import PORTRAIT
from moda_core.face.face_text import POINT_NAMES, Point
from moda_core.face.given_points import landmarks_from_points
from moda_core.face.landmarks import FaceLandmarks

# Of the bundled portrait, in pixels: by MediaPipe 0.10.14, as `bench/mediapipe_landmarks.py` writes
# them, rounded to a tenth.
PORTRAIT_POINTS = {
    "left_eye": (263.6, 202.8),
    "right_eye": (349.6, 207.8),
    "left_mouth": (260.2, 278.9),
    "right_mouth": (347.4, 281.6),
    "upper_lip": (302.3, 287.3),
    "lower_lip": (301.4, 301.2),
    "nose": (303.4, 260.0),
    "chin": (300.8, 355.7),
    "brow_left": (252.2, 174.2),
    "brow_right": (362.4, 182.2),
    "jaw_left": (227.9, 299.7),
    "jaw_right": (377.4, 307.2),
}
EYE_DISTANCE, FACE_WIDTH = 86.1, 184.3  # of the same


def points_by_name(points: Sequence) -> dict[str, Point]:
    """Return four or six points (x, y) by name, in the order of `POINT_NAMES`."""
    return {name: (float(x), float(y)) for name, (x, y) in zip(POINT_NAMES, points, strict=False)}


def face_from(points: Sequence) -> FaceLandmarks:
    """Return landmarks of four or six points on the mean mesh."""
    return landmarks_from_points(points_by_name(points))


def portrait_picture() -> Image.Image:
    """Return the bundled portrait."""
    return Image.open(PORTRAIT).convert("RGB")


def as_tensor(picture: Image.Image) -> torch.Tensor:
    """Return a picture as (H, W, 3), uint8."""
    return torch.from_numpy(np.array(picture))


def on_screen(width: float, place: tuple[int, int], size=(1280, 720)) -> Image.Image:
    """Return a plain screen with the portrait at a place, its face so many pixels wide."""
    portrait, sheet = portrait_picture(), Image.new("RGB", size, (96, 104, 112))
    scale = width / FACE_WIDTH
    small = portrait.resize([round(scale * side) for side in portrait.size], Image.Resampling.BOX)
    sheet.paste(small, place)
    return sheet
