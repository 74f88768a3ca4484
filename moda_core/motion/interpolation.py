"""Reading motion between its frames."""

import torch
from torch import Tensor


def sample_linear(values: Tensor, position: Tensor) -> Tensor:
    """Read motion between its frames, on straight lines.

    Parameters
    ----------
    values : Tensor, shape (N, C)
    position : Tensor, shape (M,), float64
        In frames, at least 0; beyond the last frame it is held.

    Returns
    -------
    Tensor, shape (M, C)
        Equal bit for bit where a position is a whole number.
    """
    index, weight = _split(values, position)
    following = (index + 1).clamp(max=len(values) - 1)
    return torch.lerp(values[index], values[following], weight)


def sample_cubic(values: Tensor, position: Tensor) -> Tensor:
    """Read motion between its frames, on cubic curves through them.

    Parameters
    ----------
    values : Tensor, shape (N, C)
    position : Tensor, shape (M,), float64
        In frames, at least 0; beyond the last frame it is held.

    Returns
    -------
    Tensor, shape (M, C)
        Equal bit for bit where a position is a whole number.

    Notes
    -----
    Cubic Hermite curves with the slopes of Catmull and Rom 1974; at the ends, where a neighbour is
    missing, half the slope to the only one.
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
    """Return the frame before each position, (M,), and how far it is past it, (M, 1)."""
    position = position.to(values.device).clamp(max=len(values) - 1)
    index = position.floor().long()
    return index, (position - index).to(values)[:, None]
