"""What makes the style of a motion: how the head, brows and eyes are held and how far they move.

Style leaves out what is said: the lips do not count. The expression counts from its own rest, as
everywhere, so that the style of one face fits another.
"""

from dataclasses import dataclass

import numpy as np

from ...motion.controls import CONTROLS, read
from ...motion.motion import HEAD, Motion
from .lids import Lids
from .tempo import Tempo

BROWS = [CONTROLS.index(name) for name in ("brow", "worry", "frown")]
GAZE = [CONTROLS.index("gaze")]


@dataclass(frozen=True, eq=False)
class Spread:
    """Where curves lie, how far they move, and what they reach.

    Parameters
    ----------
    mean, std, low, high : array, shape (C,)
        In the curves' own units.
    """

    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, curves: np.ndarray) -> "Spread":
        """Measure curves (N, C)."""
        return cls(curves.mean(0), curves.std(0), curves.min(0), curves.max(0))


@dataclass(frozen=True, eq=False)
class MotionStyle:
    """The statistics of a motion that make its style.

    Parameters
    ----------
    duration_s : float
        Length of the motion.
    head : Spread
        Of scale, translation, pitch, yaw and roll: 7 curves.
    brows : Spread
        Of the controls "brow", "worry" and "frown".
    gaze : Spread
        Of the control "gaze".
    lids : Spread
        Of both lids between blinks, as `Lids.open`.
    blinks_per_minute : float
    tempo : Tempo
        Of the head's 7 curves.
    """

    duration_s: float
    head: Spread
    brows: Spread
    gaze: Spread
    lids: Spread
    blinks_per_minute: float
    tempo: Tempo


def measure_style(motion: Motion) -> MotionStyle:
    """Measure the style of a motion.

    The head is as it is, the face relative to the motion's own rest. A motion of one frame has a
    spread of 0.
    """
    head, controls, lids = head_curves(motion), control_curves(motion), Lids.of(motion)
    duration_s = len(motion) / motion.fps
    return MotionStyle(
        duration_s,
        Spread.of(head),
        Spread.of(controls[:, BROWS]),
        Spread.of(controls[:, GAZE]),
        Spread.of(lids.open),
        60 * len(lids.blinks) / duration_s,
        Tempo.of(head, motion.fps),
    )


def head_curves(motion: Motion) -> np.ndarray:
    """Return scale, translation and angles of a motion, (N, 7), float64."""
    return motion.values[:, HEAD].detach().cpu().double().numpy()


def control_curves(motion: Motion) -> np.ndarray:
    """Return the controls of a motion, (N, 12), float64."""
    return read(motion.offset.detach().cpu().double()).numpy()
