"""Playback of scripts: every action eases in and out."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...motion.checks import check_choice, check_number
from ...motion.easing import smoothstep
from ...motion.motion import Motion
from .script import ScriptEvent
from .script_words import CHANNELS, HOLD, LONGEST_S, NEUTRAL, SCRIPT_WORDS, SHORTEST_S

CUT_S = 0.2  # seconds in which an interrupted gesture ends


def direct(motion: Motion, events: Iterable[ScriptEvent]) -> Motion:
    """Apply the actions of a script to a motion.

    Parameters
    ----------
    events : iterable of ScriptEvent
        From `parse_script`, in any order. Actions past the motion's end are left out.

    Returns
    -------
    Motion
        Frames without actions are equal bit for bit. Of simultaneous actions of one channel the
        latest counts, and after its end the previous one continues; a gesture ends where the next
        begins.

    Raises
    ------
    ValueError
        If an action is unknown, or one of its numbers is out of its range.
    """
    events = sorted(events, key=lambda event: event.time_s)
    for event in events:
        _check(event)
    neutrals_s = [event.time_s for event in events if event.action == NEUTRAL]
    acts = [event for event in events if event.action != NEUTRAL]
    for channel in CHANNELS:
        own = [act for act in acts if SCRIPT_WORDS[act.action].channel == channel]
        if own:
            motion = _play(motion, own, neutrals_s)
    return replace(motion, values=motion.values.clone())


def _play(motion: Motion, acts: Sequence[ScriptEvent], neutrals_s: Sequence[float]) -> Motion:
    """Play the actions of one channel; of simultaneous ones the latest counts."""
    change = torch.zeros_like(motion.values)
    for act, following in zip(acts, [*acts[1:], None], strict=True):
        word = SCRIPT_WORDS[act.action]
        cut_s = next((time_s for time_s in neutrals_s if time_s > act.time_s), math.inf)
        gesture = word.ease_s == 0
        if gesture and following:
            if following.time_s <= act.time_s:
                continue
            cut_s = min(cut_s, following.time_s)
        end_s = min(act.time_s + act.duration_s, cut_s + (word.ease_s or CUT_S))
        first = math.ceil(act.time_s * motion.fps - 1e-6)
        frames = slice(first, min(len(motion), math.ceil(end_s * motion.fps)))
        if frames.start >= frames.stop:
            continue
        own, left = motion.values[frames], change[frames]
        # A held head stays held; all else acts on the face's own motion.
        before = replace(motion, values=own + left if word.channel == HOLD else own)
        arguments = (act.duration_s, *act.arguments) if gesture else act.arguments
        wanted = word.effect(before, *arguments).values - own
        share = _share(motion.time_s[frames], act, cut_s).to(wanted)[:, None]
        # A gesture adds to the rest of the previous one; other actions replace it.
        change[frames] = left + share * wanted if gesture else torch.lerp(left, wanted, share)
    return replace(motion, values=motion.values + change)


def _share(time_s: Tensor, act: ScriptEvent, cut_s: float) -> Tensor:
    """Return the strength of an action at each time, in [0, 1]."""
    word, share = SCRIPT_WORDS[act.action], torch.ones_like(time_s)
    ease_s, end_s = min(word.ease_s, act.duration_s / 2), act.time_s + act.duration_s
    if ease_s > 0:
        share = smoothstep(act.time_s, act.time_s + ease_s, time_s)
        share = share * smoothstep(end_s, end_s - ease_s, time_s)
    if math.isfinite(cut_s):
        share = share * smoothstep(cut_s + (word.ease_s or CUT_S), cut_s, time_s)
    return share


def _check(event: ScriptEvent) -> None:
    check_choice("action", event.action, (*SCRIPT_WORDS, NEUTRAL))
    check_number("time_s", event.time_s, 0)
    if event.action == NEUTRAL:
        return
    check_number("duration_s", event.duration_s, SHORTEST_S, LONGEST_S)
    word = SCRIPT_WORDS[event.action]
    wanted = (len(word.numbers) or len(word.defaults)) + (word.repeats > 0)
    if len(event.arguments) != wanted:
        raise ValueError(
            f"The action {event.action!r} takes {wanted} numbers, got {len(event.arguments)}."
        )
    if not all(map(math.isfinite, event.arguments)):
        raise ValueError(f"A number of {event.action!r} is not finite. Use another one.")
