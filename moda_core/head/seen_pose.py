"""The pose of a head in the frames of a clip, relative to that in one of them.

Angles and places are those of the built-in renderer: it turns the head about `PIVOT` by yaw, then
pitch, in the head's axes, then about `NECK` by roll in the picture, and scales it about the pivot.
"""

from dataclasses import dataclass

import numpy as np

from .head_fit import CAMERA_DISTANCE
from .head_model import NECK, PIVOT
from .stored_fits import StoredFits


@dataclass(frozen=True, eq=False)
class SeenPose:
    """Pose in N frames, NaN where the face is lost.

    Parameters
    ----------
    angles : array, shape (N, 3)
        Pitch, yaw and roll in degrees, signs as in `Motion`.
    scale : array, shape (N,)
        Size over that in the reference.
    shift : array, shape (N, 2)
        Along the line of the reference's eyes and down its face, in eye distances.
    """

    angles: np.ndarray
    scale: np.ndarray
    shift: np.ndarray


def seen_pose(fits: StoredFits, reference: int, unit: float) -> SeenPose:
    """Return the pose relative to a frame; `unit` is the eye distance in decimetres."""
    rotations, places = fits.rotations.astype(float), fits.places.astype(float)
    front = rotations[reference]
    pitch, yaw, roll = _split(front, rotations)
    pivots = rotations @ PIVOT  # in the camera's axes
    nearness = CAMERA_DISTANCE / (CAMERA_DISTANCE - pivots[:, 2])
    size = places[:, 2] * nearness
    seen = places[:, :2] + size[:, None] * pivots[:, :2]
    neck = front @ NECK
    rolled = neck + _about([0, 0, 1], roll) @ (front @ PIVOT - neck)
    start_size = places[reference, 2] * CAMERA_DISTANCE / (CAMERA_DISTANCE - rolled[:, 2])
    expected = places[reference, :2] + start_size[:, None] * rolled[:, :2]
    right = front[:2, 0] / np.hypot(*front[:2, 0])
    shift = (seen - expected) @ np.array([right, [-right[1], right[0]]]).T
    angles = np.degrees(np.stack([pitch, yaw, roll], axis=1))
    return SeenPose(angles, size / size[reference], shift / (unit * size[reference]))


def _split(front: np.ndarray, rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split rotations (N, 3, 3) into ``roll @ front @ pitch @ yaw``; return angles in radians.

    Pitch and yaw leave the head's y axis at x 0, which gives the roll about the picture's axis.
    """
    turns, axis = front.T @ rotations, front[2]
    down = turns[:, :, 1]
    still = (down @ axis) * axis[0]
    cosine, sine = down[:, 0] - still, np.cross(axis, down)[:, 0]
    # Rolled back, its x is still + cosine * cos(roll) - sine * sin(roll).
    reach, phase = np.hypot(cosine, sine), np.arctan2(sine, cosine)
    half = np.arccos((-still / reach).clip(-1, 1))
    candidates = _wrapped(np.stack([half - phase, -half - phase]))
    roll = np.where(np.abs(candidates[0]) < np.abs(candidates[1]), *candidates)
    nod = _about(axis, -roll) @ turns
    return np.arctan2(-nod[:, 2, 1], nod[:, 1, 1]), np.arctan2(-nod[:, 0, 2], nod[:, 0, 0]), roll


def _wrapped(angles: np.ndarray) -> np.ndarray:
    return (angles + np.pi) % (2 * np.pi) - np.pi


def _about(axis: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return the rotations (N, 3, 3) about a unit vector (3,) by angles (N,)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    sine, versed = np.sin(angles)[:, None, None], (1 - np.cos(angles))[:, None, None]
    return np.eye(3) + sine * cross + versed * (cross @ cross)
