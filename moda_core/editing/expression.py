"""A facial expression and head pose set by hand, as motion or added to motion."""

from dataclasses import astuple, dataclass, replace

import torch
from torch import Tensor

from ..motion.checks import check_number
from ..motion.controls import CONTROLS, add_controls, read
from ..motion.liveliness import LIDS
from ..motion.motion import Motion
from .eyes import shift_gaze
from .pose import AxisAdjustment, adjust_pose

# Lowest and highest value of each field of `Expression`.
RANGES = {
    "jaw": (-0.5, 1.0),
    "smile": (-1.0, 1.0),
    "pucker": (-1.0, 1.0),
    "blink_left": (-0.5, 1.0),
    "blink_right": (-0.5, 1.0),
    "brows": (-1.0, 1.0),
    "gaze_x": (-1.0, 1.0),
    "gaze_y": (-1.0, 1.0),
    "pitch": (-30.0, 30.0),
    "yaw": (-30.0, 30.0),
    "roll": (-30.0, 30.0),
}
# Control that a field moves, and how far; the lids are closed by what they are open.
MOVED = {
    "jaw": ("jaw", 1.0),
    "smile": ("smile", 1.0),
    "pucker": ("width", -1.0),
    "brows": ("brow", 1.0),
}


@dataclass(frozen=True)
class Expression:
    """An expression and a head pose; 0 is rest, and left and right are the image's.

    Raises `ValueError` for a value beyond `RANGES`.

    Parameters
    ----------
    jaw : float in [-0.5, 1]
        Opening of the mouth; below 0 closes what a motion opens.
    smile : float in [-1, 1]
        Corners of the mouth up or down.
    pucker : float in [-1, 1]
        Lips rounded, or spread below 0.
    blink_left, blink_right : float in [-0.5, 1]
        1 is shut, below 0 wide open.
    brows : float in [-1, 1]
        Brows up or down.
    gaze_x, gaze_y : float in [-1, 1]
        Gaze to the image's right, and up.
    pitch, yaw, roll : float in [-30, 30]
        Degrees by which the head turns; signs as in `Motion`.
    """

    jaw: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    blink_left: float = 0.0
    blink_right: float = 0.0
    brows: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0

    def __post_init__(self):
        for (name, bounds), value in zip(RANGES.items(), astuple(self), strict=True):
            check_number(name, value, *bounds)


def express(motion: Motion, expression: Expression, own: Tensor | None = None) -> Motion:
    """Add an expression to every frame of a motion.

    Parameters
    ----------
    motion : Motion
        For the expression alone one frame at rest, as of `still_motion`.
    expression : Expression
        Lids close by their share of what the motion leaves open, so that its blinks stay.
    own : Tensor, shape (12,), optional
        Controls of the picture's own expression, in the order of `CONTROLS`, which are undone.

    Returns
    -------
    Motion
        What nothing is added to is equal bit for bit.
    """
    change = torch.zeros(len(CONTROLS)) if own is None else -own
    for name, (control, amount) in MOVED.items():
        change[CONTROLS.index(control)] += amount * getattr(expression, name)
    motion = replace(motion, values=motion.values.clone())
    if change.any():
        motion = add_controls(motion, change.to(motion.values).expand(len(motion), -1))
    motion = shift_gaze(motion, expression.gaze_x, expression.gaze_y)
    if expression.blink_left or expression.blink_right:
        motion = _close_lids(motion, (expression.blink_left, expression.blink_right))
    angles = (expression.pitch, expression.yaw, expression.roll)
    return adjust_pose(motion, *(AxisAdjustment(offset_deg=angle) for angle in angles))


def _close_lids(motion: Motion, amounts: tuple[float, float]) -> Motion:
    """Close both lids by shares of what is open."""
    change = torch.zeros(len(motion), len(CONTROLS)).to(motion.values)
    is_open = (1 - read(motion.offset)[:, LIDS]).clamp(min=0)
    change[:, LIDS] = is_open * is_open.new_tensor(amounts)
    return add_controls(motion, change)
