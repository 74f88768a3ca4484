"""Affine warps and reduction of pictures by OpenCV's rules."""

import numpy as np
import torch
from einops import rearrange, reduce
from torch import Tensor
from torch.nn import functional as F


def sampling_grid(
    matrix: np.ndarray, source: tuple[int, int], area: tuple[int, int, int, int]
) -> Tensor:
    """Return the grid for `grid_sample` of an affine warp.

    Parameters
    ----------
    matrix : array, shape (3, 3)
        From points (x, y, 1) of the source to those of the result, the centres of their first
        pixels at (0, 0).
    source : (height, width)
        Size of the picture to be sampled.
    area : (top, left, height, width)
        Part of the result to compute.

    Returns
    -------
    Tensor, shape (height, width, 2), float32
        For ``align_corners=False``.
    """
    top, left, height, width = area
    inverse = np.linalg.inv(np.asarray(matrix, np.float64))
    x = torch.arange(left, left + width, dtype=torch.float64)
    y = torch.arange(top, top + height, dtype=torch.float64)[:, None]
    grid = []
    for (along, across, start), size in zip(inverse[:2], source[::-1], strict=True):
        # -1 and 1 are the outer edges of the source. Scaled before the sum, which is large.
        rest = 2 / size * (across * y + start + 0.5) - 1
        grid.append((2 / size * along * x + rest).float())
    return torch.stack(grid, dim=-1)


def sample_bilinear(picture: Tensor, grid: Tensor) -> Tensor:
    """Sample a picture (H, W, C) of any type bilinearly, with zeros around it.

    Returns (height, width, C), float32; `grid` is that of `sampling_grid`, on the picture's device.
    """
    pixels = rearrange(picture, "h w c -> 1 c h w").float()
    sampled = F.grid_sample(pixels, grid[None], mode="bilinear", align_corners=False)
    return rearrange(sampled, "1 c h w -> h w c")


def reduce_area(picture: Tensor, size: int) -> Tensor:
    """Reduce a square picture (H, H, C), uint8, to the means of whole blocks of pixels.

    Returns (size, size, C), rounded, halves up. Raises `ValueError` if the picture is not square or
    `size` doesn't divide its side.
    """
    height, width = picture.shape[:2]
    if height != width or size < 1 or height % size:
        raise ValueError(
            f"Expected a square picture whose side is a multiple of {size}, got {height} x {width}."
        )
    total = reduce(picture.to(torch.int32), "(h a) (w b) c -> h w c", "sum", h=size, w=size)
    count = (height // size) ** 2
    return torch.div(2 * total + count, 2 * count, rounding_mode="floor").to(torch.uint8)
