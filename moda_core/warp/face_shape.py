"""The face frame, and the shape of a face in it.

The frame has its origin between the eyes, the distance of the eyes as its unit, x along the line of
the eyes to the image's right, and y down the face.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor

from ..face.curve import curve_terms
from ..face.eye_shape import EyeShape, measure_eye
from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import (
    CHIN,
    INNER_LIPS_MIDDLE,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_IRIS,
    MOUTH_CORNERS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_IRIS,
    UPPER_INNER_LIP,
)
from ..head.seen_glasses import Rims

SEAM_Y = 1.04  # of the closed lips of an average face, in eye distances
LENGTH_RANGE = (0.85, 1.3)  # of a face's length over the average
MOUTH_HALF_WIDTH_RANGE = (0.2, 0.6)
LEAN_LIMIT = 0.35
TILT_LIMIT = 0.35  # radians
CHIN_BELOW_MOUTH = 0.35  # at least
SEAM_TERMS = 4
SEAM_RIDGE = 0.01  # against wild curves


def rotate(x: Tensor, y: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Rotate vectors clockwise in the image, where y is down, by an angle in radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos - y * sin, x * sin + y * cos


class Frame(Protocol):
    """Coordinates of a face: the picture's (`FaceFrame`) or frontal ones (`FrontalFrame`)."""

    unit: float  # pixels in an eye distance

    def to_face(self, x, y):
        """Convert pixels of the picture, x to the right, y down."""

    def to_pixels(self, x, y):
        """Convert coordinates of the face to pixels of the picture."""


@dataclass(frozen=True)
class FaceFrame:
    """Place of a frame in the picture's plane."""

    origin_x: float  # midpoint of the eyes in pixels
    origin_y: float
    unit: float  # distance of the eyes in pixels
    angle: float  # of the line of the eyes in radians, clockwise in the image

    def to_face(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Convert pixels of the picture."""
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
    spoken : float in [0, 1]
        How far the jaw has opened the lips, as in a frame of speech; lips of a portrait part in a
        smile.
    """

    x: float
    y: float
    tilt: float
    half_width: float
    upper: float
    lower: float
    lean: float = 0.0
    seam: tuple[float, ...] = ()
    spoken: float = 0.0

    @property
    def gap(self) -> float:
        """Opening of the lips in the picture, in eye distances."""
        return self.lower - self.upper


@dataclass(frozen=True)
class FaceShape:
    """A face in its frame; lengths in eye distances.

    Parameters
    ----------
    eyes : pair of EyeShape
        The image's left one first.
    length : float
        Height of the mouth below the eyes over the average.
    chin : float
        Height of the tip of the chin below the eyes.
    brow : float
        Height of the upper edge of the brows below the eyes: negative.
    rims : pair of tuple of float, optional
        Of glasses, see `find_rims`.
    """

    frame: Frame
    mouth: MouthShape
    eyes: tuple[EyeShape, EyeShape]
    length: float
    chin: float
    brow: float
    rims: Rims | None = None


def face_shape(landmarks: FaceLandmarks) -> FaceShape:
    """Measure a face by its mesh, as the picture shows it.

    Raises `ValueError` if the eyes are less than 4 pixels apart, or the mouth is not below them.
    """
    if landmarks.eye_distance < 4:
        raise ValueError(
            f"The eyes are {landmarks.eye_distance:.1f} pixels apart. Use a larger picture, "
            "or correct the points."
        )
    across, down = (landmarks.right_eye - landmarks.left_eye).tolist()
    frame = FaceFrame(*landmarks.eyes.tolist(), landmarks.eye_distance, math.atan2(down, across))
    return measure_face(landmarks, frame)


def measure_face(landmarks: FaceLandmarks, frame: Frame) -> FaceShape:
    """Measure a face in a frame; raises `ValueError` if the mouth is not below the eyes."""
    mesh = np.stack(frame.to_face(landmarks.mesh[:, 0], landmarks.mesh[:, 1]), axis=1)
    mouth = mouth_shape(mesh)
    if mouth.y < 0.3:
        raise ValueError("The mouth does not lie below the eyes. Correct the points.")
    length = float(np.clip((mouth.y + mouth.upper) / SEAM_Y, *LENGTH_RANGE))
    return FaceShape(
        frame,
        mouth,
        (
            measure_eye(mesh[LEFT_EYE], mesh[LEFT_IRIS]),
            measure_eye(mesh[RIGHT_EYE], mesh[RIGHT_IRIS]),
        ),
        length,
        chin=max(float(mesh[CHIN, 1]), mouth.y + CHIN_BELOW_MOUTH),
        brow=float(mesh[[LEFT_BROW[2], RIGHT_BROW[2]], 1].mean()),
    )


def mouth_shape(mesh: np.ndarray) -> MouthShape:
    """Measure the mouth of a mesh (468 or more, 2) in the face frame."""
    (left, right), (upper, lower) = mesh[MOUTH_CORNERS], mesh[INNER_LIPS_MIDDLE]
    middle, across = (left + right) / 2, right - left
    tilt = float(np.clip(math.atan2(across[1], across[0]), -TILT_LIMIT, TILT_LIMIT))
    half_width = float(np.clip(np.hypot(*across) / 2, *MOUTH_HALF_WIDTH_RANGE))
    axes = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    (upper_x, upper_y), (lower_x, lower_y) = ((point - middle) @ axes.T for point in (upper, lower))
    upper_y, lower_y = min(upper_y, lower_y), max(upper_y, lower_y)
    lean = float(np.clip((upper_x + lower_x) / 2 / half_width, -LEAN_LIMIT, LEAN_LIMIT))
    place, height = ((mesh[UPPER_INNER_LIP] - middle) @ axes.T).T
    place = place / half_width
    across = place - lean * (1 - place**2).clip(0)
    rest = height - (1 - across**2).clip(0) * upper_y
    seam = curve_terms(across, rest, range(1, SEAM_TERMS + 1), SEAM_RIDGE)
    return MouthShape(
        *middle.tolist(), tilt, half_width, float(upper_y), float(lower_y), lean, seam
    )
