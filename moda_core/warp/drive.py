"""Motion as bounded controls and a bounded pose for the geometric renderer."""

import math
from dataclasses import dataclass, fields

from torch import Tensor

from ..motion.controls import CONTROLS, TRANSLATION_UNIT, read
from ..motion.easing import soft_clamp
from ..motion.motion import PITCH, ROLL, SCALE, TRANSLATION, YAW, Motion, released_stats

# Bounds of every control; motion of the released model may exceed them by far.
CONTROL_RANGES = {
    "jaw": (-0.3, 1.2),
    "close": (-0.3, 1.2),
    "width": (-1.2, 1.2),
    "smile": (-1.1, 1.2),
    "skew": (-1.1, 1.1),
    "sneer": (-0.3, 1.2),
    "blink_left": (-0.5, 1.0),
    "blink_right": (-0.5, 1.0),
    "brow": (-1.0, 1.2),
    "worry": (-0.5, 1.2),
    "frown": (-0.5, 1.2),
    "gaze": (-1.0, 1.0),
}
# Bounds of the pose in degrees. What is far behind the face can't be shown, so that a picture seems
# to turn less than its head: gains make up for it.
PITCH_LIMIT, YAW_LIMIT, ROLL_LIMIT = 16.0, 25.0, 14.0
PITCH_GAIN, YAW_GAIN = 1.14, 1.19
SCALE_LIMIT = 0.04  # around the size in the picture
SHIFT_LIMIT = 0.2  # in eye distances

Controls = dict[str, Tensor]  # by name


@dataclass(frozen=True)
class Pose:
    """Rotation, size and shift of the head relative to the picture, each (n, 1, 1)."""

    pitch: Tensor  # radians, signs as in `Motion`
    yaw: Tensor
    roll: Tensor
    scale: Tensor  # size over the picture's
    shift_x: Tensor  # in the face frame
    shift_y: Tensor


def bounded_controls(motion: Motion) -> Controls:
    """Read the controls (N,) of a motion by name, softly bounded by `CONTROL_RANGES`."""
    values = read(motion.offset)
    ranges = values.new_tensor([CONTROL_RANGES[name] for name in CONTROLS])
    bounded = soft_clamp(values, *ranges.T, knee=0.85)
    return dict(zip(CONTROLS, bounded.unbind(dim=1), strict=True))


def bounded_pose(motion: Motion) -> dict[str, Tensor]:
    """Read the pose (N,) of a motion by the fields of `Pose`, softly bounded.

    Angles of 0, the mean scale and the mean translation are the picture's own pose.
    """
    values, mean = motion.values, released_stats().mean.to(motion.values)
    axes = ((PITCH, PITCH_GAIN, PITCH_LIMIT), (YAW, YAW_GAIN, YAW_LIMIT), (ROLL, 1.0, ROLL_LIMIT))
    angles = [
        soft_clamp(gain * values[:, dim].squeeze(1), -limit, limit, knee=0.85) * (math.pi / 180)
        for dim, gain, limit in axes
    ]
    ratio = (values[:, SCALE] / mean[SCALE]).squeeze(1)
    scale = 1 + soft_clamp(ratio - 1, -SCALE_LIMIT, SCALE_LIMIT)
    shift = (values[:, TRANSLATION] - mean[TRANSLATION]) * TRANSLATION_UNIT
    shift = soft_clamp(shift, -SHIFT_LIMIT, SHIFT_LIMIT)
    names = (field.name for field in fields(Pose))
    return dict(zip(names, (*angles, scale, shift[:, 0], shift[:, 1]), strict=True))


def slice_curves(
    values: dict[str, Tensor], start: int, stop: int, like: Tensor
) -> dict[str, Tensor]:
    """Return frames of curves (N,) as (n, 1, 1), with the dtype and device of `like`."""
    return {name: value[start:stop, None, None].to(like) for name, value in values.items()}
