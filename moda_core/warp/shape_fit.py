"""The seam between closed lips and the rims of glasses, fitted to the picture."""

from dataclasses import replace
from functools import partial

import numpy as np

from ..face.curve import curve_terms
from ..face.picture_samples import blurred_samples
from ..head.dark_valley import best_path
from ..head.seen_glasses import find_rims
from .face_shape import SEAM_TERMS, FaceShape, Frame, MouthShape, rotate

CELL = 0.01  # of the patches that are searched, in eye distances
SEAM_REACH = 0.05  # of the search around the landmarks
BESIDE = 0.03  # places above and below a dark line, that are brighter
SEAM_RIDGE = 0.001  # against wild curves
LUMINANCE = (0.3, 0.59, 0.11)
CLOSED_GAP = 0.03  # of lips that count as closed


def fit_shape(shape: FaceShape, image: np.ndarray) -> FaceShape:
    """Fit the seam of closed lips, and the rims of glasses, to a picture (H, W, 3), uint8.

    Only the mouth's `upper`, `lower` and `seam` and the `rims` change; no seam does if the lips are
    open.
    """
    rims = find_rims(shape.eyes, shape.brow, partial(_luminance, image, shape.frame))
    return replace(shape, mouth=_fit_seam(shape.mouth, shape.frame, image), rims=rims)


def _luminance(image: np.ndarray, frame: Frame, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sample the picture's brightness at points of the face, averaged over a cell or a pixel."""
    pixels = frame.to_pixels(x, y)
    return blurred_samples(image, *pixels, 0.5 * CELL * frame.unit, lambda rgb: rgb @ LUMINANCE)


def _fit_seam(mouth: MouthShape, frame: Frame, image: np.ndarray) -> MouthShape:
    """Follow the dark valley between closed lips."""
    if mouth.gap > CLOSED_GAP:
        return mouth
    place = np.linspace(-0.92, 0.92, 31)
    across = place - mouth.lean * (1 - place**2)
    offsets = np.arange(-SEAM_REACH, SEAM_REACH + CELL / 2, CELL / 2)
    dome = 1 - across**2
    powers = across[:, None] ** np.arange(1, SEAM_TERMS + 1)
    closed = (mouth.upper + mouth.lower) / 2
    down = (closed + powers @ mouth.seam) * dome + offsets[:, None]
    right = np.broadcast_to(place * mouth.half_width, down.shape)
    points = (rotate(right, down + reach, mouth.tilt) for reach in (-BESIDE, 0, BESIDE))
    above, middle, below = (_luminance(image, frame, mouth.x + x, mouth.y + y) for x, y in points)
    valley = (above + below) / 2 - middle
    valley = valley / (np.abs(valley).max() + 1e-6) - 0.5 * (offsets[:, None] / SEAM_REACH) ** 2
    path = offsets[best_path(valley)]
    strength = np.clip(valley.max(axis=0), 0.05, 1)
    ridge = SEAM_RIDGE * len(across)
    rise, *terms = curve_terms(across, path, range(SEAM_TERMS + 1), ridge, strength)
    middle_height = closed + rise
    seam = tuple((np.array(terms) + mouth.seam).tolist())
    return replace(mouth, upper=middle_height, lower=middle_height, seam=seam)
