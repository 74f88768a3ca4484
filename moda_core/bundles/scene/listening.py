"""Motion of somebody who listens: small nods where a phrase of another ends, and the gaze."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...audio.phrases import Span, merged_spans
from ...editing.gestures import nod
from ...editing.idling import idle
from ...editing.pose import AXES
from ...motion.checks import check_number
from ...motion.controls import CONTROLS, add_controls
from ...motion.easing import smoothstep
from ...motion.motion import Motion

LARGEST = 2.0  # of the amounts
SHORTEST_PHRASE_S = 0.7  # that is answered by a nod
NOD_CHANCE = 0.75
NOD_DELAY_S, NOD_DURATION_S = (0.1, 0.35), (0.6, 0.9)
NOD_DEG = (2.0, 4.0)
TWO_DIPS = 0.35  # share of nods with two dips
BETWEEN_NODS_S = 1.2
REACTION_S = 0.25  # until the eyes go to somebody who begins to speak
LOOKS_ON_S = 1.0  # for which they stay there
EYES_S, HEAD_S = 0.16, 0.7  # in which eyes and head turn
GAZE, YAW_DEG = 0.55, 6.0  # of a listener who looks fully to the side
FARTHEST = 4.0  # eye distances to the side, from which the turn is full


@dataclass(frozen=True)
class Listening:
    """How people listen.

    Parameters
    ----------
    nods : float in [0, 2]
        Size of the nods; 0 is none.
    gaze : float in [0, 2]
        How far eyes and head turn to the one who speaks; 0 looks ahead.
    """

    nods: float = 1.0
    gaze: float = 0.0

    def __post_init__(self):
        check_number("nods", self.nods, 0, LARGEST)
        check_number("gaze", self.gaze, 0, LARGEST)


def listen(
    duration_s: float,
    own: Sequence[Span],
    others: Sequence[Sequence[Span]],
    sides: Sequence[float],
    rest: Tensor | None = None,
    head: Tensor | None = None,
    listening: Listening | None = None,
    seed: int = 0,
) -> Motion:
    """Generate the motion of a face that listens, at 25 frames a second.

    Parameters
    ----------
    duration_s : float in (0, 14400]
    own : sequence of (start, stop)
        When the person speaks, in seconds: no nod reaches into it.
    others : sequence of sequences of (start, stop)
        The phrases of each other person.
    sides : sequence of float in [-1, 1]
        Where each other person is: 1 is far to the image's right.
    rest, head, seed
        See `idle`.

    Returns
    -------
    Motion
        Without others that of `idle`.
    """
    listening = listening or Listening()
    motion = idle(duration_s, rest, head, seed)
    for drawn in nods(own, others, seed) if listening.nods else ():
        size_deg = listening.nods * drawn.size_deg
        motion = nod(motion, drawn.time_s, size_deg, drawn.duration_s, drawn.repeats)
    if not listening.gaze:
        return motion
    eyes, turned = (
        listening.gaze * _side(motion.time_s, others, sides, seconds)
        for seconds in (EYES_S, HEAD_S)
    )
    change = torch.zeros(len(motion), len(CONTROLS))
    change[:, CONTROLS.index("gaze")] = GAZE * eyes.float()
    looking = add_controls(motion, change)
    values = looking.values.clone()
    values[:, AXES["yaw"]] -= YAW_DEG * turned.to(values)[:, None]  # + yaw is the image's left
    return replace(looking, values=values)


@dataclass(frozen=True)
class Nod:
    """A nod, see the function `nod`."""

    time_s: float
    size_deg: float
    duration_s: float
    repeats: int


def nods(own: Sequence[Span], others: Sequence[Sequence[Span]], seed: int) -> list[Nod]:
    """Draw the nods of a listener at the ends of others' phrases, in order of time.

    The seed gives the same nods for the phrases of a shorter conversation.
    """
    random, drawn = np.random.default_rng([seed, 31]), []
    ends = sorted(
        stop for spans in others for start, stop in spans if stop - start >= SHORTEST_PHRASE_S
    )
    for end in ends:
        # All numbers are drawn for each phrase, so that one that is left out changes no other.
        chance, delay, size, length, dips = random.random(5)
        time_s = end + float(np.interp(delay, (0, 1), NOD_DELAY_S))
        duration_s = float(np.interp(length, (0, 1), NOD_DURATION_S))
        free = not any(start < time_s + duration_s and stop > time_s for start, stop in own)
        rested = not drawn or time_s - drawn[-1].time_s >= BETWEEN_NODS_S
        if chance < NOD_CHANCE and free and rested:
            degrees = float(np.interp(size, (0, 1), NOD_DEG))
            drawn.append(Nod(time_s, degrees, duration_s, 2 if dips < TWO_DIPS else 1))
    return drawn


def envelope(time_s: Tensor, spans: Sequence[Span], rise_s: float, fall_s: float) -> Tensor:
    """Return 1 inside spans and 0 away from them, (N,), smooth before and after them."""
    weight = torch.zeros_like(time_s)
    for start, stop in spans:
        inside = smoothstep(start - rise_s, start, time_s)
        inside = inside * (1 - smoothstep(stop, stop + fall_s, time_s))
        weight = torch.maximum(weight, inside)
    return weight


def _side(
    time_s: Tensor, others: Sequence[Sequence[Span]], sides: Sequence[float], turn_s: float
) -> Tensor:
    """Return where the one who speaks is, (N,) in [-1, 1]; 0 if nobody does."""
    total = weights = torch.zeros_like(time_s)
    for spans, side in zip(others, sides, strict=True):
        seen = [
            (start + REACTION_S + turn_s, stop) for start, stop in merged_spans(spans, LOOKS_ON_S)
        ]
        seen = [(start, max(start, stop + LOOKS_ON_S)) for start, stop in seen]
        weight = envelope(time_s, seen, turn_s, turn_s)
        total, weights = total + weight * side, weights + weight
    return total / weights.clamp(min=1)
