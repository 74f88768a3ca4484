"""How far a face is turned to the side, measured from the outline of the jaw."""

import math

import numpy as np
from PIL import Image
from scipy import ndimage
from torch import Tensor

from .face_crop import face_crop
from .landmarks import FaceLandmarks, face_axes

# The jaw from ear to ear is half an ellipse around the middle of the eyes.
JAW_HEIGHT = 1.73  # in distances from the eyes to the mouth
NUM_JAW_POINTS = 61

UNIT = 48  # pixels of the crop for the distance from the eyes to the mouth
CROP_SIDE = 150
CROP_CENTER = 0.8  # below the eyes, in distances from the eyes to the mouth
BLUR = 1.2  # pixels of the crop
DARKEST = 16.0  # grey levels added before the logarithm, against noise in dark areas
STRONG_EDGE = 0.05  # slope of the logarithm per pixel that gives half of the evidence

OFFSETS = np.linspace(-0.5, 0.5, 41)  # searched, in distances from the eyes to the mouth
WIDTHS = np.linspace(0.85, 1.2, 15)  # searched, relative to the expected one
# Evidence (0 to 1) that an unexpected offset or width costs.
OFFSET_COST = 0.9
WIDTH_COST = 4.0


def jaw_offset(image: Tensor, landmarks: FaceLandmarks, width: float) -> float:
    """Return how far the outline of a face is shifted from its middle line.

    The outline of a frontal face is centred on the line from the eyes to the mouth; a face turned
    to one side shows more of the opposite cheek. The outline is where most edges lie along an
    ellipse.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
    landmarks : FaceLandmarks
    width : float
        Expected width of the face from ear to ear, in pixels.

    Returns
    -------
    float in [-0.5, 0.5]
        In distances from the eyes to the mouth, positive to the right of an upright face.
    """
    eyes, mouth = landmarks.eyes, landmarks.mouth
    axes = face_axes(eyes, mouth).astype(np.float64)
    unit = max(float(np.hypot(*(mouth - eyes))), 1.0)
    center = eyes + axes[1] * (CROP_CENTER * unit)
    angle_deg = math.degrees(math.atan2(axes[0, 1], axes[0, 0]))
    picture = Image.fromarray(image.cpu().numpy())
    crop = face_crop(picture, tuple(center), unit / UNIT, angle_deg, CROP_SIDE)
    evidence = _edge_evidence(np.asarray(crop, np.float32), width / (2 * unit) * WIDTHS)
    evidence -= OFFSET_COST * OFFSETS**2 + WIDTH_COST * np.log(WIDTHS)[:, None] ** 2
    return float(OFFSETS[evidence.max(axis=0).argmax()])


def _edge_evidence(crop: np.ndarray, half_widths: np.ndarray) -> np.ndarray:
    """Return the edge strength along each ellipse, (widths, offsets) in [0, 1]."""
    level = ndimage.gaussian_filter(np.log(crop + DARKEST), (BLUR, BLUR, 0))
    slope_y, slope_x = np.gradient(level, axis=(0, 1))
    turn = np.linspace(0, math.pi, NUM_JAW_POINTS)
    half_widths = half_widths[:, None, None]
    # Across the ellipse, (widths, 1, points).
    across = np.stack(np.broadcast_arrays(JAW_HEIGHT * np.cos(turn), half_widths * np.sin(turn)))
    across /= np.hypot(*across)
    x = (half_widths * np.cos(turn) + OFFSETS[:, None]) * UNIT + CROP_SIDE / 2 - 0.5
    y = (JAW_HEIGHT * np.sin(turn) - CROP_CENTER) * UNIT + CROP_SIDE / 2 - 0.5
    places = np.stack(np.broadcast_arrays(y, x))  # (2, widths, offsets, points)
    strength = np.zeros(places.shape[1:])
    for channel in range(3):
        edge = sum(
            direction * ndimage.map_coordinates(slope[..., channel], places, order=1)
            for direction, slope in zip(across, (slope_x, slope_y), strict=True)
        )
        strength = np.maximum(strength, np.abs(edge))
    return (strength / (strength + STRONG_EDGE)).mean(axis=-1)
