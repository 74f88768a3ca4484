"""Solving ``residual(x) = 0`` where ``x + residual(x)`` all but contracts, many systems at once.

Anderson acceleration (Anderson 1965, type II): the next point is the combination of the last ones
whose residual is smallest. A system that gets worse goes back to its best point, forgets the
others, and takes ever smaller steps until it gets better.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

DEPTH = 6  # points that are combined
WORSE = 2.0  # times the smallest error so far, from which a system goes back
PATIENCE = 10  # iterations without any gain, after which all is left as it is
REGULARIZATION = 1e-10  # of the least squares, relative


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Where the iteration ended.

    Parameters
    ----------
    x : Tensor, shape (B, ...)
        The best points that were seen.
    error : Tensor, shape (B,)
        Root mean square of their residuals.
    iterations : int
        How often the residual was computed.
    """

    x: Tensor
    error: Tensor
    iterations: int


def solve_fixed_point(
    residual: Callable[[Tensor], Tensor], start: Tensor, tolerance: float, max_iterations: int
) -> FixedPoint:
    """Find where residuals vanish, of B systems that do not know each other.

    `residual` is ``g(x) - x`` (B, ...) for the fixed points of g. `tolerance` is the root mean
    square of a residual that ends a system's iteration; after `max_iterations` the best
    points count.
    """
    x, damping = start.flatten(1), start.new_ones(len(start), 1)
    best, best_error = x, start.new_full((len(start),), torch.inf)
    points, residuals, gained = [], [], 0
    for iteration in range(1, max_iterations + 1):
        r = residual(x.view_as(start)).flatten(1)
        error = r.square().mean(dim=1).sqrt().nan_to_num(nan=torch.inf)
        better, worse = error < best_error, ~(error <= WORSE * best_error)
        best = torch.where(better[:, None], x, best)
        best_error = torch.minimum(error, best_error)
        damping = torch.where(better[:, None], 1.0, damping)
        gained = iteration if bool(better.any()) else gained
        if bool((best_error <= tolerance).all()) or iteration - gained == PATIENCE:
            break
        following = _combined(x, r, damping, points, residuals)
        points, residuals = [*points, x][-DEPTH:], [*residuals, r][-DEPTH:]
        if bool(worse.any()):
            damping = torch.where(worse[:, None], damping / 2, damping)
            following = torch.where(worse[:, None], best, following)
            points, residuals = [], []
        x = torch.where((best_error <= tolerance)[:, None], best, following)
    return FixedPoint(best.view_as(start), best_error, iteration)


def _combined(
    x: Tensor, r: Tensor, damping: Tensor, points: list[Tensor], residuals: list[Tensor]
) -> Tensor:
    """Return the next points from the last ones, (B, D), and those before them."""
    if not points:
        return x + damping * r
    steps = torch.stack([x - point for point in points], dim=2)  # (B, D, k)
    changes = torch.stack([r - other for other in residuals], dim=2)
    # In float64, and therefore on the CPU: not every device has it.
    gram = (changes.mT @ changes).cpu().double()  # (B, k, k)
    target = (changes.mT @ r[..., None]).cpu().double()
    diagonal = gram.diagonal(dim1=1, dim2=2)
    ridge = REGULARIZATION * diagonal.amax(dim=1, keepdim=True) + torch.finfo(x.dtype).tiny
    weights = torch.linalg.solve(gram + torch.diag_embed(ridge.expand_as(diagonal)), target)
    weights = weights.to(x)
    return x + damping * r - ((steps + damping[..., None] * changes) @ weights)[..., 0]
