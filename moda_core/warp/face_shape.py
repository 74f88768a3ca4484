"""The face frame, and the shape of a face in it.

The frame has its origin between the eyes, the distance of the eyes as its unit, x along the line of
the eyes to the image's right, and y down the face. What the six landmarks leave open comes from a
template.
"""

import math
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..face.landmarks import FaceLandmarks

# Template, in eye distances (medians over 20 portraits).
SEAM_Y = 1.04  # of the closed lips
CHIN_Y = 1.71
BROW_Y = -0.35
HALF_FACE = 1.07
EYE_X, EYE_HALF_WIDTH = 0.49, 0.215
UPPER_LID, LOWER_LID = -0.085, 0.088
MOUTH_HALF_WIDTH = 0.36

LENGTH_RANGE = (0.85, 1.3)  # of a face's length over the template's
MOUTH_HALF_WIDTH_RANGE = (0.2, 0.6)
LEAN_LIMIT = 0.35


def rotate(x: Tensor, y: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Rotate vectors clockwise in the image, where y is down, by an angle in radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos - y * sin, x * sin + y * cos


@dataclass(frozen=True)
class FaceFrame:
    """Place of the face frame in the picture.

    Parameters
    ----------
    origin_x, origin_y : float
        Midpoint of the eyes in pixels.
    unit : float
        Distance of the eyes in pixels.
    angle : float
        Of the line of the eyes in radians, clockwise in the image.
    """

    origin_x: float
    origin_y: float
    unit: float
    angle: float

    def to_face(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Convert pixels of the picture, x to the right, y down, to the face frame."""
        x, y = (x - self.origin_x) / self.unit, (y - self.origin_y) / self.unit
        return rotate(x, y, -self.angle)

    def to_pixels(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Convert face coordinates to pixels of the picture."""
        across, down = rotate(x, y, self.angle)
        return across * self.unit + self.origin_x, down * self.unit + self.origin_y


@dataclass(frozen=True)
class MouthShape:
    """The mouth in the picture, in its own frame along the line of its corners.

    Parameters
    ----------
    x, y : float
        Midpoint of the corners in the face frame.
    tilt : float
        Of the line of the corners in the face frame, in radians.
    half_width : float
        Half the distance of the corners.
    upper, lower : float
        Inner edges of the lips in the middle, below the line of the corners.
    lean : float
        Offset of the middle of the lips from that of the corners, in half widths; not 0 if the
        face is turned to the side.
    seam : tuple of float
        Terms ``across**1, across**2, ...`` that the seam adds to its height in the middle.
    """

    x: float
    y: float
    tilt: float
    half_width: float
    upper: float
    lower: float
    lean: float = 0.0
    seam: tuple[float, ...] = ()

    @property
    def gap(self) -> float:
        """Opening of the lips in the picture, in eye distances."""
        return self.lower - self.upper


@dataclass(frozen=True)
class EyeShape:
    """The opening of one eye in the face frame.

    Parameters
    ----------
    x, y : float
        Middle of the line between the corners.
    half_width : float
        Half the distance of the corners.
    upper, lower : float
        Middle of the lids, below `y`.
    """

    x: float
    y: float
    half_width: float
    upper: float
    lower: float


@dataclass(frozen=True)
class FaceShape:
    """A face in its frame; lengths in eye distances.

    Parameters
    ----------
    eyes : pair of EyeShape
        The image's left one first.
    length : float
        Length of the face over the template's.
    """

    frame: FaceFrame
    mouth: MouthShape
    eyes: tuple[EyeShape, EyeShape]
    length: float

    @property
    def chin(self) -> float:
        """Height of the tip of the chin below the eyes."""
        return CHIN_Y * self.length

    @property
    def brow(self) -> float:
        """Height of the brows below the eyes: negative."""
        return BROW_Y


def face_shape(landmarks: FaceLandmarks) -> FaceShape:
    """Fit the template to the landmarks of a face.

    Raises `ValueError` if the eyes are less than 4 pixels apart, or the mouth is not below them.
    """
    if landmarks.eye_distance < 4:
        raise ValueError(
            f"The eyes are {landmarks.eye_distance:.1f} pixels apart. Use a larger picture, "
            "or correct the points."
        )
    across, down = (landmarks.right_eye - landmarks.left_eye).tolist()
    frame = FaceFrame(*landmarks.eyes.tolist(), landmarks.eye_distance, math.atan2(down, across))
    mouth = _mouth_shape(landmarks, frame)
    if mouth.y < 0.3:
        raise ValueError("The mouth does not lie below the eyes. Correct the points.")
    length = float(np.clip((mouth.y + mouth.upper) / SEAM_Y, *LENGTH_RANGE))
    eyes = tuple(
        EyeShape(side * EYE_X, 0.01, EYE_HALF_WIDTH, UPPER_LID, LOWER_LID) for side in (-1, 1)
    )
    return FaceShape(frame, mouth, eyes, length)


def _mouth_shape(landmarks: FaceLandmarks, frame: FaceFrame) -> MouthShape:
    left, right, upper, lower = (
        np.array(frame.to_face(*point)) for point in landmarks.points()[2:]
    )
    middle, across = (left + right) / 2, right - left
    tilt = float(np.clip(math.atan2(across[1], across[0]), -0.35, 0.35))
    half_width = float(np.clip(np.hypot(*across) / 2, *MOUTH_HALF_WIDTH_RANGE))
    below = np.array([-math.sin(tilt), math.cos(tilt)])
    upper_y, lower_y = float((upper - middle) @ below), float((lower - middle) @ below)
    upper_y, lower_y = min(upper_y, lower_y), max(upper_y, lower_y)
    aside = float(((upper + lower) / 2 - middle) @ (below[1], -below[0])) / half_width
    lean = float(np.clip(aside, -LEAN_LIMIT, LEAN_LIMIT))
    return MouthShape(*middle.tolist(), tilt, half_width, upper_y, lower_y, lean)
