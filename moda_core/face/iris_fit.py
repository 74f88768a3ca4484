"""The edges of the irises, fitted to the picture: drawn and painted eyes differ from the mesh."""

import math
from dataclasses import replace

import numpy as np
from scipy.ndimage import map_coordinates

from .landmarks import FaceLandmarks
from .lid_fit import lid_heights
from .mesh_points import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from .picture_samples import blurred_samples

SHIFTS = np.linspace(-0.4, 0.4, 9)  # that are tried, in radii
SIZES = np.linspace(0.85, 1.35, 11)
MARGIN = 0.08  # of the lids, in which their own lines may be seen, in radii
RIM = 0.12  # on both sides of the iris's edge, in radii
PATCH, CELLS = 24, 12  # half the side of the searched patch, in cells; cells in a radius
# Contrast that the largest shift must gain, and a size that differs by `SIZE_RANGE`, of the best.
DOUBT, SIZE_DOUBT, SIZE_RANGE = 0.15, 0.2, 0.35
LEAST_CONTRAST, WHITEST = 4, 20  # grey levels; above the white of the eye, for highlights
# Quantiles of the levels between the lids, white and dark; share of their distance below the white
# from which all counts as dark: a pupil differs from its iris, too.
QUANTILES, DARK_SHARE = (0.9, 0.05), 0.5
DIRECTIONS = np.arange(32) * (math.pi / 16)


def fit_irises(landmarks: FaceLandmarks, image: np.ndarray) -> FaceLandmarks:
    """Return landmarks whose irises lie where a picture (H, W, 3), uint8, shows them.

    Only the points of the irises change, and none where the picture has little contrast.
    """
    mesh = landmarks.mesh.copy()
    for ring, iris in ((LEFT_EYE, LEFT_IRIS), (RIGHT_EYE, RIGHT_IRIS)):
        mesh[iris, :2] = _fitted(mesh[iris, :2], mesh[ring, :2], image)
    return replace(landmarks, mesh=mesh)


def _fitted(iris: np.ndarray, ring: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Find the circle between the lids with the most contrast, near the given points (5, 2)."""
    radius = float(np.hypot(*(iris[1:] - iris[0]).T).mean())
    x, y = np.meshgrid(
        *(middle + np.arange(-PATCH, PATCH + 1) / CELLS * radius for middle in iris[0])
    )
    patch = blurred_samples(image, x, y, radius / CELLS, _darkest)
    shown = _between_lids(ring, x, y, MARGIN * radius)
    if not shown.any():
        return iris
    white, dark = np.quantile(patch[shown > 0], QUANTILES)
    patch = patch.clip(white - DARK_SHARE * (white - dark), white + WHITEST)
    right, down, size = np.stack(np.meshgrid(SHIFTS, SHIFTS, SIZES, indexing="ij")).reshape(
        3, -1, 1
    )
    levels, seen = [], 1.0
    for rim in (1 + RIM, 1 - RIM):
        across, below = (
            right + rim * size * np.cos(DIRECTIONS),
            down + rim * size * np.sin(DIRECTIONS),
        )
        places = [PATCH + CELLS * below, PATCH + CELLS * across]
        levels.append(map_coordinates(patch, places, order=1, mode="nearest"))
        seen = seen * map_coordinates(shown, places, order=1, mode="nearest")
    contrast = ((levels[0] - levels[1]) * seen).sum(axis=1) / (seen.sum(axis=1) + 4)
    away = np.hypot(right, 1.5 * down)[:, 0] / SHIFTS[-1]
    doubt = DOUBT * away**2 + SIZE_DOUBT * ((size[:, 0] - 1) / SIZE_RANGE) ** 2
    best = (contrast - contrast.max() * doubt).argmax()
    if contrast[best] < LEAST_CONTRAST:
        return iris
    shift = radius * np.array([right[best, 0], down[best, 0]])
    return iris[0] + shift + size[best, 0] * (iris - iris[0])


def _darkest(colors: np.ndarray) -> np.ndarray:
    """Return the least of the three colours, in which blue irises are dark, too."""
    return colors.min(axis=2)


def _between_lids(ring: np.ndarray, x: np.ndarray, y: np.ndarray, margin: float) -> np.ndarray:
    """Return 1 at pixels between the lids, whose ring (16, 2) starts at the left corner."""
    axis = (ring[8] - ring[0]) / max(np.hypot(*(ring[8] - ring[0])), 1e-6)
    turn = np.array([axis, [-axis[1], axis[0]]])
    along, below = turn @ (np.stack([x.ravel(), y.ravel()]) - ring[0][:, None])
    lids = (ring - ring[0]) @ turn.T
    upper, lower = lid_heights(lids, along)
    return ((below > upper + margin) & (below < lower - margin)).astype(float).reshape(x.shape)
