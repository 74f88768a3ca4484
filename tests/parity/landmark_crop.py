"""The reference's crop around a full set of landmarks of any of its detectors (spec G)."""

import numpy as np

from moda_core.face.landmarks import face_axes
from moda_core.portrait.crop import CROP_SCALE, CROP_SIZE, CROP_VY, CropTransform, crop_around

# Indices of the left eye, the right eye and the mouth, by the number of landmarks.
FACE_INDICES = {
    5: ((0,), (1,), (3, 4)),
    68: ((36, 39), (42, 45), (48, 54)),
    101: ((39, 42, 45, 48), (51, 54, 57, 60), (75, 81)),
    106: ((33, 35, 40, 39), (87, 89, 94, 93), (52, 61)),
    203: ((0, 6, 12, 18), (24, 30, 36, 42), (48, 66)),
}


def crop_transform(
    points: np.ndarray,
    size: int = CROP_SIZE,
    scale: float = CROP_SCALE,
    vy: float = CROP_VY,
) -> CropTransform:
    """Return the square of the reference.

    `points` are x, y of 5, 68, 101, 106 or 203 landmarks in their conventional order, the centre of
    the first pixel at (0, 0). `scale` is the side of the square over that of their bounding box;
    `vy` shifts it along the face, in sides, negative towards the forehead.
    """
    points = np.asarray(points, np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) not in FACE_INDICES:
        raise ValueError(
            f"Expected 5, 68, 101, 106 or 203 points (x, y), got shape {points.shape}."
        )
    left, right, mouth = (
        points[list(indices)].mean(axis=0) for indices in FACE_INDICES[len(points)]
    )
    return crop_around(points, face_axes((left + right) / 2, mouth), scale, vy, size)
