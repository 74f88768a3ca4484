"""3x3 convolutions with 4 times fewer multiplications, for CPUs in float32.

Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016): tiles of 6x6 inputs and the taps are
brought to 36 points, where a convolution is a product of matrices, and from there to 4x4 outputs.
Taps along the depth of a volume are summed at the points.
"""

import itertools
from functools import lru_cache

import torch
from torch import Tensor, nn

from .spade import SPADE

TILE = 6
OUTPUT = 4
# Finite points; infinity is the sixth. The usual 0, 1, -1, 2, -2 have twice the mean and four times
# the largest error; that of these is 1.6 times the error of a direct channels-last convolution.
POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)
# Tiles at once: enough for the matrix products, and little enough for the cache.
MAX_TILES = 128
OUTPUTS_AT_ONCE = 8  # of a weight that is brought to the points


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def transforms() -> tuple[Tensor, Tensor, Tensor]:
    """Return the matrices of the algorithm along one axis (Toom and Cook's construction), float64.

    From 6 inputs to the points (6, 6), from 3 taps to the points (6, 3), and from products at the
    points to 4 outputs (4, 6).
    """

    def powers(count: int) -> Tensor:
        at_infinity = torch.eye(count, dtype=torch.float64)[-1:]
        points = torch.tensor(POINTS, dtype=torch.float64)[:, None]
        return torch.cat([points ** torch.arange(count), at_infinity])  # (6, count)

    return torch.linalg.inv(powers(TILE)).T, powers(3), powers(OUTPUT).T


