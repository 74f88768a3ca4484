"""Facial controls and their directions in the 63-dim expression space.

A control is one nameable movement: 0 is rest, 1 is full. `compose` turns controls into expression,
`read` turns any expression back into controls. Directions and read-outs follow LivePortrait's
editing constants (MIT), checked on real motion. A read-out sums a few channels only: a
pseudo-inverse over all of them mistakes head motion for blinks.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from .motion import EXPRESSION, Motion, released_stats

OPENING = 0.56  # of the lips at jaw 1, in eye distances
PRESS = 0.05  # how much opening pressed lips take away
TRANSLATION_UNIT = 2.35  # eye distances in one unit of the motion's translation

# Unit, sign: `left` and `right` are the image's. Signed ones are marked.
CONTROLS = (
    "jaw",  # opening of the mouth
    "close",  # lips pressed together, as for p, b, m
    "width",  # signed: + spread lips, - pucker
    "smile",  # signed: corners up or down
    "skew",  # signed: + the right corner goes up, the left one down
    "sneer",  # raised upper lip, wrinkled nose
    "blink_left",  # 1 is shut, negative is wide open
    "blink_right",
    "brow",  # signed: brows up or down
    "worry",  # inner ends of the brows up
    "frown",  # brows drawn together and down
    "gaze",  # signed: + to the image's right
)

# Movement of (keypoint, axis) for a control at 1, in units of the normalised expression.
DIRECTIONS: dict[str, dict[tuple[int, str], float]] = {
    "jaw": {(19, "y"): 0.062, (20, "y"): -0.030, (19, "z"): 0.006, (17, "y"): -0.004},
    "close": {(19, "y"): -0.004, (20, "y"): 0.004, (19, "z"): -0.010},
    "width": {(14, "y"): -0.010, (20, "z"): -0.008, (7, "x"): 0.004},
    "smile": {
        (20, "y"): -0.010,
        (14, "y"): -0.020,
        (17, "y"): 0.0065,
        (17, "z"): 0.003,
        (13, "y"): -0.00275,
        (16, "y"): -0.00275,
        (3, "y"): -0.0035,
        (7, "y"): -0.0035,
    },
    "skew": {(14, "x"): 0.004, (20, "x"): 0.006},
    "sneer": {(4, "y"): -0.010, (3, "y"): -0.003},
    "blink_left": {(11, "y"): 0.016, (13, "y"): -0.0048, (1, "y"): 0.0025, (2, "y"): -0.0025},
    "blink_right": {(15, "y"): 0.016, (16, "y"): -0.0048, (1, "y"): 0.0025, (2, "y"): -0.0025},
    "brow": {(2, "y"): -0.015, (1, "y"): 0.003},
    "worry": {(1, "y"): 0.012},
    "frown": {(1, "x"): 0.012, (2, "x"): -0.012, (1, "y"): -0.004, (2, "y"): 0.004},
    "gaze": {(11, "x"): 0.012, (15, "x"): 0.012},
}

# Channels that measure a control on real motion; couplings between them are removed in `read`.
READ_OUTS: dict[str, dict[tuple[int, str], float]] = {
    "jaw": {(19, "y"): 1.0, (20, "y"): -0.6},
    "close": {(19, "z"): -1.0},
    "width": {(14, "y"): -1.0, (20, "z"): -1.25, (7, "x"): 2.5},
    "smile": {(17, "y"): 1.0, (17, "z"): 2.0, (7, "y"): -2.0},
    "skew": {(14, "x"): 1.0, (20, "x"): 1.0},
    "sneer": {(4, "y"): -1.0},
    "blink_left": {(11, "y"): 1.0},
    "blink_right": {(15, "y"): 1.0},
    "brow": {(2, "y"): -1.0},
    "worry": {(1, "y"): 1.0},
    "frown": {(1, "x"): 1.0, (2, "x"): -1.0},
    "gaze": {(11, "x"): 1.0, (15, "x"): 1.0},
}


def expression_row(terms: Mapping[tuple[int, str], float]) -> Tensor:
    """Return an expression (63,), float64, from its values by keypoint and axis."""
    row = torch.zeros(63, dtype=torch.float64)
    for (keypoint, axis), value in terms.items():
        row[3 * keypoint + "xyz".index(axis)] = value
    return row


def _rows(table: Mapping[str, Mapping[tuple[int, str], float]]) -> Tensor:
    return torch.stack([expression_row(table[name]) for name in CONTROLS])


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def _directions() -> Tensor:
    return _rows(DIRECTIONS).float()


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def _read_outs() -> Tensor:
    directions, read_outs = _rows(DIRECTIONS), _rows(READ_OUTS)
    coupling = directions @ read_outs.T  # (control moved, control read)
    return (read_outs.T @ torch.linalg.inv(coupling)).float()


def compose(controls: Tensor) -> Tensor:
    """Turn controls (..., 12), in the order of `CONTROLS`, into an offset of the expression.

    Returns (..., 63), keypoint-major, to add to an expression at rest.
    """
    return controls @ _directions().to(controls)


def read(offset: Tensor) -> Tensor:
    """Read the controls (..., 12), not clamped, of an expression offset (..., 63)."""
    return offset @ _read_outs().to(offset)


def add_controls(motion: Motion, change: Tensor) -> Motion:
    """Return motion whose controls change by (N, 12); dims that they do not move stay the same."""
    values = motion.values.clone()
    values[:, EXPRESSION] += compose(change)
    return replace(motion, values=values)


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def rest_expression() -> Tensor:
    """Return the starter's expression at rest, shape (63,): lips closed, eyes open.

    It is the mean of the released statistics, with the lips a little further closed: the mean is
    taken over people who talk.
    """
    closed = torch.zeros(len(CONTROLS))
    closed[CONTROLS.index("jaw")] = -0.1
    return released_stats().mean[EXPRESSION] + compose(closed)


def lip_opening(controls: dict[str, Tensor]) -> Tensor:
    """Return the opening of the lips in eye distances, from the controls "jaw" and "close"."""
    pressed = controls["close"].clamp(min=0)
    return (OPENING * controls["jaw"] * (1 - 0.85 * pressed) - PRESS * pressed).clamp(min=0)
