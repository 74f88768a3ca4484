"""Landmarks of one face, in pixels of the picture."""

from dataclasses import dataclass

import numpy as np

SHORTEST_AXIS = 1e-3  # pixels from the eyes to the mouth, below which a face counts as upright


@dataclass(frozen=True, eq=False)
class FaceLandmarks:
    """The points that locate a face.

    All points are float arrays (x, y) in pixels of the full picture, x to the right, y down, the
    centre of the first pixel at (0.5, 0.5). `left` and `right` are the image's.

    Parameters
    ----------
    left_eye, right_eye : array, shape (2,)
        Centres of the eyes (pupils when looking straight).
    left_mouth, right_mouth : array, shape (2,)
        Corners of the mouth.
    upper_lip, lower_lip : array, shape (2,)
        Middle of the inner edge of each lip; equal if the mouth is closed.
    confidence : float in [0, 1]
        Reliability of the points; 1 for points given by the user.
    """

    left_eye: np.ndarray
    right_eye: np.ndarray
    left_mouth: np.ndarray
    right_mouth: np.ndarray
    upper_lip: np.ndarray
    lower_lip: np.ndarray
    confidence: float = 1.0

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
        """Midpoint of the mouth corners, (2,)."""
        return (self.left_mouth + self.right_mouth) / 2

    def points(self) -> np.ndarray:
        """Return the six points (6, 2) in the order of the fields."""
        eyes, corners = (self.left_eye, self.right_eye), (self.left_mouth, self.right_mouth)
        return np.stack([*eyes, *corners, self.upper_lip, self.lower_lip])


def face_axes(eyes: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """Return the unit vectors (2, 2), float32, to the right of a face and down it.

    `eyes` and `mouth` are midpoints (2,). If they coincide, the axes are those of the picture.
    """
    down = np.asarray(mouth - eyes, np.float32)
    length = float(np.hypot(*down))
    down = np.array([0, 1], np.float32) if length <= SHORTEST_AXIS else down / length
    return np.array([[down[1], -down[0]], down], np.float32)
