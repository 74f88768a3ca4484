"""Landmarks of one face, in pixels of the picture."""

from dataclasses import dataclass, replace

import numpy as np

from .mesh_points import INNER_LIPS_MIDDLE, LEFT_IRIS, MOUTH_CORNERS, NUM_SURFACE_POINTS, RIGHT_IRIS

SHORTEST_AXIS = 1e-3  # pixels from the eyes to the mouth, below which a face counts as upright
# The six points that locate a face, in the order of `FaceLandmarks.points`.
SIX_POINTS = [LEFT_IRIS[0], RIGHT_IRIS[0], *MOUTH_CORNERS, *INNER_LIPS_MIDDLE]


@dataclass(frozen=True, eq=False)
class FaceLandmarks:
    """The mesh of one face.

    `left` and `right` are the image's; all points are (x, y) in pixels of the full picture, x to
    the right, y down, the centre of the first pixel at (0.5, 0.5).

    Parameters
    ----------
    mesh : array, shape (478, 3), float64
        In the order of `mesh_points`; z is in pixels too, smaller towards the viewer.
    confidence : float in [0, 1]
        Probability that eyes and mouth are within 0.1 eye distances; 1 for points given by the
        user. See `LOW_CONFIDENCE`.
    """

    mesh: np.ndarray
    confidence: float = 1.0

    @property
    def left_eye(self) -> np.ndarray:
        """Centre of the left iris, (2,)."""
        return self.mesh[LEFT_IRIS[0], :2]

    @property
    def right_eye(self) -> np.ndarray:
        """Centre of the right iris, (2,)."""
        return self.mesh[RIGHT_IRIS[0], :2]

    @property
    def eye_distance(self) -> float:
        """Distance of the eye centres in pixels, the unit of the face frame."""
        return float(np.hypot(*(self.right_eye - self.left_eye)))

    @property
    def eyes(self) -> np.ndarray:
        """Midpoint of the eyes, (2,)."""
        return (self.left_eye + self.right_eye) / 2

    @property
    def mouth(self) -> np.ndarray:
        """Midpoint of the mouth's corners, (2,)."""
        return self.mesh[MOUTH_CORNERS, :2].mean(axis=0)

    @property
    def box(self) -> np.ndarray:
        """Left, top, right and bottom of the face without the ears and the hair, (4,)."""
        surface = self.mesh[:NUM_SURFACE_POINTS, :2]
        return np.concatenate([surface.min(axis=0), surface.max(axis=0)])

    @property
    def size(self) -> float:
        """Longer side of the box in pixels."""
        return float((self.box[2:] - self.box[:2]).max())

    def points(self) -> np.ndarray:
        """Return six points (6, 2): eyes, corners of the mouth, inner edges of the lips.

        Left before right, upper before lower.
        """
        return self.mesh[SIX_POINTS, :2]

    def scaled(self, x: float, y: float) -> "FaceLandmarks":
        """Return the landmarks in a picture scaled by factors."""
        return replace(self, mesh=self.mesh * (x, y, (x + y) / 2))


def face_axes(eyes: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """Return the unit vectors (2, 2), float32, to the right of a face and down it.

    `eyes` and `mouth` are midpoints (2,). If they coincide, the axes are those of the picture.
    """
    down = np.asarray(mouth - eyes, np.float32)
    length = float(np.hypot(*down))
    down = np.array([0, 1], np.float32) if length <= SHORTEST_AXIS else down / length
    return np.array([[down[1], -down[0]], down], np.float32)
