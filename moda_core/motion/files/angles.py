"""Angles of a head from its rotation, the other way round of `keypoints.rotation_matrix`."""

import numpy as np

ORTHOGONAL = 0.01  # how far a stored rotation may be from an exact one


def rotation_angles(rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pitch, yaw and roll (N,) in degrees of rotation matrices (N, 3, 3)."""
    turned = np.asarray(rotation, dtype=np.float64).transpose(0, 2, 1)
    square = turned @ turned.transpose(0, 2, 1)
    with np.errstate(all="ignore"):
        proper = (np.abs(square - np.eye(3)).max(axis=(1, 2)) < ORTHOGONAL) & (
            np.linalg.det(turned) > 0
        )
    if not proper.all():
        raise ValueError(f"matrix {int(np.argmin(proper))} is not a rotation")
    side = np.hypot(turned[:, 0, 0], turned[:, 1, 0])  # cos(yaw)
    free = side > 1e-6
    yaw = np.arctan2(-turned[:, 2, 0], side)
    roll = np.where(free, np.arctan2(turned[:, 1, 0], turned[:, 0, 0]), 0.0)
    pitch = np.where(
        free,
        np.arctan2(turned[:, 2, 1], turned[:, 2, 2]),
        np.arctan2(-turned[:, 1, 2], turned[:, 1, 1]),
    )
    return tuple(np.degrees(angle) for angle in (pitch, yaw, roll))
