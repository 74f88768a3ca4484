"""The edges of the irises, fitted to the picture: drawn and painted eyes differ from the mesh."""

import math
from dataclasses import replace

import numpy as np
from scipy.ndimage import map_coordinates

from .landmarks import FaceLandmarks
from .mesh_points import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from .picture_samples import blurred_samples

SHIFTS = np.linspace(-0.4, 0.4, 9)  # that are tried, in radii
SIZES = np.linspace(0.85, 1.35, 11)
RIM = 0.12  # on both sides of the iris's edge, in radii
PATCH, CELLS = 24, 12  # half the side of the searched patch, in cells; cells in a radius
DOUBT = 0.15  # contrast that the largest shift must gain, of the best
LEAST_CONTRAST, CONTRAST_RANGE = 4, (-40, 150)  # grey levels
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
    patch, shown = blurred_samples(image, x, y, radius / CELLS, _darkest), _between_lids(ring, x, y)
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
    contrast = ((levels[0] - levels[1]).clip(*CONTRAST_RANGE) * seen).sum(axis=1)
    contrast = contrast / (seen.sum(axis=1) + 4)
    away = np.hypot(right, 1.5 * down)[:, 0] / SHIFTS[-1]
    best = (contrast - DOUBT * contrast.max() * away**2).argmax()
    if contrast[best] < LEAST_CONTRAST:
        return iris
    shift = radius * np.array([right[best, 0], down[best, 0]])
    return iris[0] + shift + size[best, 0] * (iris - iris[0])


def _darkest(colors: np.ndarray) -> np.ndarray:
    """Return the least of the three colours, in which blue irises are dark, too."""
    return colors.min(axis=2)


def _between_lids(ring: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return 1 at pixels between the lids, whose ring (16, 2) starts at the left corner."""
    axis = (ring[8] - ring[0]) / max(np.hypot(*(ring[8] - ring[0])), 1e-6)
    turn = np.array([axis, [-axis[1], axis[0]]])
    along, below = turn @ (np.stack([x.ravel(), y.ravel()]) - ring[0][:, None])
    lids = (ring - ring[0]) @ turn.T
    lower = np.interp(along, *lids[:9].T)
    upper = np.interp(along, *lids[[0, *range(15, 7, -1)]].T)
    return ((below > upper) & (below < lower)).astype(float).reshape(x.shape)
