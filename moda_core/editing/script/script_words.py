"""Words of the director's script, and the effect of each on a motion.

Left and right are the picture's: ``wink left`` shuts the eye on the left of the picture,
``turn left`` turns the nose there, and ``tilt left`` leans the top of the head there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from ...motion.controls import CONTROLS, add_controls, read
from ...motion.liveliness import LIDS
from ...motion.motion import Motion
from ..eyes import set_gaze
from ..gestures import nod, shake
from ..pose import AxisAdjustment, adjust_pose

SHORTEST_S, LONGEST_S = 0.2, 3600.0  # of an action
MAX_TURN_DEG = 45.0
AWAY, AWAY_TURN = {"x": 0.8, "y": -0.3}, {"yaw": -8.0, "pitch": 3.0}  # of "look away"
HOLD = "hold"  # a channel
ANGLE = ("the angle", 0.0, MAX_TURN_DEG)

Effect = Callable[..., Motion]  # (motion, *numbers), or (motion, duration_s, *numbers) of a gesture


@dataclass(frozen=True)
class ScriptWord:
    """The effect of a word or a pair of words.

    Parameters
    ----------
    effect : callable
        Takes the motion during the action, and the action's numbers.
    channel : str
        One of `CHANNELS`. Of simultaneous actions of one channel the latest counts.
    duration_s : float
        Default duration.
    ease_s : float
        Seconds in which the effect comes, and goes. 0 for a gesture, which eases by itself and
        takes its duration as first number.
    numbers : tuple of (str, float, float)
        Name, lowest and highest of each number that may follow.
    defaults : tuple of float
        Their values if none follows; empty if they are required.
    repeats : int
        Default number of repeats of a gesture, which takes the number last; 0 if it can't be
        repeated.
    """

    effect: Effect
    channel: str
    duration_s: float = 2.0
    ease_s: float = 0.3
    numbers: tuple[tuple[str, float, float], ...] = (("the amount", 0.0, 1.5),)
    defaults: tuple[float, ...] = (0.8,)
    repeats: int = 0


def _control(name: str, **lowered: float) -> Effect:
    """Return an effect that raises one control to an amount, and lowers others by as much.

    Controls already raised, or lowered, further stay as they are.
    """

    def effect(motion: Motion, amount: float) -> Motion:
        shown = read(motion.offset)
        change = torch.zeros_like(shown)
        index = CONTROLS.index(name)
        change[:, index] = (amount - shown[:, index]).clamp(min=0)
        for other, value in lowered.items():
            index = CONTROLS.index(other)
            change[:, index] = min(amount, 1) * (value - shown[:, index]).clamp(max=0)
        return add_controls(motion, change)

    return effect


def _shut(*eyes: int) -> Effect:
    """Return an effect that shuts eyes completely, however wide they were open."""

    def effect(motion: Motion) -> Motion:
        shown = read(motion.offset)[:, LIDS]
        change = torch.zeros(len(motion), len(CONTROLS)).to(shown)
        for eye in eyes:
            change[:, LIDS[eye]] = (1 - shown[:, eye]).clamp(min=0)
        return add_controls(motion, change)

    return effect


def _look(x: float, y: float) -> Effect:
    return lambda motion, amount: set_gaze(motion, x=amount * x, y=amount * y)


def _look_at(motion: Motion, x: float, y: float) -> Motion:
    return set_gaze(motion, x=x, y=y)


def _look_away(motion: Motion, amount: float) -> Motion:
    motion = set_gaze(motion, **{axis: amount * value for axis, value in AWAY.items()})
    turns = {axis: AxisAdjustment(offset_deg=amount * deg) for axis, deg in AWAY_TURN.items()}
    return adjust_pose(motion, **turns)


def _turn(axis: str, sign: float) -> Effect:
    return lambda motion, degrees: adjust_pose(
        motion, **{axis: AxisAdjustment(offset_deg=sign * degrees)}
    )


def _gesture(gesture: Effect) -> Effect:
    return lambda motion, duration_s, degrees, repeats: gesture(
        motion, 0.0, degrees, duration_s, repeats
    )


def _hold(motion: Motion) -> Motion:
    still = AxisAdjustment(freeze=True)
    return adjust_pose(motion, still, still, still, 0.0, 0.0, center="first")


def _lids(duration_s: float, *eyes: int) -> ScriptWord:
    return ScriptWord(_shut(*eyes), "lids", duration_s, 0.1, (), ())


def _gaze(effect: Effect) -> ScriptWord:
    return ScriptWord(effect, "gaze", 1.5, 0.12, (("the amount", 0.0, 1.0),))


def _head(
    effect: Effect, channel: str, degrees: float, duration_s: float = 2.0, repeats: int = 0
) -> ScriptWord:
    ease_s = 0.0 if repeats else 0.5
    return ScriptWord(effect, channel, duration_s, ease_s, (ANGLE,), (degrees,), repeats)


SCRIPT_WORDS: dict[str, ScriptWord] = {
    "smile": ScriptWord(_control("smile"), "mouth corners"),
    "frown": ScriptWord(_control("frown", smile=-0.4), "mouth corners"),
    "raise brows": ScriptWord(_control("brow"), "brows", 1.2, 0.2),
    "open mouth": ScriptWord(_control("jaw"), "jaw", 1.0, 0.2, defaults=(0.4,)),
    "close eyes": _lids(1.0, 0, 1),
    "blink": _lids(0.3, 0, 1),
    "wink left": _lids(0.45, 0),
    "wink right": _lids(0.45, 1),
    "look left": _gaze(_look(-1.0, 0.0)),
    "look right": _gaze(_look(1.0, 0.0)),
    "look up": _gaze(_look(0.0, 1.0)),
    "look down": _gaze(_look(0.0, -1.0)),
    "look away": replace(_gaze(_look_away), ease_s=0.3, defaults=(1.0,)),
    "look ahead": ScriptWord(_look(0.0, 0.0), "gaze", 1.5, 0.12, (), (0.0,)),
    "look at": ScriptWord(_look_at, "gaze", 1.5, 0.12, (("x", -1.0, 1.0), ("y", -1.0, 1.0)), ()),
    "nod": _head(_gesture(nod), "nod", 7.0, 0.9, repeats=2),
    "shake": _head(_gesture(shake), "shake", 8.0, 1.2, repeats=2),
    "tilt left": _head(_turn("roll", -1.0), "roll", 8.0),
    "tilt right": _head(_turn("roll", 1.0), "roll", 8.0),
    "turn left": _head(_turn("yaw", 1.0), "yaw", 12.0),
    "turn right": _head(_turn("yaw", -1.0), "yaw", 12.0),
    "turn up": _head(_turn("pitch", -1.0), "pitch", 8.0),
    "turn down": _head(_turn("pitch", 1.0), "pitch", 8.0),
    "hold": ScriptWord(_hold, HOLD, 1.0, 0.3, (), ()),
}
NEUTRAL = "neutral"  # also an emotion: it ends all running actions
OTHER_PHRASES = {
    "shake head": "shake",
    "raise eyebrows": "raise brows",
    "look forward": "look ahead",
    "look at camera": "look ahead",
}
PHRASES = {**{phrase: phrase for phrase in SCRIPT_WORDS}, **OTHER_PHRASES}
# In order of playback: the head is held before it is moved, and lids shut last.
CHANNELS = (
    *(HOLD, "nod", "shake", "roll", "yaw", "pitch"),
    *("gaze", "brows", "mouth corners", "jaw", "lids"),
)
