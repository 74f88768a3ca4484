"""A z-buffer for the pictures of triangle meshes that benchmarks need."""

import numpy as np


def rasterise(
    points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest triangle under the centre of every pixel.

    Parameters
    ----------
    points : array, shape (V, 2)
        In pixels, y down, the centre of the first pixel at (0.5, 0.5).
    depth : array, shape (V,)
        Larger is nearer.
    triangles : array of int, shape (T, 3)
        Those whose corners go round counterclockwise as one sees them, y up, are seen; the others
        show their back.
    size : (height, width)

    Returns
    -------
    index : array of int, shape (height, width)
        Of the triangle; -1 for none.
    weights : array, shape (height, width, 3)
        Of its corners; they sum to 1.
    """
    height, width = size
    a, b, c = points[triangles].transpose(1, 0, 2)
    areas = _cross(b - a, c - a)
    shown = np.flatnonzero(areas < -1e-12)  # y is down
    low = np.minimum(np.minimum(a, b), c)[shown]
    high = np.maximum(np.maximum(a, b), c)[shown]
    low = np.clip(np.ceil(low - 0.5), 0, (width, height)).astype(np.int64)
    high = np.clip(np.floor(high - 0.5), -1, (width - 1, height - 1)).astype(np.int64)
    sides = np.maximum(high - low + 1, 0)
    counts = sides.prod(axis=1)
    box = np.repeat(np.arange(len(shown)), counts)  # every pixel of every triangle's box
    within = np.arange(len(box)) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = low[box, 0] + within % sides[box, 0]
    rows = low[box, 1] + within // sides[box, 0]
    owner = shown[box]
    places = np.stack([columns, rows], axis=1) + 0.5
    second = _cross(places - a[owner], c[owner] - a[owner]) / areas[owner]
    third = _cross(b[owner] - a[owner], places - a[owner]) / areas[owner]
    corners = np.stack([1 - second - third, second, third], axis=1)
    inside = (corners >= -1e-7).all(axis=1)
    owner, rows, columns, corners = (each[inside] for each in (owner, rows, columns, corners))
    nearest_last = np.argsort((corners * depth[triangles[owner]]).sum(axis=1), kind="stable")
    index = np.full(size, -1, np.int64)
    weights = np.zeros((*size, 3))
    at = rows[nearest_last], columns[nearest_last]
    index[at], weights[at] = owner[nearest_last], corners[nearest_last]
    return index, weights


def interpolate(
    values: np.ndarray, triangles: np.ndarray, index: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return values (V, C) of vertices at rasterised pixels, (height, width, C); 0 beside them."""
    return spread(values[triangles], index, weights)


def spread(corners: np.ndarray, index: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return values (T, 3, C) of triangles' corners at rasterised pixels, 0 beside them."""
    found = (corners[np.maximum(index, 0)] * weights[..., None]).sum(axis=2)
    return np.where((index >= 0)[..., None], found, 0.0)


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return unit normals (V, 3) of vertices (V, 3)."""
    a, b, c = points[triangles].transpose(1, 0, 2)
    faces = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