@lru_cache
@torch.inference_mode(False)
def tile_transforms(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the matrices of both axes at once: inputs (36, 36) and outputs (16, 36)."""
    inputs, _, outputs = (matrix.to(dtype) for matrix in transforms())
    return torch.kron(inputs, inputs), torch.kron(outputs, outputs)


def transform_weight(weight: Tensor) -> Tensor:
    """Bring the taps of a convolution to the points, shape (depth taps, 36, in, out).

    Computed in float64, in the dtype of `weight` (out, in, [depth taps,] 3, 3); 4 times as large.
    """
    taps = transforms()[1].to(weight.device)
    if weight.ndim == 4:
        weight = weight[:, :, None]
    num_outputs, num_inputs, depth_taps = weight.shape[:3]
    points = weight.new_empty(depth_taps, TILE * TILE, num_inputs, num_outputs)
    for start in range(0, num_outputs, OUTPUTS_AT_ONCE):  # float64 takes 8 times the memory
        part = slice(start, start + OUTPUTS_AT_ONCE)
        block = torch.einsum("oithw,ph,qw->tpqio", weight[part].double(), taps, taps)
        points[..., part] = block.flatten(1, 2)
    return points


def winograd_conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, modulated: Tensor | None = None
) -> Tensor:
    """Convolve with zero padding, stride 1.

    `x` (B, D, H, W, C) holds slices of volumes, D is 1 for pictures; `weight` comes from
    `transform_weight`. Returns (B, D, H, W, out). With `modulated` (B, D, H, W, out / 2), whose H
    and W are multiples of 4, the outputs are its scales and shifts, and what they make of it is
    returned, while they are in the cache.
    """
    batch, depth, height, width, _ = x.shape
    rows, columns = -(-height // OUTPUT), -(-width // OUTPUT)
    padded = pad_slices(x, rows * OUTPUT + 2, columns * OUTPUT + 2)
    tiles = padded.unfold(2, TILE, OUTPUT).unfold(3, TILE, OUTPUT)  # (B, D, rows, columns, C, 6, 6)
    tiles = tiles.permute(0, 5, 6, 1, 2, 3, 4)
    num_channels = weight.shape[-1] if modulated is None else modulated.shape[-1]
    out = x.new_empty(batch, depth, rows * OUTPUT, columns * OUTPUT, num_channels)
    out_tiles = output_tiles(out)
    modulated_tiles = None if modulated is None else output_tiles(modulated)
    strip = max(1, MAX_TILES // (columns * depth))
    for sample, row in itertools.product(range(batch), range(0, rows, strip)):
        part = (sample, slice(None), slice(None), slice(None), slice(row, row + strip))
        result = _convolve_tiles(tiles[part], weight)
        if bias is not None:
            result += bias
        if modulated is not None:
            scale, shift = result.chunk(2, dim=-1)
            result = shift.addcmul_(modulated_tiles[part], scale)
        out_tiles[part] = result
    return out[:, :, :height, :width]


def output_tiles(x: Tensor) -> Tensor:
    """Return a view of slices (B, D, H, W, C) as tiles (B, 4, 4, D, H / 4, W / 4, C)."""
    return x.unflatten(3, (-1, OUTPUT)).unflatten(2, (-1, OUTPUT)).permute(0, 3, 5, 1, 2, 4, 6)


def pad_slices(x: Tensor, height: int, width: int) -> Tensor:
    """Put slices (B, D, H, W, C) into larger ones, one cell from the upper left, among zeros.

    `height` and `width` are those of the result, at least 2 more than H and W.
    """
    bottom, right = 1 + x.shape[2], 1 + x.shape[3]
    padded = x.new_empty(*x.shape[:2], height, width, x.shape[4])
    padded[:, :, 1:bottom, 1:right] = x
    for border in (padded[:, :, :1], padded[:, :, bottom:]):
        border.zero_()
    for border in (padded[:, :, :, :1], padded[:, :, :, right:]):
        border.zero_()
    return padded


def _convolve_tiles(tiles: Tensor, weight: Tensor) -> Tensor:
    """Turn tiles (6, 6, D, rows, columns, C) into tiles (4, 4, D, rows, columns, out)."""
    inputs, outputs = tile_transforms(tiles.dtype)
    depth, rows, columns, channels = tiles.shape[2:]
    points = inputs @ tiles.reshape(TILE * TILE, -1)
    points = points.view(TILE * TILE, depth, rows * columns, channels)
    products = _multiply(points, weight)  # (36, D, rows * columns, out)
    result = outputs @ products.flatten(1)
    return result.view(OUTPUT, OUTPUT, depth, rows, columns, -1)


def _multiply(points: Tensor, weight: Tensor) -> Tensor:
    """Multiply at every point, and sum over the taps along the depth."""
    depth, num_taps = points.shape[1], len(weight)
    middle = num_taps // 2
    products = torch.bmm(points.flatten(1, 2), weight[middle])
    products = products.unflatten(1, (depth, -1))
    for tap in range(num_taps):
        shift = tap - middle
        if shift != 0 and abs(shift) < depth:
            into = slice(max(0, -shift), depth - max(0, shift))
            of = slice(max(0, shift), depth + min(0, shift))
            products[:, into].flatten(1, 2).baddbmm_(points[:, of].flatten(1, 2), weight[tap])
    return products


class WinogradConv(nn.Module):
    """A zero-padded 3x3 or 3x3x3 convolution of stride 1, by `winograd_conv`.

    Parameters
    ----------
    conv : nn.Conv2d or nn.Conv3d
        With its weights, which are not kept.
    """

    def __init__(self, conv: nn.Module):
        super().__init__()
        self.register_buffer("points", transform_weight(conv.weight.detach()))
        self.register_buffer("bias", None if conv.bias is None else conv.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, C, [D,] H, W) to (B, out, [D,] H, W), channels last in memory."""
        if x.ndim == 4:
            return winograd_conv(x.permute(0, 2, 3, 1)[:, None], self.points, self.bias)[
                :, 0
            ].permute(0, 3, 1, 2)
        out = winograd_conv(x.permute(0, 2, 3, 4, 1), self.points, self.bias)
        return out.permute(0, 4, 1, 2, 3)


class WinogradSPADE(nn.Module):
    """What a `SPADE` computes, scaling and shifting each tile as its modulation is ready.

    Parameters
    ----------
    spade : SPADE
        With its weights, which are not kept.
    """

    def __init__(self, spade: SPADE):
        super().__init__()
        conv = spade.mlp_gamma_beta
        self.register_buffer("points", transform_weight(conv.weight.detach()))
        self.register_buffer("bias", conv.bias.detach())

    def forward(self, x: Tensor, shared: Tensor) -> Tensor:
        """Scale and shift normalised `x` (B, C, H, W) by `shared` (B, 128, H, W).

        H and W are multiples of 4; the result lies channels last in memory.
        """
        shared, x = (each.permute(0, 2, 3, 1)[:, None] for each in (shared, x))
        return winograd_conv(shared, self.points, self.bias, x)[:, 0].permute(0, 3, 1, 2)
