"""Smooth shapes from which the fields of the renderer are built.

They are polynomials on purpose: PyTorch runs exponentials and roots of more than 2048 elements in
threads, which wait for each other on a machine whose cores are busy, and nothing ends in a tail.
"""

import torch
from torch import Tensor


def smoothstep(start: float, stop: float, x: Tensor) -> Tensor:
    """Rise from 0 at `start` to 1 at `stop` by a smooth cubic; flat outside.

    Parameters
    ----------
    start, stop : float
        Must differ; with ``stop < start`` the step falls.
    x : Tensor
        Of any shape.

    Returns
    -------
    Tensor in [0, 1]
        Of the shape of `x`.
    """
    t = ((x - start) / (stop - start)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def bump(x: Tensor, width: float) -> Tensor:
    """Return a bell close to ``exp(-(x / width)**2)`` that is 0 from ``2 * width`` on.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    width : float
        Above 0.

    Returns
    -------
    Tensor in [0, 1]
        Of the shape of `x`.
    """
    bell = (1 - (x * (0.5 / width)).square()).clamp(min=0)
    return bell.square().square()


def shoulder(x: Tensor, flat: float, width: float) -> Tensor:
    """Return 1 up to ``|x| = flat``, then a bell's fall over `width`.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    flat : float
        Half the width of the plateau, at least 0.
    width : float
        Of the fall, see `bump`.

    Returns
    -------
    Tensor in [0, 1]
        Of the shape of `x`.
    """
    return bump((x.abs() - flat).clamp(min=0), width)


def soft_clamp(x: Tensor, low: float, high: float, knee: float = 0.6) -> Tensor:
    """Bound values smoothly: unchanged near 0, never beyond the bounds.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    low, high : float
        Bounds, ``low <= 0 <= high``.
    knee : float in (0, 1)
        Share of each bound up to which values stay as they are; beyond it the slope falls from 1
        towards 0.

    Returns
    -------
    Tensor
        Of the shape of `x`; not-a-number becomes 0.
    """
    x = torch.nan_to_num(x, nan=0.0, posinf=high, neginf=low)
    above = _saturate(x.clamp(min=0), high, knee) if high > 0 else torch.zeros_like(x)
    below = _saturate((-x).clamp(min=0), -low, knee) if low < 0 else torch.zeros_like(x)
    return above - below


def _saturate(x: Tensor, bound: float, knee: float) -> Tensor:
    start, rest = knee * bound, (1 - knee) * bound
    return torch.minimum(x, start + rest * torch.tanh((x - start).clamp(min=0) / rest))
