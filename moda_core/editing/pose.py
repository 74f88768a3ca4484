"""The head pose: the size of its movement, its centre and its limits."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..motion.checks import check_choice, check_number
from ..motion.easing import soft_clamp
from ..motion.motion import PITCH, ROLL, SCALE, TRANSLATION, YAW, Motion

AXES = {"pitch": PITCH, "yaw": YAW, "roll": ROLL}
CENTERS = ("mean", "first", "zero")
LARGEST_GAIN = 10.0
LARGEST_ANGLE_DEG = 90.0
KNEE = 0.7  # share of a limit up to which angles stay as they are


@dataclass(frozen=True)
class AxisAdjustment:
    """An adjustment of one angle; the defaults change nothing.

    Parameters
    ----------
    gain : float in [0, 10]
        Of the movement about its centre; 0 holds the angle there.
    offset_deg : float in [-90, 90]
        Added to every frame.
    limit_deg : float in [0, 90], optional
        Largest angle to either side; the angle slows down from seven tenths of it on.
    freeze : bool
        Hold the angle at its centre, as a gain of 0 does.
    """

    gain: float = 1.0
    offset_deg: float = 0.0
    limit_deg: float | None = None
    freeze: bool = False

    def __post_init__(self):
        check_number("gain", self.gain, 0, LARGEST_GAIN)
        check_number("offset_deg", self.offset_deg, -LARGEST_ANGLE_DEG, LARGEST_ANGLE_DEG)
        if self.limit_deg is not None:
            check_number("limit_deg", self.limit_deg, 0, LARGEST_ANGLE_DEG)

    def apply(self, angle: Tensor, center: str) -> Tensor:
        """Return the adjusted angle (N, 1) of every frame."""
        angle = scale_movement(angle, 0.0 if self.freeze else self.gain, center)
        if self.offset_deg:
            angle = angle + self.offset_deg
        if self.limit_deg is None:
            return angle
        limit = self.limit_deg
        return soft_clamp(angle, -limit, limit, KNEE).clamp(-limit, limit)


def adjust_pose(
    motion: Motion,
    pitch: AxisAdjustment | None = None,
    yaw: AxisAdjustment | None = None,
    roll: AxisAdjustment | None = None,
    translation_gain: float = 1.0,
    scale_gain: float = 1.0,
    center: str = "mean",
) -> Motion:
    """Change the movement of the head.

    Parameters
    ----------
    pitch, yaw, roll : AxisAdjustment, optional
        Default: the angle stays as it is.
    translation_gain, scale_gain : float in [0, 10]
        Of the movement about the centre; 1 changes nothing, 0 holds still.
    center : {"mean", "first", "zero"}
        What gains and freezes leave in place: the mean of the motion, its first frame, or an angle
        of 0 (the first frame for translation and scale).

    Returns
    -------
    Motion
        Whatever has no adjustment is equal bit for bit.
    """
    check_choice("center", center, CENTERS)
    check_number("translation_gain", translation_gain, 0, LARGEST_GAIN)
    check_number("scale_gain", scale_gain, 0, LARGEST_GAIN)
    values = motion.values.clone()
    adjustments = {"pitch": pitch, "yaw": yaw, "roll": roll}
    for name, adjustment in adjustments.items():
        if adjustment is not None:
            values[:, AXES[name]] = adjustment.apply(values[:, AXES[name]], center)
    place = "first" if center == "zero" else center
    for dims, gain in ((TRANSLATION, translation_gain), (SCALE, scale_gain)):
        values[:, dims] = scale_movement(values[:, dims], gain, place)
    return replace(motion, values=values)


def scale_movement(curve: Tensor, gain: float, center: str) -> Tensor:
    """Scale a movement about its centre: (N, C) to (N, C)."""
    if gain == 1:
        return curve
    if center == "zero":
        return gain * curve
    middle = curve[:1] if center == "first" else curve.double().mean(0, keepdim=True).to(curve)
    return torch.lerp(middle.expand_as(curve), curve, gain)
