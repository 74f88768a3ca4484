"""A mesh on points that the user gives, also where no network sees a face: animals, drawings."""

import math
from functools import cache

import numpy as np
from torch import Tensor

from ..weights.checkpoint import read_safetensors
from .face_text import EXTRA_NAMES, POINT_NAMES, Point
from .find_faces import face_in_square, square_around
from .landmarks import SIX_POINTS, FaceLandmarks
from .mesh_points import (
    CHIN,
    FOREHEAD,
    INNER_LIPS_MIDDLE,
    JAW_CORNERS,
    LEFT_BROW,
    LEFT_IRIS,
    LIPS_REGION,
    MOUTH_CORNERS,
    NOSE_TIP,
    RIGHT_BROW,
    RIGHT_IRIS,
)
from .networks import WEIGHTS

EXTRA_POINTS = [NOSE_TIP, CHIN, FOREHEAD, LEFT_BROW[2], RIGHT_BROW[2], *JAW_CORNERS]
POINT_INDEX = dict(zip(POINT_NAMES + EXTRA_NAMES, SIX_POINTS + EXTRA_POINTS, strict=True))

# Allowed proportions of given points, in eye distances.
MOUTH_HEIGHT_RANGE = (0.4, 2.5)
MOUTH_WIDTH_RANGE = (0.2, 2.0)
MAX_LIP_GAP = 1.5
MAX_SHIFT = 1.5  # of a point beside eyes and mouth, from where the mean face has it
SMALLEST_EYE_DISTANCE = 4.0  # pixels

TOUCHING_LIPS = 0.15  # pixels: a text of points, in tenths of them, may swap nearer ones
SAME_POINTS = 0.25  # eye distances up to which a face that a network finds is the one meant
LENGTH_RANGE = (0.85, 1.3)  # of the stretch of the lower face to the height of the mouth
LIPS_REACH = 0.35  # around the lips, within which the face moves with them
POINT_REACH = 0.4  # around another given point, likewise
LIPS_HEIGHT = 0.2  # of the lips around the line of the corners
LEAST_DOME = 0.1
BROWS_TO_CHIN = 2.05  # of the mean mesh


def landmarks_from_points(points: dict[str, Point], image: Tensor | None = None) -> FaceLandmarks:
    """Make landmarks of points that the user gives.

    Parameters
    ----------
    points : dict
        Points (x, y) in pixels by name, as `parse_points` returns them. Without lips the mouth is
        taken as closed.
    image : Tensor, shape (H, W, 3), uint8, optional
        The picture. Where a network finds a face near the points, what they leave open is as in
        that face; else as in the mean of many faces.

    Returns
    -------
    FaceLandmarks
        With confidence 1; the given points are exact.

    Raises
    ------
    ValueError
        If a name is missing or unknown, a value is not finite, or the proportions are not a face's.
    """
    _check_names(points)
    given = {POINT_INDEX[name]: np.asarray(point, float) for name, point in points.items()}
    if not np.isfinite(np.stack(list(given.values()))).all():
        raise ValueError("Expected finite coordinates, got NaN or infinity: check the points.")
    eyes = given[LEFT_IRIS[0]], given[RIGHT_IRIS[0]]
    frame = _face_frame(*eyes)
    distance = math.hypot(*frame[1][0])
    if distance < SMALLEST_EYE_DISTANCE:
        raise ValueError(
            f"Expected eyes at least {SMALLEST_EYE_DISTANCE:g} pixels apart, got {distance:.1f}: "
            "use a larger picture."
        )
    targets = {index: _to_face(point, *frame) for index, point in given.items()}
    _check_proportions(targets)
    _check_shifts(targets)
    mesh = _from_face(_fit(mean_mesh(), targets), *frame)
    found = None if image is None else face_in_square(image, square_around(mesh))
    if found is not None and _agrees(found.mesh, given, frame):
        mesh = _from_face(_fit(_to_face(found.mesh, *_eye_frame(found.mesh)), targets), *frame)
    return FaceLandmarks(mesh, confidence=1.0)


