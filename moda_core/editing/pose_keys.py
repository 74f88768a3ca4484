"""Keyframes of the head pose, written as text: ``1.0 yaw 12, 2.0 yaw -5``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ..emotion.text_cursor import DEGREES, SEPARATORS, WORD, TextCursor, suggestion
from ..motion.checks import check_choice, check_number
from ..motion.easing import smoothstep
from ..motion.motion import FPS, Motion
from .pose import AXES, LARGEST_ANGLE_DEG

MODES = ("add", "replace")
LONGEST_EASE_S = 60.0
SAME_TIME_S = 1e-6


@dataclass(frozen=True)
class PoseKey:
    """An angle of the head at a time.

    Parameters
    ----------
    time_s : float
        At least 0.
    axis : {"pitch", "yaw", "roll"}
    degrees : float in [-90, 90]
        + pitch looks down, + yaw turns the nose to the image's left, + roll turns clockwise.
    """

    time_s: float
    axis: str
    degrees: float

    def __post_init__(self):
        check_choice("axis", self.axis, AXES)
        check_number("time_s", self.time_s, 0)
        check_number("degrees", self.degrees, -LARGEST_ANGLE_DEG, LARGEST_ANGLE_DEG)


def parse_pose_keys(text: str, fps: float | None = FPS) -> tuple[PoseKey, ...]:
    """Read keys from a text such as ``1.0 yaw 12, 2.0 yaw -5``.

    Parameters
    ----------
    text : str
        Keys of a time, an axis and degrees, separated by commas, semicolons or new lines. A time
        is in seconds, or in frames with an `f` behind it; ``#`` begins a comment.
    fps : float, optional
        For times in frames. None reports only what is wrong at any frame rate.

    Returns
    -------
    tuple of PoseKey
        In the order written; empty for a text without keys.

    Raises
    ------
    ValueError
        If the text can't be read, or two keys of an axis are at one time; the message begins with
        the line and the column.
    """
    cursor, keys = TextCursor(text), {}
    cursor.take(SEPARATORS)
    while not cursor.at_end:
        start, key = cursor.position, _take_key(cursor, fps)
        place = key.axis, round(key.time_s / SAME_TIME_S)
        if place in keys and fps is not None:
            raise cursor.error(_conflict(keys[place], key), start)
        keys[place] = key
        cursor.skip_spaces()
        if not cursor.at_end and not cursor.take(SEPARATORS):
            raise cursor.error(
                f"expected a comma or a new line after a key, got {cursor.found()}. Write keys "
                "such as 1.0 yaw 12, 2.0 yaw -5"
            )
    return tuple(keys.values())


def _take_key(cursor: TextCursor, fps: float | None) -> PoseKey:
    time_s = cursor.take_time(fps)
    cursor.skip_spaces()
    start, found = cursor.position, cursor.found()
    axis = (cursor.take(WORD) or "").lower()
    if not axis:
        raise cursor.error(f"expected an axis, got {found}. Use one of: {', '.join(AXES)}", start)
    if axis not in AXES:
        guess = suggestion(axis, AXES)
        raise cursor.error(f"unknown axis {found}{guess}. Use one of: {', '.join(AXES)}", start)
    cursor.skip_spaces()
    degrees = cursor.take_number("an angle", -LARGEST_ANGLE_DEG, LARGEST_ANGLE_DEG)
    cursor.take(DEGREES)
    return PoseKey(time_s, axis, degrees)


def apply_pose_keys(
    motion: Motion, keys: Sequence[PoseKey], mode: str = "add", ease_s: float = 0.5
) -> Motion:
    """Move the head through keys.

    Parameters
    ----------
    keys : sequence of PoseKey
        In any order; axes without keys stay as they are.
    mode : {"add", "replace"}
        Add the keys' angles to the motion's own, or replace it.
    ease_s : float in [0, 60]
        Seconds in which the head leaves its own pose before an axis' first key, and returns to it
        after the last.

    Returns
    -------
    Motion
        Between keys an angle moves smoothly and never beyond them. What has no key, and what lies
        outside the easing, is equal bit for bit.

    Raises
    ------
    ValueError
        If two keys of an axis are at one time, or a value is out of its range.
    """
    check_choice("mode", mode, MODES)
    check_number("ease_s", ease_s, 0, LONGEST_EASE_S)
    values = motion.values.clone()
    for axis, dim in AXES.items():
        own_keys = sorted((key for key in keys if key.axis == axis), key=lambda key: key.time_s)
        if own_keys:
            _check_times(own_keys)
            target, weight = _key_curve(own_keys, motion.time_s, ease_s)
            own = values[:, dim].squeeze(1).double().cpu()
            led = own + weight * target if mode == "add" else torch.lerp(own, target, weight)
            values[:, dim] = led.to(values)[:, None]
    return replace(motion, values=values)


def _check_times(keys: Sequence[PoseKey]) -> None:
    for key, following in pairwise(keys):
        if following.time_s - key.time_s < SAME_TIME_S:
            raise ValueError(f"Conflicting keys: {_conflict(key, following)}.")


def _conflict(key: PoseKey, other: PoseKey) -> str:
    return (
        f"two {key.axis} keys are at {key.time_s:g} s: {key.degrees:g} and {other.degrees:g} "
        "degrees. Remove or move one of them"
    )


def _key_curve(keys: Sequence[PoseKey], time_s: Tensor, ease_s: float) -> tuple[Tensor, Tensor]:
    """Return the angle of the keys at every time, and its weight, (N,) each."""
    from scipy.interpolate import PchipInterpolator  # takes time to load, and is seldom needed

    times = np.array([key.time_s for key in keys])
    degrees = np.array([key.degrees for key in keys])
    inside = time_s.clamp(times[0], times[-1])
    # The angle rests at both ends, so that it has no kink at the first and the last key.
    times = np.concatenate([times[:1] - 1, times, times[-1:] + 1])
    degrees = np.concatenate([degrees[:1], degrees, degrees[-1:]])
    target = torch.from_numpy(PchipInterpolator(times, degrees)(inside.numpy()))
    if ease_s == 0:
        weight = (time_s == inside).double()
    else:
        weight = smoothstep(ease_s, 0, (time_s - inside).abs())
    return target, weight
