"""How a head turned, by the landmarks of two pictures: the angle seen, and what is not a turn.

Points are in pixels, x to the right, y down, z away from the viewer. Residuals are root mean
squares over the points, across and down the picture, in eye distances of the first picture.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

LEFT_IRIS, RIGHT_IRIS, NUM_SURFACE_POINTS = 468, 473, 468  # of the mesh
AXES = ("pitch", "yaw", "roll")  # about x, y and z: signs are those of `Motion`


@dataclass(frozen=True)
class TurnSeen:
    """What a landmark network sees of a turn.

    Parameters
    ----------
    angles_deg : array, shape (3,)
        Rotation vector by `AXES`, about axes of the picture rotated until the eyes are level.
    residual : float
        What remains beside that rotation, a scale and a shift.
    """

    angles_deg: np.ndarray
    residual: float

    def along(self, axis: str) -> float:
        """Return the angle about one axis."""
        return float(self.angles_deg[AXES.index(axis)])

    def beside(self, axis: str) -> float:
        """Return the angle about the two other axes."""
        return float(np.linalg.norm(np.delete(self.angles_deg, AXES.index(axis))))


def eye_distance(mesh: np.ndarray) -> float:
    """Return the distance of the irises of a mesh (478, 2 or 3)."""
    return float(np.hypot(*_across(mesh)))


def mesh_turn(before: np.ndarray, after: np.ndarray) -> TurnSeen:
    """Fit a similarity in space between two meshes (478, 3)."""
    level = _levelling(before)
    start, stop = (mesh[:NUM_SURFACE_POINTS] @ level.T for mesh in (before, after))
    rotation, fitted = fit_similarity(start, stop)
    return _seen(rotation, (stop - fitted)[:, :2], eye_distance(before))


def points_turn(before: np.ndarray, after: np.ndarray, mesh: np.ndarray) -> TurnSeen:
    """Fit a similarity in space, seen from afar, to flat landmarks (n, 2) of two pictures.

    The depth of the first ones is that of the mesh (478, 3) of the same picture.
    """
    level = _levelling(mesh)
    start = np.column_stack([before, mesh_depth(mesh, before)]) @ level.T
    stop = after @ level[:2, :2].T
    middle, shift = start.mean(axis=0), stop.mean(axis=0)
    start, stop, unit = start - middle, stop - shift, eye_distance(mesh)

    def shown(unknowns: np.ndarray) -> np.ndarray:
        turned = start @ Rotation.from_rotvec(unknowns[:3]).as_matrix().T
        return np.exp(unknowns[3]) * turned[:, :2] + unknowns[4:] * unit

    found = least_squares(lambda unknowns: (shown(unknowns) - stop).ravel() / unit, np.zeros(6)).x
    rotation = Rotation.from_rotvec(found[:3]).as_matrix()
    return _seen(rotation, stop - shown(found), unit)


def mesh_depth(mesh: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the depth (n,) of a mesh (478, 3) under points (n, 2): beside it, of the nearest."""
    surface = mesh[:NUM_SURFACE_POINTS]
    depth = LinearNDInterpolator(surface[:, :2], surface[:, 2])(points)
    nearest = NearestNDInterpolator(surface[:, :2], surface[:, 2])(points)
    return np.where(np.isnan(depth), nearest, depth)


def fit_similarity(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a rotation, a scale and a shift by least squares.

    Returns the rotation (d, d), and the points (n, d) that it makes of `start` (n, d).
    """
    start_mean, stop_mean = start.mean(axis=0), stop.mean(axis=0)
    start, stop = start - start_mean, stop - stop_mean
    u, _, vt = np.linalg.svd(stop.T @ start)
    signs = np.ones(len(u))
    signs[-1] = np.sign(np.linalg.det(u @ vt))
    rotation = u @ np.diag(signs) @ vt
    turned = start @ rotation.T
    scale = (turned * stop).sum() / (turned**2).sum()
    return rotation, scale * turned + stop_mean


def shape_error(points: np.ndarray, expected: np.ndarray, unit: float) -> float:
    """Return by how much points (n, 2) miss expected ones, beside a similarity; nan is left out.

    In lengths of `unit`.
    """
    known = np.isfinite(points).all(axis=1) & np.isfinite(expected).all(axis=1)
    _, fitted = fit_similarity(points[known], expected[known])
    return root_mean_square(expected[known] - fitted) / unit


def root_mean_square(shifts: np.ndarray) -> float:
    """Return the root mean square length of shifts (n, 2)."""
    return float(np.sqrt((shifts**2).sum(axis=1).mean()))


def curve_value(seen: list[float], residuals: list[float], angle_deg: float) -> float:
    """Return the residual at an angle, between those at angles seen, in any order.

    Beyond the outermost angle it is that of the outermost.
    """
    order = np.argsort(seen)
    return float(np.interp(angle_deg, np.array(seen)[order], np.array(residuals)[order]))


def _seen(rotation: np.ndarray, rest: np.ndarray, unit: float) -> TurnSeen:
    angles = Rotation.from_matrix(rotation).as_rotvec(degrees=True)
    return TurnSeen(angles, root_mean_square(rest) / unit)


def _across(mesh: np.ndarray) -> np.ndarray:
    return mesh[RIGHT_IRIS, :2] - mesh[LEFT_IRIS, :2]


def _levelling(mesh: np.ndarray) -> np.ndarray:
    """Return the rotation of the picture (3, 3) that makes the eyes of a mesh level."""
    across = _across(mesh)
    return Rotation.from_euler("z", -np.arctan2(across[1], across[0])).as_matrix()
