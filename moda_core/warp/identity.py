"""The identity input of the starter's motion model: 63 numbers from the landmarks of any face."""

import numpy as np
import torch
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from .face_shape import face_shape

# 21 points of a template face (x, y, z) in eye distances; x and y as in the face frame.
TEMPLATE = (
    (0.0, -0.81, 0.85),
    (-0.28, -0.33, 0.95),
    (0.28, -0.33, 0.95),
    (-0.6, 0.62, 0.75),
    (0.0, 0.645, 1.35),
    (-1.07, 0.1, 0.0),
    (-0.62, 1.35, 0.5),
    (0.6, 0.62, 0.75),
    (0.62, 1.35, 0.5),
    (1.07, 0.1, 0.0),
    (0.0, 0.2, 1.05),
    (-0.5, 0.0, 0.85),
    (-0.2, 1.0, 1.0),
    (-0.5, 0.08, 0.85),
    (0.2, 1.0, 1.0),
    (0.5, 0.0, 0.85),
    (0.5, 0.08, 0.85),
    (-0.36, 1.04, 0.9),
    (0.36, 1.04, 0.9),
    (0.0, 1.1, 1.05),
    (0.0, 0.96, 1.05),
)
MOUTH_HALF_WIDTH = 0.36  # of the template
EYE_DISTANCES_PER_UNIT = 2.35
LIPS = [12, 14, 17, 18, 19, 20]


def identity_keypoints(landmarks: FaceLandmarks) -> Tensor:
    """Fit the template's 21 keypoints to a face; returns x, y, z by keypoint, (63,).

    In the units of the motion's translation; invariant to shift, rotation and scale of the picture.
    """
    shape = face_shape(landmarks)
    points = np.array(TEMPLATE)
    points[:, 1] *= np.where(points[:, 1] > 0, shape.length, 1.0)
    points[LIPS, 0] = shape.mouth.x + points[LIPS, 0] * shape.mouth.half_width / MOUTH_HALF_WIDTH
    return torch.tensor(points / EYE_DISTANCES_PER_UNIT, dtype=torch.float32).reshape(63)
