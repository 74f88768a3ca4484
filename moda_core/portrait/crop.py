"""The square around a face that the released networks see (spec G)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..face.landmarks import FaceLandmarks, face_axes
from ..face.mesh_points import JAW, LEFT_BROW, MOUTH_CORNERS, OUTER_LIPS, RIGHT_BROW
from .resample_picture import sample_bilinear, sampling_grid

CROP_SIZE = 512
CROP_SCALE = 2.3  # side of the square over that of the points' bounding box
CROP_VY = -0.125  # of the square along the face, in sides; negative is towards the forehead

# Points of the mesh that lie where the 106 landmarks do: jaw from ear to ear, brows, eyes, nose and
# lips, but no forehead.
LEFT_LIDS, RIGHT_LIDS = [33, 159, 133, 145], [362, 386, 263, 374]
NOSE = [1, 2, 4, 98, 327, 168, 6, 197, 195, 5]
CROP_POINTS = [127, *JAW, 356, *LEFT_BROW, *RIGHT_BROW, *LEFT_LIDS, *RIGHT_LIDS, *NOSE, *OUTER_LIPS]


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


def crop_from_landmarks(landmarks: FaceLandmarks, scale: float = CROP_SCALE) -> CropTransform:
    """Return the reference's crop around the points of a mesh that lie where its 106 do.

    Parameters
    ----------
    scale : float
        Side of the square over that of the bounding box of these points.

    Returns
    -------
    CropTransform
        Of `CROP_SIZE` pixels.

    Raises
    ------
    ValueError
        If all points coincide, or the scale is not above 0.
    """
    if not 0 < scale < math.inf:
        raise ValueError(f"Expected a scale of the crop above 0, got {scale}.")
    # Landmarks count from the corner of the first pixel, the reference from its centre.
    mesh = (landmarks.mesh[:, :2] - 0.5).astype(np.float32)
    left, right, mouth = (mesh[of].mean(axis=0) for of in (LEFT_LIDS, RIGHT_LIDS, MOUTH_CORNERS))
    axes = face_axes((left + right) / 2, mouth)
    return crop_around(mesh[CROP_POINTS], axes, scale)


def crop_around(
    points: np.ndarray,
    axes: np.ndarray,
    scale: float = CROP_SCALE,
    vy: float = CROP_VY,
    size: int = CROP_SIZE,
) -> CropTransform:
    """Return the square around the box of points (n, 2) along the axes (2, 2) of the face.

    `scale` is the side of the square over that of the box; `vy` shifts it along the face, in sides,
    negative towards the forehead. Raises `ValueError` if all points coincide.
    """
    middle = points.mean(axis=0)
    turned = (points - middle) @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    side = float((high - low).max()) * scale
    if not side > 0:
        raise ValueError("Expected the points of a face, got all of them at one place.")
    center = middle + (low + high) / 2 @ axes + axes[1] * (vy * side)
    return CropTransform(center.astype(np.float32), side, axes_angle(axes), size)


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
