"""Where the animated crop covers the picture: masks from 0 (the picture) to 1 (the crop)."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from .crop import CropTransform
from .resample_picture import sample_bilinear, sampling_grid

TEMPLATE_FEATHER = 16.0  # pixels of the crop
THINNEST = 1e-6  # stands for no feather, which would divide by zero


def template_mask(size: int, feather: float = TEMPLATE_FEATHER, erosion: float = 0.0) -> Tensor:
    """Return the square with soft edges and rounded corners that the reference uses (spec G).

    Parameters
    ----------
    size : int
        Side in pixels.
    feather : float
        Width of the soft edge in pixels.
    erosion : float
        Width of the border that stays empty, in pixels.

    Returns
    -------
    Tensor, shape (size, size), uint8
        0 at the border, 255 inside.
    """
    feather = max(feather, THINNEST)
    index = np.arange(size)
    short = np.maximum(feather + erosion - np.minimum(index, size - index), 0)
    distance = np.hypot(short, short[:, None]) / feather
    return torch.from_numpy(np.floor(255 * (1 - np.minimum(distance, 1))).astype(np.uint8))


def crop_box(transform: CropTransform, height: int, width: int) -> tuple[int, int, int, int]:
    """Return top, left, height and width of what the crop can touch of a picture."""
    size = transform.size
    corners = np.array([(-1, -1, 1), (size, -1, 1), (-1, size, 1), (size, size, 1)], np.float64)
    x, y = (corners @ transform.to_image.T.astype(np.float64))[:, :2].T
    left, right = (int(np.clip(at, 0, width)) for at in (np.floor(x.min()), np.ceil(x.max()) + 1))
    top, bottom = (int(np.clip(at, 0, height)) for at in (np.floor(y.min()), np.ceil(y.max()) + 1))
    return top, left, bottom - top, right - left


def covered_box(mask: Tensor) -> tuple[int, int, int, int]:
    """Return top, left, height and width of what a mask (H, W) covers; all 0 if it is empty."""
    rows, columns = (mask.any(dim=axis).nonzero() for axis in (1, 0))
    if not len(rows):
        return 0, 0, 0, 0
    top, left = int(rows[0]), int(columns[0])
    return top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left


def placed_template(
    transform: CropTransform, box: tuple[int, int, int, int], feather: float, erosion: float
) -> Tensor:
    """Return the template where the crop lies in the picture.

    Parameters
    ----------
    transform : CropTransform
    box : (top, left, height, width)
        Part of the picture that is wanted.
    feather, erosion : float
        As in `template_mask`, in pixels of the crop.

    Returns
    -------
    Tensor, shape (height, width), float32, in [0, 1]
        In steps of 1/255, as the reference's mask is an 8-bit picture.
    """
    template = template_mask(transform.size, feather, erosion)[..., None]
    grid = sampling_grid(transform.to_image, (transform.size, transform.size), box)
    return sample_bilinear(template, grid)[..., 0].round() / 255


def softened_mask(mask: Tensor, feather: float, erosion: float) -> Tensor:
    """Shrink a mask and soften its edge, inwards only.

    Parameters
    ----------
    mask : Tensor, shape (H, W), in [0, 1]
        Its edge is where it crosses 0.5; the picture's border is none.
    feather, erosion : float
        Widths of the soft edge and of what is taken away, in pixels.

    Returns
    -------
    Tensor, shape (H, W), float32
        The mask itself where both are 0.
    """
    if not feather and not erosion:
        return mask.float()
    inside = (mask >= 0.5).numpy()
    if inside.all():
        return mask.float()
    # A pixel at the edge is half a pixel inside.
    depth = torch.from_numpy(ndimage.distance_transform_edt(inside)).float() - 0.5 - erosion
    return mask.float() * (depth / max(feather, THINNEST)).clamp(0, 1)
