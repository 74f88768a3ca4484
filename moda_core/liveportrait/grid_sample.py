"""Linear sampling of pictures and volumes, also on devices that lack the operator."""

import itertools

import torch.nn.functional as F
from torch import Tensor

# No trilinear operator there, as of torch 2.13.
DEVICES_WITHOUT_VOLUMES = ("mps",)
FAR = 9.0  # a position far outside


def sample(values: Tensor, grid: Tensor) -> Tensor:
    """Sample linearly, with zeros outside.

    `values` are a picture (B, C, H, W) or a volume (B, C, D, H, W), `grid` (B, ..., 2 or 3) holds
    positions (x, y, [z]) at which -1 and 1 are the outer edges of the border pixels. Returns
    (B, C, ...) in the dtype of `values`, computed in float32.
    """
    if values.ndim == 5 and values.device.type in DEVICES_WITHOUT_VOLUMES:
        return sample_by_gather(values, grid)
    sampled = F.grid_sample(values.float(), grid.float(), align_corners=False)
    return sampled.to(values.dtype)


def sample_by_gather(values: Tensor, grid: Tensor) -> Tensor:
    """Compute `sample` from gathers alone, shape (B, C, ...)."""
    sizes = values.shape[:1:-1]  # (W, H) or (W, H, D), in the order of the grid's coordinates
    grid = grid.float().nan_to_num(FAR).clamp(-FAR, FAR)  # an index must be a number
    places = [((grid[..., axis] + 1) * size - 1) / 2 for axis, size in enumerate(sizes)]
    flat = values.float().flatten(2)  # (B, C, H * W)
    sampled = flat.new_zeros(())
    for corner in itertools.product((0, 1), repeat=len(sizes)):
        index, weight, stride = 0, 1.0, 1
        for place, size, offset in zip(places, sizes, corner, strict=True):
            cell = place.floor() + offset
            inside = (cell >= 0) & (cell < size)
            weight = weight * (1 - (place - cell).abs()) * inside
            index = index + stride * cell.clamp(0, size - 1).long()
            stride *= size
        index = index.flatten(1)[:, None].expand(-1, flat.shape[1], -1)
        sampled = sampled + flat.gather(2, index) * weight.flatten(1)[:, None]
    return sampled.unflatten(2, grid.shape[1:-1]).to(values.dtype)
