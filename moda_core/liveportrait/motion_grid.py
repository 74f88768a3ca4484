"""The grid of the dense motion: heat maps on it, and sampling by it (spec F.4, steps 2 to 4)."""

import torch
import torch.nn.functional as F
from torch import Tensor

DEPTH, HEIGHT, WIDTH = 16, 64, 64
# Of the Gaussians around keypoints, in units of the grid squared.
HEAT_SHARPNESS = 50.0
# Of a Gaussian along one axis: smaller products would be denormal numbers, on which some CPUs
# compute the convolutions of the hourglass 4 times slower.
MIN_HEAT = 1e-12


def heat_maps(keypoints: Tensor) -> Tensor:
    """Return a Gaussian around each keypoint: (B, K, 3) to (B, K, 16, 64, 64) in [0, 1].

    It is the product of one for each axis; values below 1e-12 may be 0.
    """

    def along(axis: int, size: int) -> Tensor:
        distance = grid_axis(size, keypoints.device) - keypoints[..., axis, None]
        heat = torch.exp(-HEAT_SHARPNESS * distance.square())  # (B, K, size)
        return F.threshold_(heat, MIN_HEAT, 0.0)

    x, y, z = (along(axis, size) for axis, size in enumerate((WIDTH, HEIGHT, DEPTH)))
    return z[..., :, None, None] * (y[..., :, None] * x[..., None, :])[:, :, None]


def sample_translated(volume: Tensor, offsets: Tensor) -> Tensor:
    """Sample a volume by its grid, moved as a whole in several ways.

    Maps `volume` (1, C, 16, 64, 64), `offsets` (B, K, 3) to (B, K, C, 16, 64, 64).
    """
    x, y, z = (
        axis_weights(size, offsets[..., axis]) for axis, size in enumerate((WIDTH, HEIGHT, DEPTH))
    )
    sampled = volume[:, None].flatten(2, 4) @ x.mT  # (B, K, C * D * H, W)
    sampled = y[:, :, None] @ sampled.unflatten(2, (-1, HEIGHT))  # (B, K, C * D, H, W)
    sampled = z[:, :, None] @ sampled.flatten(3).unflatten(2, (-1, DEPTH))  # (B, K, C, D, H * W)
    return sampled.unflatten(4, (HEIGHT, WIDTH))


def axis_weights(size: int, offsets: Tensor) -> Tensor:
    """Return the weights of linear sampling along one axis, from outputs to inputs.

    Offsets (...) are added to the coordinate of the grid's `size` cells: (..., size, size).
    """
    # The grid ends at the centres of the border cells, sampling at their edges (spec H.9).
    place = ((grid_axis(size, offsets.device) + offsets[..., None] + 1) * size - 1) / 2
    cells = torch.arange(size, device=offsets.device)
    return (1 - (place[..., None] - cells).abs()).clamp_(min=0)


def grid_axis(size: int, device: torch.device) -> Tensor:
    """Return the grid's coordinate along one axis, from -1 to 1, shape (size,)."""
    return torch.linspace(-1, 1, size, device=device)


def identity_grid(device: torch.device) -> Tensor:
    """Return the grid, shape (16, 64, 64, 3), coordinates (x, y, z)."""
    axes = [grid_axis(size, device) for size in (DEPTH, HEIGHT, WIDTH)]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x, y, z], dim=-1)
