"""Gestures of the head that end in the pose they began in: nod, shake, look aside."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from ..motion.checks import check_number
from ..motion.easing import smoothstep
from ..motion.motion import Motion
from .pose import AXES, LARGEST_ANGLE_DEG

SHORTEST_S, LONGEST_S = 0.2, 60.0
MOST_REPEATS = 20
SHAKE_RAMP = 0.25  # share of a shake in which it grows, and in which it fades
LOOK_RAMP = 0.3  # share of a look in which the head turns, and in which it returns


def nod(
    motion: Motion,
    time_s: float,
    amplitude_deg: float = 7.0,
    duration_s: float = 0.9,
    repeats: int = 2,
) -> Motion:
    """Nod: the head dips and comes up again.

    Parameters
    ----------
    time_s : float
        Start of the nod, at least 0.
    amplitude_deg : float in [-90, 90]
        Depth of a dip; negative tosses the head up.
    duration_s : float in [0.2, 60]
        Of all dips together.
    repeats : int in [1, 20]
        Number of dips.

    Returns
    -------
    Motion
        ``amplitude * sin(pi * repeats * s)**2`` is added to the pitch while s runs from 0 to 1.
        All else, and every other frame, is equal bit for bit.
    """
    _check(amplitude_deg, repeats)
    phase = gesture_phase(motion, time_s, duration_s)
    dips = torch.sin(math.pi * repeats * phase).square()
    return add_turns(motion, phase, {"pitch": amplitude_deg * dips})


def shake(
    motion: Motion,
    time_s: float,
    amplitude_deg: float = 8.0,
    duration_s: float = 1.2,
    repeats: int = 2,
) -> Motion:
    """Shake the head, first to the image's left.

    Parameters
    ----------
    time_s : float
        Start of the shake, at least 0.
    amplitude_deg : float in [-90, 90]
        Largest turn to either side; negative begins to the image's right.
    duration_s : float in [0.2, 60]
        Of all swings together.
    repeats : int in [1, 20]
        Number of swings to and fro.

    Returns
    -------
    Motion
        ``amplitude * sin(2 * pi * repeats * s)`` is added to the yaw, growing over the first
        quarter and fading over the last. All else is equal bit for bit.
    """
    _check(amplitude_deg, repeats)
    phase = gesture_phase(motion, time_s, duration_s)
    swings = torch.sin(2 * math.pi * repeats * phase)
    return add_turns(motion, phase, {"yaw": amplitude_deg * _plateau(phase, SHAKE_RAMP) * swings})


def look(
    motion: Motion,
    time_s: float,
    yaw_deg: float = 12.0,
    pitch_deg: float = 0.0,
    duration_s: float = 2.0,
) -> Motion:
    """Turn the head aside, stay for a moment and return.

    Parameters
    ----------
    time_s : float
        Start of the turn, at least 0.
    yaw_deg, pitch_deg : float in [-90, 90]
        Direction; + yaw is the image's left, + pitch is down.
    duration_s : float in [0.2, 60]
        Including the turns; the head stays for four tenths of it.

    Returns
    -------
    Motion
        The turn is added to yaw and pitch. All else is equal bit for bit.
    """
    for angle in (yaw_deg, pitch_deg):
        _check(angle)
    phase = gesture_phase(motion, time_s, duration_s)
    aside = _plateau(phase, LOOK_RAMP)
    return add_turns(motion, phase, {"yaw": yaw_deg * aside, "pitch": pitch_deg * aside})


def gesture_phase(motion: Motion, time_s: float, duration_s: float) -> Tensor:
    """Return the progress of a gesture at every frame, (N,) in [0, 1]."""
    check_number("time_s", time_s, 0)
    check_number("duration_s", duration_s, SHORTEST_S, LONGEST_S)
    return ((motion.time_s - time_s) / duration_s).clamp(0, 1)


def add_turns(motion: Motion, phase: Tensor, turns_deg: dict[str, Tensor]) -> Motion:
    """Add turns (N,) to angles of the head while a gesture's `phase` (N,) is inside 0 to 1."""
    during = (phase > 0) & (phase < 1)
    values = motion.values.clone()
    for axis, turn in turns_deg.items():
        values[:, AXES[axis]] += torch.where(during, turn, 0.0).to(values)[:, None]
    return replace(motion, values=values)


def _plateau(phase: Tensor, ramp: float) -> Tensor:
    """Rise from 0 to 1, stay and fall again smoothly, (N,)."""
    return smoothstep(0, ramp, phase) * smoothstep(1, 1 - ramp, phase)


def _check(angle_deg: float, repeats: int = 1) -> None:
    check_number("amplitude_deg", angle_deg, -LARGEST_ANGLE_DEG, LARGEST_ANGLE_DEG)
    check_number("repeats", repeats, 1, MOST_REPEATS)
