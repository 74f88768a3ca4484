"""Thin-plate splines: the smoothest map of the plane that carries points to others."""

import torch
from torch import Tensor

SMOOTHING = 2e-5  # in the unit of the size of all source points


def thin_plate_shift(source: Tensor, target: Tensor, points: Tensor) -> Tensor:
    """Return the shift of points by a plate that carries some points to others.

    Parameters
    ----------
    source, target : Tensor, shape (N, 2)
        Points and where they go, not all in one line.
    points : Tensor, shape (P, 2)
        In the same unit.

    Returns
    -------
    Tensor, shape (P, 2)

    Notes
    -----
    The thin-plate spline of Duchon (1977), smoothed by `SMOOTHING`.
    """
    size, middle = (target.amax(dim=0) - target.amin(dim=0)).max(), source.mean(dim=0)
    knots, places = (source - middle) / size, (points - middle) / size
    count = len(knots)
    system = knots.new_zeros(count + 3, count + 3)
    system[:count, :count] = _kernel(knots, knots)
    system[:count, :count].diagonal().add_(SMOOTHING)
    system[:count, count:] = _affine(knots)
    system[count:, :count] = _affine(knots).T
    values = torch.cat([target - source, knots.new_zeros(3, 2)])
    weights = torch.linalg.solve(system, values)
    return _kernel(places, knots) @ weights[:count] + _affine(places) @ weights[count:]


def _kernel(points: Tensor, knots: Tensor) -> Tensor:
    square = torch.cdist(points, knots).square().clamp(min=1e-20)
    return 0.5 * square * square.log()


def _affine(points: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(points[:, :1]), points], dim=1)
