"""The director's script: ``[2.0 smile 0.6] [3.5 look left for 1] [5.0 nod] [6.0 sadness 0.8]``."""

import math
from dataclasses import dataclass

from ..config import EMOTIONS
from ..emotion import emotion_weights
from ..emotion_timeline import EmotionKey, EmotionTimeline
from ..emotion_words import find_emotion, take_blend
from ..motion import FPS
from ..text_cursor import SEPARATORS, SHOWN_LETTERS, WORD, TextCursor
from .script_words import NEUTRAL, SCRIPT_WORDS, ScriptWord

SHORTEST_S, LONGEST_S, LONGEST_GESTURE_S = 0.2, 3600.0, 60.0
EXAMPLE = "[2.0 smile 0.6]"
SECOND_WORDS = {
    phrase.split()[0]: [
        other.partition(" ")[2] for other in SCRIPT_WORDS if other.split()[0] == phrase.split()[0]
    ]
    for phrase in SCRIPT_WORDS
}


@dataclass(frozen=True)
class ScriptEvent:
    """One action of a script.

    Parameters
    ----------
    time_s : float
        When it begins.
    action : str
        A key of `SCRIPT_WORDS`, or `NEUTRAL`, which ends all that is going on.
    arguments : tuple of float
        Its numbers.
    duration_s : float
        From its beginning to where nothing of it is left.
    """

    time_s: float
    action: str
    arguments: tuple[float, ...] = ()
    duration_s: float = 0.0


def parse_script(
    text: str, fps: float = FPS
) -> tuple[tuple[ScriptEvent, ...], EmotionTimeline | None]:
    """Read a script.

    Parameters
    ----------
    text : str
        Actions in brackets: a time in seconds, or a frame as in ``62f``; one of `SCRIPT_WORDS`
        with its numbers, or an emotion as in `parse_timeline`; and, if it is to last another time
        than usual, ``for`` and seconds. They may stand in any order. ``#`` begins a comment.
    fps : float
        Of the times that are given as frames.

    Returns
    -------
    events : tuple of ScriptEvent
        In the order of their times.
    emotions : EmotionTimeline or None
        None if no emotion is named. Without an emotion at the beginning, "none" is shown first.

    Raises
    ------
    ValueError
        If something can't be read; the text begins with the line and the column.
    """
    if not (fps > 0 and math.isfinite(fps)):
        raise ValueError(f"Expected a frame rate above 0, got {fps}.")
    cursor = TextCursor(text)
    events: list[ScriptEvent] = []
    emotions: list[tuple[EmotionKey, float]] = []
    cursor.take(SEPARATORS)
    if cursor.at_end:
        raise ValueError(f"The script is empty. Write actions such as {EXAMPLE}.")
    while not cursor.at_end:
        _take_action(cursor, fps, events, emotions)
        cursor.take(SEPARATORS)
    return tuple(sorted(events, key=lambda event: event.time_s)), _timeline(emotions)


def _take_action(
    cursor: TextCursor,
    fps: float,
    events: list[ScriptEvent],
    emotions: list[tuple[EmotionKey, float]],
) -> None:
    """Take what is in one pair of brackets."""
    if not cursor.take(r"\["):
        raise cursor.error(
            f"expected an action in brackets, got {cursor.found()}. Write one such as {EXAMPLE}"
        )
    cursor.skip_spaces()
    time_s = cursor.take_time(fps)
    cursor.skip_spaces()
    start, verb = cursor.position, (cursor.take(WORD) or "").lower()
    if verb in SECOND_WORDS:
        name = _take_phrase(cursor, verb)
        word = SCRIPT_WORDS[name]
        numbers = _take_numbers(cursor, word)
        longest_s = LONGEST_S if word.ease_s else LONGEST_GESTURE_S
        duration_s = _take_duration(cursor, word.duration_s, longest_s)
        events.append(ScriptEvent(time_s, name, numbers, duration_s))
    elif find_emotion(verb):
        cursor.position = start
        key = EmotionKey(time_s, *take_blend(cursor))
        emotions.append((key, _take_duration(cursor, math.inf, LONGEST_S)))
        if verb == NEUTRAL:
            events.append(ScriptEvent(time_s, NEUTRAL))
    else:
        cursor.position = start
        raise cursor.error(
            f"unknown word {cursor.found()}. Use one of: {', '.join(SCRIPT_WORDS)}; "
            f"or an emotion: {', '.join(EMOTIONS)}"
        )
    cursor.skip_spaces()
    if not cursor.take(r"\]"):
        raise cursor.error(
            f"expected ']', got {cursor.found()}. Close the brackets after each action, as in "
            f"{EXAMPLE}"
        )


def _take_phrase(cursor: TextCursor, verb: str) -> str:
    """Take the second word, where a verb has one, and return the key of `SCRIPT_WORDS`."""
    if SECOND_WORDS[verb] == [""]:
        return verb
    cursor.skip_spaces()
    start, second = cursor.position, (cursor.take(WORD) or "").lower()
    if second in SECOND_WORDS[verb]:
        return f"{verb} {second}"
    cursor.position = start
    raise cursor.error(
        f"'{verb}' can't be followed by {cursor.found()}. "
        f"Use one of: {', '.join(f'{verb} {word}' for word in SECOND_WORDS[verb])}"
    )


def _take_numbers(cursor: TextCursor, word: ScriptWord) -> tuple[float, ...]:
    cursor.skip_spaces()
    if not word.numbers or (word.defaults and cursor.take(r"(?=[-+.\d])") is None):
        return word.defaults
    numbers = []
    for limits in word.numbers:
        cursor.skip_spaces()
        numbers.append(cursor.take_number(*limits))
    return tuple(numbers)


def _take_duration(cursor: TextCursor, usual_s: float, longest_s: float) -> float:
    cursor.skip_spaces()
    start, word = cursor.position, cursor.take(WORD)
    if word is None:
        return usual_s
    if word.lower() != "for":
        raise cursor.error(
            f"expected 'for' or ']', got {word[:SHOWN_LETTERS]!r}. "
            "Write a duration such as for 1.5",
            start,
        )
    cursor.skip_spaces()
    duration_s = cursor.take_number("the duration", SHORTEST_S, longest_s)
    cursor.take(r"s\b")
    return duration_s


def _timeline(emotions: list[tuple[EmotionKey, float]]) -> EmotionTimeline | None:
    """Return the emotions in order; after one that has a duration, the one before it returns."""
    if not emotions:
        return None
    emotions = sorted(emotions, key=lambda emotion: emotion[0].time_s)
    keys = [EmotionKey(0.0, emotion_weights())]  # of several keys at one time the last counts
    ends_s = [key.time_s for key, _ in emotions[1:]] + [math.inf]
    for (key, duration_s), next_s in zip(emotions, ends_s, strict=True):
        before = keys[-1]
        keys.append(key)
        if key.time_s + duration_s < next_s:
            keys.append(EmotionKey(key.time_s + duration_s, before.weights, before.intensity))
    return EmotionTimeline(tuple(keys))
