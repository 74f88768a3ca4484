"""The square around a face that the released networks see (spec G)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..face.jaw import jaw_offset
from ..face.landmarks import FaceLandmarks, face_axes
from .resample_picture import sample_bilinear, sampling_grid

CROP_SIZE = 512
CROP_SCALE = 2.3  # side of the square over that of the points' bounding box
CROP_VY = -0.125  # of the square along the face, in sides; negative is towards the forehead

# Indices of the left eye, the right eye and the mouth, by the number of landmarks.
FACE_INDICES = {
    5: ((0,), (1,), (3, 4)),
    68: ((36, 39), (42, 45), (48, 54)),
    101: ((39, 42, 45, 48), (51, 54, 57, 60), (75, 81)),
    106: ((33, 35, 40, 39), (87, 89, 94, 93), (52, 61)),
    203: ((0, 6, 12, 18), (24, 30, 36, 42), (48, 66)),
}

# The box around the 106 landmarks, fitted to dense landmarks of portraits (`bench crop`): its side
# in distances from the eyes to the mouth plus distances between the eyes, and its centre below the
# eyes in distances from the eyes to the mouth.
FACE_SIDE = (1.05, 1.05)
FACE_CENTER = 0.63


@dataclass(frozen=True, eq=False)
class CropTransform:
    """The place of the crop in the picture, in pixels; the centre of the first pixel is (0, 0).

    Parameters
    ----------
    center : array, shape (2,), float32
        x, y of the square's centre in the picture.
    side : float
        Side of the square in pixels of the picture.
    angle : float
        Clockwise rotation of the face in the picture, in radians.
    size : int
        Side of the crop in its own pixels.
    """

    center: np.ndarray
    side: float
    angle: float
    size: int = CROP_SIZE

    @property
    def scale(self) -> float:
        """Pixels of the crop per pixel of the picture."""
        return self.size / self.side

    @property
    def to_crop(self) -> np.ndarray:
        """Matrix (3, 3), float32, from points (x, y, 1) of the picture to the crop's."""
        cosine, sine = self.scale * math.cos(self.angle), self.scale * math.sin(self.angle)
        x, y = (float(value) for value in self.center)
        half = self.size / 2
        across = [cosine, sine, half - (cosine * x + sine * y)]
        down = [-sine, cosine, half - (-sine * x + cosine * y)]
        return np.array([across, down, [0, 0, 1]], np.float32)

    @property
    def to_image(self) -> np.ndarray:
        """Matrix (3, 3), float32, from points (x, y, 1) of the crop to the picture's."""
        return np.linalg.inv(self.to_crop)


def crop_transform(
    points: np.ndarray,
    size: int = CROP_SIZE,
    scale: float = CROP_SCALE,
    vy: float = CROP_VY,
) -> CropTransform:
    """Return the reference's crop around a full set of landmarks (spec G).

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
    axes = face_axes((left + right) / 2, mouth)
    middle = points.mean(axis=0)
    turned = (points - middle) @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    side = float((high - low).max()) * scale
    if not side > 0:
        raise ValueError("Expected the points of a face, got all of them at one place.")
    center = middle + (low + high) / 2 @ axes + axes[1] * (vy * side)
    return CropTransform(center.astype(np.float32), side, axes_angle(axes), size)


def crop_from_landmarks(
    landmarks: FaceLandmarks, scale: float = CROP_SCALE, image: Tensor | None = None
) -> CropTransform:
    """Estimate the reference's crop from eyes and mouth alone.

    Parameters
    ----------
    scale : float
        Side of the square over that of the bounding box of the face's 106 landmarks.
    image : Tensor, shape (H, W, 3), uint8, optional
        The picture, from which the turn of the head is measured. Default: a frontal face.

    Returns
    -------
    CropTransform
        Of `CROP_SIZE` pixels.

    Raises
    ------
    ValueError
        If all points coincide, or the scale is not above 0.
    """
    eyes, mouth = landmarks.eyes, landmarks.mouth
    axes = face_axes(eyes, mouth)
    length = float(np.hypot(*(mouth - eyes)))
    eye_distance = abs(float((landmarks.right_eye - landmarks.left_eye) @ axes[0]))
    width = FACE_SIDE[0] * length + FACE_SIDE[1] * eye_distance
    if not width > 0:
        raise ValueError("Expected the points of a face, got all of them at one place.")
    if not 0 < scale < math.inf:
        raise ValueError(f"Expected a scale of the crop above 0, got {scale}.")
    offset = 0.0 if image is None else jaw_offset(image, landmarks, width)
    middle = eyes + (axes[0] * offset + axes[1] * FACE_CENTER) * length
    center = middle + axes[1] * (CROP_VY * scale * width)
    # Landmarks count from the corner of the first pixel, the reference from its centre.
    center = (center - 0.5).astype(np.float32)
    return CropTransform(center, scale * width, axes_angle(axes))


def axes_angle(axes: np.ndarray) -> float:
    """Return the clockwise rotation of a face in radians from its axes (2, 2)."""
    angle = math.acos(min(max(float(axes[0, 0]), -1.0), 1.0))
    return -angle if axes[0, 1] < 0 else angle


def crop_face(image: Tensor, transform: CropTransform) -> Tensor:
    """Cut the crop out of a picture (H, W, 3), uint8, bilinearly.

    Returns (size, size, 3), uint8; black beyond the edges of the picture.
    """
    area = (0, 0, transform.size, transform.size)
    grid = sampling_grid(transform.to_crop, image.shape[:2], area).to(image.device)
    return sample_bilinear(image, grid).round().to(torch.uint8)
