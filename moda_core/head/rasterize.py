"""A z-buffer for small meshes, without loops."""

import numpy as np


def rasterize(
    points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest triangle at the centre of every cell.

    Parameters
    ----------
    points : array, shape (V, 2)
        Vertices in cells, y down; the centre of the first cell lies at (0.5, 0.5).
    depth : array, shape (V,)
        Larger is nearer.
    triangles : array, shape (T, 3)
        Only those whose corners go round anticlockwise as they are seen show; the others show
        their back.
    size : (height, width)

    Returns
    -------
    index : array of int, shape (height, width)
        Of the triangle; -1 where there is none.
    weights : array, shape (height, width, 3)
        Of its corners.
    """
    height, width = size
    corners = points[triangles]
    front = np.flatnonzero(_area(corners[:, 0], corners[:, 1], corners[:, 2]) < -1e-12)
    corners = corners[front]
    low = np.clip(np.ceil(corners.min(axis=1) - 0.5), 0, [width, height]).astype(np.int64)
    high = np.clip(np.floor(corners.max(axis=1) - 0.5), -1, [width - 1, height - 1])
    span = np.maximum(high.astype(np.int64) - low + 1, 0)
    count = span.prod(axis=1)
    # Every cell of every triangle's box, one after the other.
    owner = np.repeat(np.arange(len(front)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    down, across = np.divmod(within, span[owner, 0])
    cells = low[owner] + np.stack([across, down], axis=1)
    weights = _barycentric(corners[owner], cells + 0.5)
    inside = (weights >= -1e-7).all(axis=1)
    owner, (columns, rows), weights = front[owner[inside]], cells[inside].T, weights[inside]
    nearest_last = np.argsort((weights * depth[triangles[owner]]).sum(axis=1), kind="stable")
    index, nearest = np.full(size, -1, np.int64), np.zeros((*size, 3))
    places = rows[nearest_last], columns[nearest_last]
    index[places], nearest[places] = owner[nearest_last], weights[nearest_last]
    return index, nearest


def interpolate(
    values: np.ndarray, triangles: np.ndarray, index: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Read values (V, c) of vertices at the cells of `rasterize`, (height, width, c).

    Cells without a triangle are 0.
    """
    return spread(values[triangles], index, weights)


def spread(corners: np.ndarray, index: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Read values (T, 3, c) of triangles' corners in the same way."""
    return (corners[index] * weights[..., None]).sum(axis=2)


def _barycentric(corners: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the weights (N, 3) of triangles' corners (N, 3, 2) at points (N, 2)."""
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    areas = _area(points, second, third), _area(first, points, third), _area(first, second, points)
    return np.stack(areas, axis=1) / _area(first, second, third)[:, None]


def _area(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
    """Return twice the area of triangles, negative if they go round anticlockwise, y down."""
    (x, y), (u, v) = (second - first).T, (third - first).T
    return x * v - y * u
