"""A face's landmarks as if it faced the viewer, and what they tell of its expression.

Distances on the surface of the fitted head do not change when the head turns. Their unit is the
person's eye distance, x runs to the image's right and y down the face.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import (
    LEFT_EYE,
    LEFT_IRIS,
    MOUTH_CORNERS,
    NUM_POINTS,
    NUM_SURFACE_POINTS,
    RIGHT_EYE,
    RIGHT_IRIS,
)
from .head_fit import CAMERA_DISTANCE, HeadFit
from .head_model import head_model

UPPER_LIP, LOWER_LIP = [82, 13, 312], [87, 14, 317]  # middles of the inner edges
UNDER_NOSE = [97, 2, 326]
EYE_CORNERS = [33, 133, 362, 263]
LIDS = ([160, 159, 158], [144, 145, 153]), ([385, 386, 387], [380, 374, 373])  # upper, lower

# Measures: an axis, and points of which the means are added and subtracted. Left and right are the
# picture's.
Measure = tuple[str, Sequence[int], Sequence[int]]
MEASURES: dict[str, Measure] = {
    "gap": ("y", LOWER_LIP, UPPER_LIP),
    "width": ("x", MOUTH_CORNERS[1:], MOUTH_CORNERS[:1]),
    "corners": ("y", MOUTH_CORNERS, UNDER_NOSE),
    "left_corner": ("y", MOUTH_CORNERS[:1], UNDER_NOSE[:1]),
    "right_corner": ("y", MOUTH_CORNERS[1:], UNDER_NOSE[2:]),
    "upper_lip": ("y", UPPER_LIP, [37, 0, 267]),  # thickness
    "lower_lip": ("y", [84, 17, 314], LOWER_LIP),
    "lip_line": ("y", [37, 0, 267], UNDER_NOSE),
    "under_lip": ("y", [17], UNDER_NOSE),
    "cheeks": ("y", [50, 205, 280, 425], EYE_CORNERS),
    "nose_x": ("x", [1, 4], [97, 326, *EYE_CORNERS]),
    "mouth_x": ("x", [13, 14], [97, 326, *EYE_CORNERS]),
    "nose_wings": ("y", [48, 64, 278, 294], EYE_CORNERS),
    "left_lids": ("y", LIDS[0][1], LIDS[0][0]),
    "right_lids": ("y", LIDS[1][1], LIDS[1][0]),
    "inner_brows": ("y", [55, 66, 107, 285, 296, 336], EYE_CORNERS),
    "middle_brows": ("y", [52, 105, 282, 334], EYE_CORNERS),
    "outer_brows": ("y", [46, 70, 276, 300], EYE_CORNERS),
    "between_brows": ("x", [336], [107]),
    "irises": ("x", [LEFT_IRIS[0], RIGHT_IRIS[0]], EYE_CORNERS),
}


@dataclass(frozen=True, eq=False)
class PersonsHead:
    """The surface of one person's head at the landmarks, at rest.

    Parameters
    ----------
    shape : Tensor, shape (40,)
        See `HeadFit`.
    surface : array, shape (468, 3)
        In the axes of the head model, decimetres.
    unit : float
        Distance of the middles of the eyes, in decimetres.
    """

    shape: Tensor
    surface: np.ndarray
    unit: float

    @classmethod
    def of(cls, shape: Tensor) -> "PersonsHead":
        """Return that of a shape (40,)."""
        mean, shapes, _ = head_model().landmarks
        surface = (mean + torch.tensordot(shape, shapes, 1)).numpy()
        left, right = (surface[ring].mean(axis=0) for ring in (LEFT_EYE, RIGHT_EYE))
        return cls(shape, surface, float(np.hypot(*(right - left)[:2])))

    def unturned(self, fit: HeadFit, landmarks: FaceLandmarks) -> np.ndarray:
        """Return the landmarks (478, 2) in the head's axes, in eye distances.

        Pixels are cast onto the surface that the fit's expression moves.
        """
        moved = self.surface + torch.tensordot(fit.moves, head_model().landmarks[2], 1).numpy()
        turn = fit.rotation.numpy()
        depth = np.empty(NUM_POINTS)
        depth[:NUM_SURFACE_POINTS] = moved @ turn[2]
        for iris, ring in ((LEFT_IRIS, LEFT_EYE), (RIGHT_IRIS, RIGHT_EYE)):
            depth[iris] = depth[ring].mean()
        size = fit.scale * CAMERA_DISTANCE / (CAMERA_DISTANCE - depth)
        across = (landmarks.mesh[:, :2] - fit.centre.numpy()) / size[:, None]
        return (np.column_stack([across, depth]) @ turn)[:, :2] / self.unit


def measure(points: np.ndarray) -> np.ndarray:
    """Return the `MEASURES` of unturned landmarks (478, 2)."""
    return _MEANS @ points.ravel()


def _means(measures: Mapping[str, Measure]) -> np.ndarray:
    """Return the rows (M, 478 * 2) that give measures of points."""
    rows = np.zeros((len(measures), NUM_POINTS, 2))
    for row, (axis, added, subtracted) in zip(rows, measures.values(), strict=True):
        row[added, "xy".index(axis)] += 1 / len(added)
        row[subtracted, "xy".index(axis)] -= 1 / len(subtracted)
    return rows.reshape(len(measures), -1)


_MEANS = _means(MEASURES)
