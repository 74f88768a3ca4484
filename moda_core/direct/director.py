"""Playing a script: every action eases in and out on the frames that it lasts."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..motion import Motion
from ..starter.smooth import smoothstep
from .ranges import check_choice, check_number
from .script import LONGEST_S, SHORTEST_S, ScriptEvent
from .script_words import NEUTRAL, SCRIPT_WORDS


def direct_motion(motion: Motion, events: Iterable[ScriptEvent]) -> Motion:
    """Let a face and a head do what a script says.

    Parameters
    ----------
    motion : Motion
        Of any model.
    events : iterable of ScriptEvent
        See `parse_script`; in any order. What begins after the motion's end is left out.

    Returns
    -------
    Motion
        What an action adds comes and goes smoothly; frames without actions are equal bit for bit.

    Raises
    ------
    ValueError
        If an action is unknown, or a number of it is out of its range.
    """
    events = sorted(events, key=lambda event: event.time_s)
    for event in events:
        _check(event)
    values = motion.values.clone()
    for event, end_s in zip(events, _ends(events), strict=True):
        if event.action != NEUTRAL:
            _act(replace(motion, values=values), event, end_s)
    return replace(motion, values=values)


def _act(motion: Motion, event: ScriptEvent, end_s: float) -> None:
    """Write one action over the frames of `motion` that it lasts."""
    first = math.ceil(event.time_s * motion.fps - 1e-6)
    last = min(len(motion), math.ceil(end_s * motion.fps))
    if first >= last:
        return
    word, frames = SCRIPT_WORDS[event.action], slice(first, last)
    before = replace(motion, values=motion.values[frames])
    if word.ease_s == 0:
        motion.values[frames] = word.effect(before, event.duration_s, *event.arguments).values
        return
    after = word.effect(before, *event.arguments)
    time_s = torch.arange(first, last, dtype=torch.float64) / motion.fps
    share = _envelope(time_s, event, end_s).to(before.values)[:, None]
    motion.values[frames] = torch.lerp(before.values, after.values, share)


def _envelope(time_s: Tensor, event: ScriptEvent, end_s: float) -> Tensor:
    """Return how much of an action there is, in [0, 1]."""
    ease_s = min(SCRIPT_WORDS[event.action].ease_s, event.duration_s / 2)
    rise = smoothstep(event.time_s, event.time_s + ease_s, time_s)
    return rise * smoothstep(end_s, end_s - ease_s, time_s)


def _ends(events: Sequence[ScriptEvent]) -> list[float]:
    """Return when each action is over: a later one of its channel, or `NEUTRAL`, ends it early."""
    ends_s = [event.time_s + event.duration_s for event in events]
    going_on: dict[str, int] = {}
    for index, event in enumerate(events):
        neutral = event.action == NEUTRAL
        channels = list(going_on) if neutral else [SCRIPT_WORDS[event.action].channel]
        for channel in channels:
            if channel in going_on:
                earlier = going_on.pop(channel)
                ease_s = SCRIPT_WORDS[events[earlier].action].ease_s
                if ease_s > 0:
                    ends_s[earlier] = min(ends_s[earlier], event.time_s + ease_s)
        if not neutral:
            going_on[channels[0]] = index
    return ends_s


def _check(event: ScriptEvent) -> None:
    check_choice("action", event.action, (*SCRIPT_WORDS, NEUTRAL))
    check_number("time_s", event.time_s, 0)
    if event.action != NEUTRAL:
        check_number("duration_s", event.duration_s, SHORTEST_S, LONGEST_S)
        _check_arguments(event)


def _check_arguments(event: ScriptEvent) -> None:
    word = SCRIPT_WORDS[event.action]
    wanted = len(word.numbers) or len(word.defaults)
    if len(event.arguments) != wanted:
        raise ValueError(
            f"The action {event.action!r} takes {wanted} numbers, got {len(event.arguments)}."
        )
    if not all(map(math.isfinite, event.arguments)):
        raise ValueError(f"A number of {event.action!r} is not finite. Use another one.")
