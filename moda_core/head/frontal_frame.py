"""The frontal frame: coordinates of a face as if it faced the viewer, whatever its pose.

Its origin lies between the eyes, its unit is their distance, x runs along the line of the eyes to
the image's right, y down the face, all measured on the surface of the fitted head.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import map_coordinates
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import LEFT_IRIS, RIGHT_IRIS
from .head_fit import CAMERA_DISTANCE, HeadFit

INVERSION_STEPS = 20


@dataclass(frozen=True, eq=False)
class FrontalFrame:
    """Place of the frontal frame in the picture.

    Parameters
    ----------
    coordinates : array, shape (2, h, w)
        Frontal x and y at the cells of the moving region.
    corner, step : array, shape (2,)
        Pixel of the first cell's centre, and pixels between cells, by x and y.
    origin : array, shape (2,)
        Pixel between the eyes.
    axes : array, shape (2, 2)
        Columns: pixels of an eye distance along the face and down it.
    unit : float
        Pixels in an eye distance of a face that looks at the viewer.
    """

    coordinates: np.ndarray
    corner: np.ndarray
    step: np.ndarray
    origin: np.ndarray
    axes: np.ndarray
    unit: float

    def to_face(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Convert pixels of the picture to frontal coordinates; at the border beyond the region."""
        x, y = np.broadcast_arrays(x, y)
        sampled = _at(
            self.coordinates,
            (x - self.corner[0]) / self.step[0],
            (y - self.corner[1]) / self.step[1],
        )
        return tuple(sampled)

    def to_pixels(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Convert frontal coordinates to pixels of the picture."""
        wanted = np.stack(np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float)))
        columns, rows = self._shown(wanted) + self.origin.reshape(2, *[1] * (wanted.ndim - 1))
        for _ in range(INVERSION_STEPS):
            across, down = self._shown(wanted - np.stack(self.to_face(columns, rows)))
            columns, rows = columns + across, rows + down
        return columns, rows

    def _shown(self, shift: np.ndarray) -> np.ndarray:
        """Return the pixels of a small shift (2, ...) in frontal coordinates."""
        return np.tensordot(self.axes, shift, axes=1)


def frontal_frame(
    fit: HeadFit, landmarks: FaceLandmarks, points: Tensor, x: Tensor, y: Tensor
) -> FrontalFrame:
    """Give frontal coordinates to a region.

    `points` (h, w, 3) are the camera's axes of its cells, at pixels x (w,) and y (h,).
    """
    head = (points @ fit.rotation).numpy()  # in the head's axes
    corner, step = np.array([x[0], y[0]]), np.array([x[1] - x[0], y[1] - y[0]])
    irises = landmarks.mesh[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2]
    eyes = _at(head.transpose(2, 0, 1), *((irises - corner) / step).T).T
    across = eyes[1, :2] - eyes[0, :2]
    length = float(np.hypot(*across))
    right = across / length
    turn = np.array([right, [-right[1], right[0]]])
    coordinates = np.einsum("ij,hwj->ihw", turn, head[..., :2] - eyes[:, :2].mean(axis=0)) / length
    depth = float((torch.from_numpy(eyes.mean(axis=0)) @ fit.rotation.T)[2])
    unit = length * fit.scale * CAMERA_DISTANCE / (CAMERA_DISTANCE - depth)
    axes = unit * fit.rotation[:2, :2].numpy() @ turn.T
    return FrontalFrame(coordinates, corner, step, irises.mean(axis=0), axes, unit)


def _at(values: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Sample values (c, h, w) at places of any shape, linearly."""
    places = [np.ravel(rows), np.ravel(columns)]
    sampled = [map_coordinates(each, places, order=1, mode="nearest") for each in values]
    return np.reshape(sampled, (len(values), *np.shape(rows)))