def named_points(landmarks: FaceLandmarks) -> dict[str, Point]:
    """Return points of a face by name, of which `landmarks_from_points` makes it again.

    Lips that touch or cross, as the network may place closed ones, meet in the middle.
    """
    points = {name: landmarks.mesh[i, :2] for name, i in POINT_INDEX.items()}
    upper, lower = points["upper_lip"], points["lower_lip"]
    left, right = points["left_eye"], points["right_eye"]
    down = _face_frame(left, right)[1][1] / math.hypot(*(right - left))
    if (lower - upper) @ down < TOUCHING_LIPS:
        points["upper_lip"] = points["lower_lip"] = (upper + lower) / 2
    return {name: tuple(point.tolist()) for name, point in points.items()}


def landmarks_in_box(box: tuple[float, float, float, float]) -> FaceLandmarks:
    """Take a box (left, top, width, height) as an upright face from the brows to the chin."""
    left, top, width, height = box
    unit = max(width, height) / BROWS_TO_CHIN
    mesh = mean_mesh() * unit
    low, high = mesh[LEFT_BROW, 1].min(), mesh[CHIN, 1]
    mesh[:, :2] += (left + width / 2, top + height / 2 - (low + high) / 2)
    return FaceLandmarks(mesh, confidence=0.0)


@cache
def _stored_mean_mesh() -> np.ndarray:
    return read_safetensors(WEIGHTS / "mean_mesh.safetensors")[0]["mesh"].double().numpy()


def mean_mesh() -> np.ndarray:
    """Return the mean face (478, 3) in the face frame: eye distances from between the eyes."""
    return _stored_mean_mesh().copy()


