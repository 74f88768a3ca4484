"""Emotions over time, written as text: ``0.0 neutral, 2.5 happiness 0.8``."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ..motion.easing import smoothstep
from ..motion.motion import FPS
from .labels import emotion_weights
from .text_cursor import SEPARATORS, TextCursor
from .words import take_blend

TRANSITION_S = 0.4


@dataclass(frozen=True, eq=False)
class EmotionKey:
    """An emotion shown from a time on.

    Parameters
    ----------
    weights : Tensor, shape (9,)
        Over the nine labels; they sum to 1.
    intensity : float
        0 is off, 1 as the model shows it.
    """

    time_s: float
    weights: Tensor
    intensity: float = 1.0


@dataclass(frozen=True, eq=False)
class EmotionTimeline:
    """Emotions over time; the first is also shown before its key.

    Parameters
    ----------
    keys : tuple of EmotionKey
        At least one, in the order of their times; of several at one time the last one counts.

    Raises
    ------
    ValueError
        If there is no key, or a time decreases.
    """

    keys: tuple[EmotionKey, ...]

    def __post_init__(self):
        if not self.keys:
            raise ValueError("An emotion timeline has no key. Give one, such as '0.0 neutral'.")
        for key, following in pairwise(self.keys):
            if following.time_s < key.time_s:
                raise ValueError(
                    f"An emotion at {following.time_s:g} s follows one at {key.time_s:g} s. "
                    "Sort the keys."
                )

    def __repr__(self) -> str:
        return f"EmotionTimeline({len(self.keys)} keys)"

    def curve(
        self, num_frames: int, fps: float = FPS, transition_s: float = TRANSITION_S
    ) -> Tensor:
        """Return the amount, weight times intensity, of each emotion by frame: (num_frames, 9).

        Parameters
        ----------
        num_frames : int
            Frame i stands for the time ``i / fps``.
        transition_s : float
            Seconds of a change, centred on the key's time; shorter where keys are closer than that.
        """
        _check_frames(num_frames, fps)
        if not (transition_s >= 0 and math.isfinite(transition_s)):
            raise ValueError(f"The transition is {transition_s} s. Use a time of at least 0.")
        keys = list({key.time_s: key for key in self.keys}.values())
        key_s = torch.tensor([key.time_s for key in keys], dtype=torch.float64)
        table = torch.stack([key.intensity * key.weights for key in keys]).to(torch.float32)
        half_s = _half_transitions(key_s, transition_s)
        start_s = key_s - half_s
        start_s[0] = -math.inf
        frame_s = torch.arange(num_frames, dtype=torch.float64) / fps
        # Transitions never overlap, so that every frame lies between two keys at most.
        index = torch.searchsorted(start_s, frame_s, right=True) - 1
        before = (index - 1).clamp(min=0)
        position = (frame_s - start_s[index]) / (2 * half_s[index])
        mix = smoothstep(0, 1, position.nan_to_num(nan=1.0)).float()  # 0 / 0: a step
        return torch.lerp(table[before], table[index], mix[:, None])


def parse_timeline(text: str, fps: float = FPS) -> EmotionTimeline:
    """Read a timeline from text.

    Parameters
    ----------
    text : str
        Entries such as ``2.5 happiness 0.8``, separated by commas, semicolons or new lines: a time
        in seconds, or a frame as in ``62f``; an emotion, a synonym, or the beginning of one; and
        its intensity from 0 to 2, by default 1. ``+`` blends several, as in ``happiness 0.6 +
        surprise 0.4``: the intensity is the sum, and amounts left out share the rest of 1. ``#``
        begins a comment; a timeline of comments only shows no emotion.
    fps : float
        For times given as frames.

    Returns
    -------
    EmotionTimeline
        Begins with "none" if the first entry is later than 0.

    Raises
    ------
    ValueError
        If the text can't be read; the message begins with the line and the column.
    """
    _check_frames(1, fps)
    cursor, keys = TextCursor(text), []
    cursor.take(SEPARATORS)
    while not cursor.at_end:
        start = cursor.position
        time_s = cursor.take_time(fps)
        if keys and time_s < keys[-1].time_s:
            raise cursor.error(
                f"the time {time_s:g} s is before {keys[-1].time_s:g} s. "
                "Write the emotions in the order of their times",
                start,
            )
        keys.append(EmotionKey(time_s, *take_blend(cursor)))
        cursor.skip_spaces()
        if not cursor.take(SEPARATORS):
            _take_end(cursor)
    if not text.strip():
        raise ValueError("The emotion timeline is empty. Write one such as '0.0 neutral'.")
    if not keys or keys[0].time_s > 0:
        keys.insert(0, EmotionKey(0.0, emotion_weights("none")))
    return EmotionTimeline(tuple(keys))


def _take_end(cursor: TextCursor) -> None:
    """Take an optional full stop after the last entry, and check that nothing follows."""
    start, found = cursor.position, cursor.found()
    cursor.take(r"\.")
    cursor.take(SEPARATORS)
    if not cursor.at_end:
        remedy = "Separate the emotions by commas"
        if found == repr("for"):
            remedy = "Write when it ends instead, as in 2.0 none, or a script in brackets"
        raise cursor.error(f"expected a comma or the end of the line, got {found}. {remedy}", start)


def _half_transitions(key_s: Tensor, transition_s: float) -> Tensor:
    """Return half the seconds of each key's change, short enough that none reaches another."""
    gap_s = torch.full((len(key_s) + 1,), math.inf, dtype=torch.float64)
    gap_s[1:-1] = key_s.diff()
    return torch.minimum(gap_s[:-1], gap_s[1:]).clamp(max=transition_s) / 2


def _check_frames(num_frames: int, fps: float) -> None:
    if num_frames < 1:
        raise ValueError(f"Expected at least one frame, got {num_frames}.")
    if not (fps > 0 and math.isfinite(fps)):
        raise ValueError(f"Expected a frame rate above 0, got {fps}.")
