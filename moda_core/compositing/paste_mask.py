"""Masks of the animated crop in the picture: 0 shows the picture, 1 the crop."""

import math

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from ..portrait.crop import CropTransform
from ..portrait.resample_picture import sample_bilinear, sampling_grid

TEMPLATE_FEATHER = 16.0  # pixels of the crop
THINNEST = 1e-6  # in place of a feather of 0, which would divide by zero


def template_mask(size: int, feather: float = TEMPLATE_FEATHER, erosion: float = 0.0) -> Tensor:
    """Return the reference's square mask with soft edges and rounded corners (spec G).

    It is (size, size) uint8, 0 at the border and 255 inside. `feather` and `erosion` are the widths
    of the soft edge and of an empty border, in pixels.
    """
    feather = max(feather, THINNEST)
    index = np.arange(size)
    short = np.maximum(feather + erosion - np.minimum(index, size - index), 0)
    distance = np.hypot(short, short[:, None]) / feather
    return torch.from_numpy(np.floor(255 * (1 - np.minimum(distance, 1))).astype(np.uint8))


def crop_box(transform: CropTransform, height: int, width: int) -> tuple[int, int, int, int]:
    """Return top, left, height and width of the part of a picture that the crop can touch."""
    size = transform.size
    corners = np.array([(-1, -1, 1), (size, -1, 1), (-1, size, 1), (size, size, 1)], np.float64)
    x, y = (corners @ transform.to_image.T.astype(np.float64))[:, :2].T
    left, right = (int(np.clip(at, 0, width)) for at in (np.floor(x.min()), np.ceil(x.max()) + 1))
    top, bottom = (int(np.clip(at, 0, height)) for at in (np.floor(y.min()), np.ceil(y.max()) + 1))
    return top, left, bottom - top, right - left


def covered_box(mask: Tensor) -> tuple[int, int, int, int]:
    """Return top, left, height and width of a mask's (H, W) nonzero part; all 0 if it is empty."""
    rows, columns = (mask.any(dim=axis).nonzero() for axis in (1, 0))
    if not len(rows):
        return 0, 0, 0, 0
    top, left = int(rows[0]), int(columns[0])
    return top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left


def mask_blocks(mask: Tensor, num_pixels: int) -> list[tuple[int, int, int, int]]:
    """Cut a mask into blocks of rows of about `num_pixels`: (start, end, solid_start, solid_end).

    `start` and `end` are the rows; the columns from `solid_start` to before `solid_end` are the
    longest part that is 1 in the whole block, where nothing has to be blended.
    """
    height, width = mask.shape
    rows = max(1, num_pixels // max(width, 1))
    blocks = []
    for start in range(0, height, rows):
        end = min(start + rows, height)
        edges = (mask[start:end] < 1).any(dim=0).nonzero()[:, 0].cpu().numpy()
        edges = np.concatenate([[-1], edges, [width]])
        longest = int(np.diff(edges).argmax())
        blocks.append((start, end, int(edges[longest]) + 1, int(edges[longest + 1])))
    return blocks


def check_mask(mask: Tensor, size: tuple[int, int] | None = None) -> None:
    """Raise ValueError unless a mask is (H, W), of the given size if any, and in [0, 1]."""
    if size is not None and tuple(mask.shape) != tuple(size):
        raise ValueError(
            f"Expected a mask of the picture's shape {tuple(size)}, got {tuple(mask.shape)}."
        )
    if mask.ndim != 2 or not mask.numel():
        raise ValueError(f"Expected a mask of shape (H, W), got {tuple(mask.shape)}. Choose one.")
    low, high = float(mask.min()), float(mask.max())
    if not (low >= 0 and high <= 1):  # also if one is NaN
        raise ValueError(f"Expected a mask between 0 and 1, got {low:g} to {high:g}.")


def check_widths(feather: float | None, erosion: float) -> None:
    """Raise ValueError unless the widths of a mask's soft edge are 0 or more pixels."""
    if not all(0 <= width < math.inf for width in (erosion, feather or 0.0)):
        raise ValueError(
            f"Expected a feather and an erosion of 0 or more pixels, got {feather} and {erosion}."
        )


def placed_template(
    transform: CropTransform, box: tuple[int, int, int, int], feather: float, erosion: float
) -> Tensor:
    """Return the template at the crop's place in a box of the picture: float32 in [0, 1].

    `feather` and `erosion` are in pixels of the crop. Steps are 1/255, since the reference's mask
    is an 8-bit picture.
    """
    template = template_mask(transform.size, feather, erosion)[..., None]
    grid = sampling_grid(transform.to_image, (transform.size, transform.size), box)
    return sample_bilinear(template, grid)[..., 0].round() / 255


def softened_mask(mask: Tensor, feather: float, erosion: float) -> Tensor:
    """Shrink a mask (H, W) in [0, 1] by `erosion` and soften its edge by `feather`, inwards only.

    Both are in pixels. The edge is where the mask crosses 0.5; the picture's border is not an edge.
    Returns float32: the values of the mask itself if both are 0.
    """
    if not feather and not erosion:
        return mask.float()
    inside = (mask >= 0.5).numpy()
    if inside.all():
        return mask.float()
    # A pixel at the edge is half a pixel inside.
    depth = torch.from_numpy(ndimage.distance_transform_edt(inside)).float() - 0.5 - erosion
    return mask.float() * (depth / max(feather, THINNEST)).clamp(0, 1)
