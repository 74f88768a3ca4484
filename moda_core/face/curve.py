"""Curves through the ends of a line, such as lids and lips between their corners."""

import numpy as np
from torch import Tensor, zeros_like


def curve_terms(
    across: np.ndarray,
    height: np.ndarray,
    powers: range,
    ridge: float,
    weight: np.ndarray | float = 1.0,
) -> tuple[float, ...]:
    """Fit ``(1 - across**2) * sum(term * across**power)`` to heights at places, by their weight."""
    basis = (1 - across**2).clip(0)[:, None] * across[:, None] ** np.array(powers)
    weighted = basis.T * weight
    system = weighted @ basis + ridge * np.eye(len(powers))
    return tuple(np.linalg.solve(system, weighted @ height).tolist())


def curve_height(terms: tuple[float, ...], across: Tensor) -> Tensor:
    """Return the height of a curve of `curve_terms` from power 0 on, over ``1 - across**2``."""
    height = zeros_like(across)
    for term in reversed(terms):
        height = height * across + term
    return height
