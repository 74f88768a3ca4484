"""The square around a head: carried by its rigid parts, so that speech does not move it."""

from functools import cache

import numpy as np

from .given_points import mean_mesh
from .mesh_points import LIPS_REGION, NOSE_BASE, NUM_SURFACE_POINTS
from .square import Square

DEPTH = 0.6  # eye distances from the eyes to the square's centre, behind them, where heads turn


def head_square(mesh: np.ndarray) -> Square:
    """Return the square around a head, rotated with it.

    Parameters
    ----------
    mesh : array, shape (468 or more, 3)
        In pixels of the picture.

    Returns
    -------
    Square
        As large as the mean face's box. It follows from the similarity in space that best maps the
        mean face's parts above the mouth to the mesh (Umeyama 1991), so that neither an open mouth
        nor a turned head makes it smaller or larger.
    """
    rigid, center, side = _mean_head()
    points = mesh[rigid]
    model = mean_mesh()[rigid]
    middle, model_middle = points.mean(0), model.mean(0)
    left, values, right = np.linalg.svd((points - middle).T @ (model - model_middle))
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left * signs @ right
    scale = float(values @ signs / ((model - model_middle) ** 2).sum())
    x, y, _ = middle + scale * rotation @ (center - model_middle)
    return Square(
        float(x), float(y), side * scale, float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    )


@cache
def _mean_head() -> tuple[np.ndarray, np.ndarray, float]:
    """Return the rigid points' indices, and centre (3,) and side of the mean face's box."""
    mesh = mean_mesh()[:NUM_SURFACE_POINTS]
    above_mouth = np.flatnonzero(mesh[:, 1] < mesh[NOSE_BASE, 1].max())
    low, high = mesh.min(0), mesh.max(0)
    rigid = np.setdiff1d(above_mouth, LIPS_REGION)
    center = np.append((low + high)[:2] / 2, DEPTH)
    return rigid, center, float((high - low)[:2].max())
