"""Which frame of a clip is shown when: at the rate of a motion, or at the clip's own times."""

import logging

import numpy as np

from ..motion.checks import check_choice
from ..motion.motion import Motion
from ..video.footage import Clip

AFTER_END = ("loop", "hold", "cut")  # what a clip does when the motion goes on

logger = logging.getLogger(__name__)


def frames_of_clip(clip: Clip, times: np.ndarray, motion: Motion, after_end: str) -> np.ndarray:
    """Return the index of the clip's frame for each frame of a motion.

    Parameters
    ----------
    clip : Clip
    times : array, shape (M,)
        Of the clip's decoded frames, in seconds.
    motion : Motion
    after_end : {"loop", "hold", "cut"}
        A motion that is longer than the clip lets it play there and back, holds its last frame, or
        is cut.

    Returns
    -------
    array, shape (N,), int
        N is the length of the motion, or less if it is cut.
    """
    check_choice("after_end", after_end, AFTER_END)
    shown_s = np.arange(len(motion)) / motion.fps
    end_s = clip.duration_s
    if after_end == "loop":
        shown_s = end_s - np.abs(shown_s % (2 * end_s) - end_s)
    elif after_end == "cut":
        shown_s = shown_s[: max(1, round(end_s * motion.fps))]
    return (np.searchsorted(times, shown_s + clip.tick_s, "right") - 1).clip(0)


def note_lengths(clip: Clip, motion: Motion, after_end: str, goes_on: bool = False) -> None:
    """Warn of what happens where a motion is longer or shorter than a clip.

    `goes_on` tells that a clip goes on after a shorter motion.
    """
    motion_s, clip_s = len(motion) / motion.fps, clip.duration_s
    if abs(motion_s - clip_s) <= 0.75 / motion.fps:
        return
    if motion_s < clip_s:
        ends = "is left out", "plays with the mouth at rest"
        happens = f"the rest of the clip {ends[goes_on]}"
    else:
        happens = {
            "loop": "the clip plays there and back",
            "hold": "the clip's last frame is held",
            "cut": "the rest of the motion is left out",
        }[after_end]
    logger.warning("The motion lasts %.2f s, the clip %.2f s: %s.", motion_s, clip_s, happens)


def clip_timeline(
    clip: Clip, times: np.ndarray, duration_s: float, after_end: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the clip's frames, shown as long as in the clip, up to a length.

    Parameters
    ----------
    clip, times, after_end
        As of `frames_of_clip`.
    duration_s : float
        In seconds; met to half a frame.

    Returns
    -------
    order : array, shape (N,), int
        Frames of the clip.
    starts : array, shape (N + 1,)
        When each is shown, and the end of the last one, in seconds.
    """
    check_choice("after_end", after_end, AFTER_END)
    lengths = np.diff(times, append=max(clip.duration_s, times[-1] + 1e-3))
    usual, once = float(np.median(lengths)), np.arange(len(times))
    passes = int(duration_s / lengths.sum()) + 1
    if after_end == "loop":
        order = np.concatenate([once[:: 1 - 2 * (number % 2)] for number in range(passes)])
        lengths = lengths[order]
    elif after_end == "hold":
        held = max(0, round((duration_s - lengths.sum()) / usual))
        order = np.append(once, np.full(held, once[-1]))
        lengths = np.append(lengths, np.full(held, usual))
    else:
        order = once
    starts = np.append(0.0, np.cumsum(lengths))
    count = max(1, int(np.searchsorted(starts + usual / 2, duration_s)))
    return order[:count], starts[: min(count, len(order)) + 1]
