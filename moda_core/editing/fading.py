"""Fades from and to the portrait's own expression, and seamless loops."""

from dataclasses import replace

import torch
from torch import Tensor

from ..motion.checks import check_choice, check_head, check_number
from ..motion.easing import smoothstep
from ..motion.motion import EXPRESSION, HEAD, PITCH, ROLL, Motion, released_stats

POSES = ("first", "zero")
LONGEST_FADE_S = 60.0


def source_frame(motion: Motion, pose: str = "first", head: Tensor | None = None) -> Tensor:
    """Return the frame (70,) at rest that a motion fades from and to.

    Its head is `head` (7,), that of the first frame, or centred and straight ahead ("zero").
    """
    check_choice("pose", pose, POSES)
    frame = motion.values[0].clone()
    frame[EXPRESSION] = motion.rest.to(frame)
    if head is not None:
        check_head(head)
        frame[HEAD] = head.to(frame)
    elif pose == "zero":
        frame[HEAD] = released_stats().mean[HEAD].to(frame)
        frame[PITCH.start : ROLL.stop] = 0
    return frame


def fade(
    motion: Motion,
    fade_in_s: float = 0.5,
    fade_out_s: float = 0.5,
    pose: str = "first",
    head: Tensor | None = None,
) -> Motion:
    """Fade a motion in from the expression at rest, and out to it.

    Parameters
    ----------
    fade_in_s, fade_out_s : float in [0, 60]
        Seconds; 0 leaves that end as it is.
    pose : {"first", "zero"}
        Head pose of the ends: that of the first frame, or centred and straight ahead.
    head : Tensor, shape (7,), optional
        Scale, translation and angles of the ends, instead of `pose`.

    Returns
    -------
    Motion
        Between the fades all is equal bit for bit.
    """
    check_number("fade_in_s", fade_in_s, 0, LONGEST_FADE_S)
    check_number("fade_out_s", fade_out_s, 0, LONGEST_FADE_S)
    source = source_frame(motion, pose, head)
    time_s, weight = motion.time_s, torch.ones(len(motion), dtype=torch.float64)
    if fade_in_s:
        weight = weight * smoothstep(0, fade_in_s, time_s)
    if fade_out_s:
        weight = weight * smoothstep(0, fade_out_s, time_s.flip(0))
    weight = weight.to(motion.values)[:, None]
    values = torch.lerp(source.expand_as(motion.values), motion.values, weight)
    return replace(motion, values=values)


def make_loop(motion: Motion, crossfade_s: float = 1.0) -> Motion:
    """Make a motion that repeats without a seam.

    Parameters
    ----------
    crossfade_s : float in (0, 60]
        Seconds of the cross-fade from the end to the beginning: at least a frame, at most half of
        the motion.

    Returns
    -------
    Motion
        Shorter by the cross-fade: its first frames fade from the given motion's last ones to its
        first ones, so that the last frame is followed by the first. A single frame stays as it is.
    """
    check_number("crossfade_s", crossfade_s, 0, LONGEST_FADE_S)
    if crossfade_s == 0:
        raise ValueError(
            "A loop needs a cross-fade from its end to its beginning, got 0 seconds. Set half a "
            "second or more."
        )
    shared = min(max(1, round(crossfade_s * motion.fps)), len(motion) // 2)
    if shared == 0:
        return replace(motion, values=motion.values.clone())
    length = len(motion) - shared
    weight = smoothstep(0, 1, torch.arange(shared) / shared).to(motion.values)[:, None]
    start = torch.lerp(motion.values[length:], motion.values[:shared], weight)
    return replace(motion, values=torch.cat([start, motion.values[shared:length]]))
