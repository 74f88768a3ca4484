"""Interpolation of motion between its frames."""

import torch
from torch import Tensor


def sample_linear(values: Tensor, position: Tensor) -> Tensor:
    """Interpolate motion (N, C) linearly at positions (M,), float64, in frames: (M, C).

    Positions are at least 0; past the last frame it is held. Whole positions give the frames bit
    for bit.
    """
    index, weight = _split(values, position)
    following = (index + 1).clamp(max=len(values) - 1)
    return torch.lerp(values[index], values[following], weight)


def sample_cubic(values: Tensor, position: Tensor) -> Tensor:
    """Interpolate motion (N, C) by cubic curves at positions (M,), as `sample_linear`: (M, C).

    Cubic Hermite curves with the slopes of Catmull and Rom 1974; the ends have half the slope to
    their only neighbour.
    """
    index, t = _split(values, position)
    last = len(values) - 1
    before, start = values[(index - 1).clamp(min=0)], values[index]
    stop, after = values[(index + 1).clamp(max=last)], values[(index + 2).clamp(max=last)]
    slope, next_slope = (stop - before) / 2, (after - start) / 2
    # Written as a departure from the frame before, which rounding leaves alone at t = 0.
    rise = t * t * (3 - 2 * t) * (stop - start)
    return start + rise + t * (1 - t) * ((1 - t) * slope - t * next_slope)


def _split(values: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """Return the frame before each position, (M,), and the distance from it, (M, 1)."""
    position = position.to(values.device).clamp(max=len(values) - 1)
    index = position.floor().long()
    return index, (position - index).to(values)[:, None]
