"""Smooth shapes that the fields of the built-in renderer are made of.

Most are polynomials: PyTorch runs exponentials and roots of more than 2048 elements in threads,
which wait for each other on a busy machine, and a polynomial ends without a tail. They are computed
in few operations, hundreds of which make a frame, and none of them for autograd.
"""

import torch
from torch import Tensor

LEAST_REST = 1e-30  # in place of 0 as a divisor


def smoothstep(start: float, stop: float, x: Tensor) -> Tensor:
    """Rise (or fall) from 0 at `start` to 1 at `stop` by a smooth cubic, flat outside."""
    t = (x - start).mul_(1 / (stop - start)).clamp_(0, 1)
    return (3 - 2 * t).mul_(t).mul_(t)


def bump(x: Tensor, width: float) -> Tensor:
    """Return a bell close to ``exp(-(x / width)**2)`` that is 0 from ``2 * width`` on."""
    bell = torch.addcmul(x.new_ones(()), x, x, value=-((0.5 / width) ** 2)).clamp_(min=0)
    return bell.square_().square_()


def shoulder(x: Tensor, flat: float, width: float) -> Tensor:
    """Return 1 up to ``|x| = flat``, then the falling half of a `bump` of the given width."""
    return bump((x.abs() - flat).clamp(min=0), width)


def soft_clamp(x: Tensor, low: float | Tensor, high: float | Tensor, knee: float = 0.6) -> Tensor:
    """Bound values smoothly to ``low <= 0 <= high``, which broadcast to them; NaN becomes 0.

    Up to the share `knee` of each bound values stay as they are; beyond it the slope falls from 1
    towards 0.
    """
    x = torch.nan_to_num(x, nan=0.0)
    return _saturate(x.clamp(min=0), high, knee) - _saturate((-x).clamp(min=0), -low, knee)


def _saturate(x: Tensor, bound: float | Tensor, knee: float) -> Tensor:
    start, rest = knee * bound, (1 - knee) * bound
    beyond = (x - start).clamp(min=0) / (rest + LEAST_REST)
    return torch.minimum(x, start + rest * torch.tanh(beyond))