def _face_frame(left_eye: np.ndarray, right_eye: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the origin (2,) of the face frame, and its axes (2, 2), as long as its unit."""
    across = right_eye - left_eye
    return (left_eye + right_eye) / 2, np.array([across, [-across[1], across[0]]])


def _eye_frame(mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _face_frame(mesh[LEFT_IRIS[0], :2], mesh[RIGHT_IRIS[0], :2])


def _to_face(points: np.ndarray, origin: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Convert points (..., 2 or 3) in pixels to the face frame."""
    unit = math.hypot(*axes[0])
    places = (points[..., :2] - origin) @ axes.T / unit**2
    return np.concatenate([places, points[..., 2:] / unit], -1)


def _from_face(mesh: np.ndarray, origin: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Convert a mesh (478, 3) of the face frame to pixels."""
    places = mesh[:, :2] @ axes + origin
    return np.concatenate([places, mesh[:, 2:] * math.hypot(*axes[0])], 1)


def _agrees(mesh: np.ndarray, given: dict[int, np.ndarray], frame: tuple) -> bool:
    """Return whether the given points lie near those of a mesh, all in pixels."""
    distances = [np.hypot(*(mesh[index, :2] - point)) for index, point in given.items()]
    return max(distances) < SAME_POINTS * math.hypot(*frame[1][0])


def _fit(mesh: np.ndarray, targets: dict[int, np.ndarray]) -> np.ndarray:
    """Move a mesh (478, 3) of the face frame so that points of it (2,) lie where they are given."""
    mesh = mesh.copy()
    corners = np.stack([targets[index] for index in MOUTH_CORNERS])
    stretch = corners[:, 1].mean() / mesh[MOUTH_CORNERS, 1].mean()
    mesh[:, 1] *= np.where(mesh[:, 1] > 0, np.clip(stretch, *LENGTH_RANGE), 1.0)
    _move_mouth(mesh, corners)
    _move_points(mesh, {k: point for k, point in targets.items() if k not in INNER_LIPS_MIDDLE})
    if INNER_LIPS_MIDDLE[0] in targets:
        _move_lips(mesh, *(targets[index] for index in INNER_LIPS_MIDDLE))
    return mesh


def _move_mouth(mesh: np.ndarray, corners: np.ndarray) -> None:
    """Scale, rotate and shift the lips to the given corners (2, 2), and what is near less."""
    start, stop = mesh[MOUTH_CORNERS, :2]
    origin, axes = _face_frame(start, stop)
    place = _to_face(mesh[:, :2], origin, axes)
    new_origin, new_axes = _face_frame(*corners)
    moved = place @ new_axes + new_origin
    beyond = np.stack([(abs(place[:, 0]) - 0.5).clip(0), place[:, 1]]) * math.hypot(*axes[0])
    far = (np.hypot(*beyond) - LIPS_HEIGHT).clip(0)
    far[LIPS_REGION] = 0
    mesh[:, :2] += (moved - mesh[:, :2]) * np.exp(-((far / LIPS_REACH) ** 2))[:, None]


def _move_points(mesh: np.ndarray, targets: dict[int, np.ndarray]) -> None:
    """Shift points to where they are given, and what is near less, by radial basis functions."""
    indices = list(targets)
    offsets = np.stack(list(targets.values())) - mesh[indices, :2]
    gaps = mesh[:, None, :2] - mesh[None, indices, :2]
    basis = np.exp(-((gaps**2).sum(-1) / POINT_REACH**2))
    mesh[:, :2] += basis @ np.linalg.solve(basis[indices], offsets)


def _move_lips(mesh: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> None:
    """Shift each lip so that the middle of its inner edge lies where it is given."""
    place = _to_face(mesh[:, :2], *_face_frame(*mesh[MOUTH_CORNERS, :2]))
    dome = (1 - (2 * place[:, :1]) ** 2).clip(0)
    rings = np.reshape(LIPS_REGION, (4, 20))  # corner, lower lip, corner, upper lip
    for index, lip, point in zip(
        INNER_LIPS_MIDDLE, (rings[:, 11:], rings[:, 1:10]), (upper, lower), strict=True
    ):
        offset = (point - mesh[index, :2]) / max(float(dome[index, 0]), LEAST_DOME)
        mesh[lip, :2] += offset * dome[lip]


def _check_names(points: dict[str, Point]) -> None:
    lips = points.keys() & set(POINT_NAMES[4:])
    needed = POINT_NAMES if lips else POINT_NAMES[:4]
    if set(needed) - points.keys() or points.keys() - POINT_INDEX.keys():
        raise ValueError(
            f"Expected the points {', '.join(needed)}, and optionally {', '.join(EXTRA_NAMES)}, "
            f"got {', '.join(points) or 'none'}: check the names."
        )


def _check_shifts(points: dict[int, np.ndarray]) -> None:
    """Raise ValueError for a point beside eyes and mouth that is far from where a face has it."""
    mesh = _fit(mean_mesh(), {index: points[index] for index in SIX_POINTS if index in points})
    for name in EXTRA_NAMES:
        index = POINT_INDEX[name]
        shift = math.dist(points.get(index, mesh[index, :2]), mesh[index, :2])
        if shift > MAX_SHIFT:
            raise ValueError(
                f"Expected the point {name} within {MAX_SHIFT} eye distances of its place in a "
                f"face with these eyes and mouth, got {shift:.1f}: check it."
            )


def _check_proportions(points: dict[int, np.ndarray]) -> None:
    """Raise ValueError unless points of the face frame have the proportions of a frontal face."""
    left, right = (points[index] for index in MOUTH_CORNERS)
    width, height = right[0] - left[0], (left[1] + right[1]) / 2
    upper, lower = (points.get(index, (0.0, 0.0)) for index in INNER_LIPS_MIDDLE)
    gap = lower[1] - upper[1]
    if height < 0:
        raise ValueError(
            f"Expected the left eye first and the mouth below the eyes, got it {-height:.2f} eye "
            "distances above them: swap the eyes and the mouth corners, or check the order."
        )
    if not MOUTH_HEIGHT_RANGE[0] <= height <= MOUTH_HEIGHT_RANGE[1]:
        raise ValueError(
            "Expected the mouth 0.4 to 2.5 eye distances below the eyes, got "
            f"{height:.2f}: check the order of the points."
        )
    if not MOUTH_WIDTH_RANGE[0] <= width <= MOUTH_WIDTH_RANGE[1]:
        raise ValueError(
            "Expected the right mouth corner 0.2 to 2 eye distances to the right of the left one, "
            f"got {width:.2f}: check the order of the points."
        )
    if not 0 <= gap <= MAX_LIP_GAP:
        raise ValueError(
            "Expected the upper lip above the lower lip by at most 1.5 eye distances, got "
            f"{gap:.2f}: check the order of the points."
        )
