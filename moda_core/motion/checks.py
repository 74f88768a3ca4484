"""Checks of numbers, names and weights that users choose."""

import math
from collections.abc import Collection, Mapping

from torch import Tensor

MIN_FPS, MAX_FPS = 1.0, 240.0  # of motion that comes from a file or is made at a chosen rate


def check_number(name: str, value: float, low: float = -math.inf, high: float = math.inf) -> None:
    """Check that a number is finite and within its bounds, which are allowed."""
    if math.isfinite(value) and low <= value <= high:
        return
    if math.isinf(high):
        wanted = "a finite number" if math.isinf(low) else f"a finite number of at least {low:g}"
    else:
        wanted = f"a number from {low:g} to {high:g}"
    raise ValueError(f"Expected {wanted} for {name}, got {value:g}.")


def check_head(head: Tensor) -> None:
    """Check that a head pose has shape (7,): scale, translation and angles of one frame."""
    if tuple(head.shape) != (7,):
        raise ValueError(
            f"Expected a head of shape (7,), got {tuple(head.shape)}. Use scale, translation and "
            "angles of one frame."
        )


def check_choice(name: str, value: str, choices: Collection[str]) -> None:
    """Check that `value` is one of the choices; `name` is what users call it."""
    if value not in choices:
        raise ValueError(f"Unknown {name} {value!r}. Use one of: {', '.join(choices)}.")


def check_weights(weights: Mapping[str, float], names: Collection[str], high: float = 1) -> None:
    """Check that each region is one of `names`, and its weight a number from 0 to `high`."""
    for name, weight in weights.items():
        check_choice("region", name, names)
        check_number(f"the weight of {name}", weight, 0, high)
