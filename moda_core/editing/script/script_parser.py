"""Parser of scripts: ``[2.0 smile 0.6] [3.5 look left for 1] [5.0 nod] [6.0 sadness 0.8]``."""

import math
import re

from ...emotion.labels import EMOTIONS
from ...emotion.text_cursor import DEGREES, SEPARATORS, SHOWN_LETTERS, WORD, TextCursor, suggestion
from ...emotion.timeline import EmotionKey, EmotionTimeline, parse_timeline
from ...emotion.words import SYNONYMS, find_emotion, take_blend
from ...motion.motion import FPS
from ..gestures import LONGEST_S as LONGEST_GESTURE_S
from ..gestures import MOST_REPEATS
from .script import Script, ScriptEmotion, ScriptEvent
from .script_words import LONGEST_S, NEUTRAL, PHRASES, SCRIPT_WORDS, SHORTEST_S, ScriptWord

EXAMPLE = "[2.0 smile 0.6]"
BLANKS = r"[^\S\n]"
LONGEST_FIRST = sorted(PHRASES, key=len, reverse=True)
PHRASE = re.compile(
    f"(?:{'|'.join(LONGEST_FIRST)})".replace(" ", f"{BLANKS}+") + r"(?![^\W\d_])", re.IGNORECASE
)
REPEATS = re.compile(rf"once\b|twice\b|(\d+){BLANKS}*times?\b", re.IGNORECASE | re.ASCII)
WORDS_OF_REPEATS = {"once": 1, "twice": 2}


def parse_emotions(text: str, fps: float = FPS) -> EmotionTimeline:
    """Read emotions from a timeline, or from a script, which begins with a bracket.

    `fps` is that of times given in frames. Raises a ValueError that begins with the line and the
    column if the text can't be read.
    """
    cursor = TextCursor(text)
    cursor.take(SEPARATORS)
    if cursor.take(r"\["):
        return parse_script(text, fps).timeline()
    return parse_timeline(text, fps)


def parse_script(text: str, fps: float | None = FPS) -> Script:
    """Read a script.

    Parameters
    ----------
    text : str
        Actions in brackets: a time in seconds, or a frame as in ``62f``; one of `PHRASES` with
        its numbers, or an emotion as in `parse_timeline`; and optionally ``for`` and a duration.
        Actions may stand in any order, separated by commas or semicolons. ``#`` begins a comment;
        a script of comments only does nothing.
    fps : float, optional
        For times in frames. None reports only what is wrong at any frame rate.

    Raises
    ------
    ValueError
        If the text can't be read; the message begins with the line and the column.
    """
    if fps is not None and not (fps > 0 and math.isfinite(fps)):
        raise ValueError(f"Expected a frame rate above 0, got {fps}.")
    if not text.strip():
        raise ValueError(f"The script is empty. Write actions such as {EXAMPLE}.")
    cursor, events, emotions = TextCursor(text), [], []
    cursor.take(SEPARATORS)
    while not cursor.at_end:
        if not cursor.take(r"\["):
            raise cursor.error(
                f"expected an action in brackets, got {cursor.found()}. Write one such as {EXAMPLE}"
            )
        _take_action(cursor, fps, events, emotions)
        if not cursor.take(r"\]"):
            raise cursor.error(
                f"expected ']', got {cursor.found()}. Close the brackets after each action, as in "
                f"{EXAMPLE}"
            )
        cursor.take(SEPARATORS)
    events.sort(key=lambda event: event.time_s)
    emotions.sort(key=lambda emotion: emotion.key.time_s)
    return Script(tuple(events), tuple(emotions))


def _take_action(
    cursor: TextCursor, fps: float | None, events: list[ScriptEvent], emotions: list[ScriptEmotion]
) -> None:
    """Take the contents of one pair of brackets."""
    cursor.skip_spaces()
    time_s = cursor.take_time(fps)
    cursor.skip_spaces()
    start, action = cursor.position, _take_phrase(cursor)
    if action is not None:
        events.append(_take_event(cursor, fps, time_s, action))
    elif find_emotion(cursor.take(WORD) or ""):
        cursor.position = start
        key = EmotionKey(time_s, *take_blend(cursor))
        emotions.append(ScriptEmotion(key, _take_duration(cursor, fps, math.inf, LONGEST_S)))
        if emotions[-1].neutral:
            events.append(ScriptEvent(time_s, NEUTRAL))
    else:
        cursor.position = start
        raise _unknown(cursor)
    cursor.skip_spaces()


def _take_phrase(cursor: TextCursor) -> str | None:
    """Take one of `PHRASES`; return its action, None if there is none."""
    start, phrase = cursor.position, " ".join((cursor.take(PHRASE) or "").lower().split())
    if phrase not in PHRASES:  # without regard to case, "ı" matches "I"
        cursor.position = start
    return PHRASES.get(phrase)


def _unknown(cursor: TextCursor) -> ValueError:
    """Return the error for a word that is neither an action nor an emotion."""
    start, found, verb = cursor.position, cursor.found(), (cursor.take(WORD) or "").lower()
    pairs = [phrase for phrase in SCRIPT_WORDS if phrase.startswith(f"{verb} ")]
    if not pairs:
        guess = suggestion(verb, (*PHRASES, *EMOTIONS, *SYNONYMS))
        return cursor.error(
            f"unknown word {found}{guess}. Use one of: {', '.join(SCRIPT_WORDS)}; or an emotion: "
            f"{', '.join(EMOTIONS)}",
            start,
        )
    cursor.skip_spaces()
    start, found, second = cursor.position, cursor.found(), cursor.take(WORD) or ""
    guess = suggestion(second, [phrase.split()[1] for phrase in pairs])
    return cursor.error(
        f"'{verb}' can't be followed by {found}{guess}. Use one of: {', '.join(pairs)}", start
    )


def _take_event(cursor: TextCursor, fps: float | None, time_s: float, action: str) -> ScriptEvent:
    """Take the numbers, repeats and duration of an action."""
    word = SCRIPT_WORDS[action]
    repeats = _take_repeats(cursor) if word.repeats else None
    numbers = word.defaults if repeats else _take_numbers(cursor, word)
    usual_s = word.duration_s
    if word.repeats:
        repeats = repeats or _take_repeats(cursor) or word.repeats
        numbers, usual_s = (*numbers, repeats), usual_s * repeats / word.repeats
    longest_s = LONGEST_S if word.ease_s else LONGEST_GESTURE_S
    return ScriptEvent(time_s, action, numbers, _take_duration(cursor, fps, usual_s, longest_s))


def _take_repeats(cursor: TextCursor) -> int | None:
    """Take the number of repeats of a gesture, if stated."""
    cursor.skip_spaces()
    start, written = cursor.position, cursor.take(REPEATS)
    if written is None:
        return None
    repeats = WORDS_OF_REPEATS.get(written.lower()) or float(REPEATS.fullmatch(written)[1])
    if not 1 <= repeats <= MOST_REPEATS:
        raise cursor.error(
            f"the number of times is {repeats:g}. Use a number from 1 to {MOST_REPEATS}", start
        )
    return int(repeats)


def _take_numbers(cursor: TextCursor, word: ScriptWord) -> tuple[float, ...]:
    cursor.skip_spaces()
    if not word.numbers or (word.defaults and cursor.take(r"(?=[-+.\d])") is None):
        return word.defaults
    numbers = []
    for name, lowest, highest in word.numbers:
        cursor.skip_spaces()
        if numbers and cursor.take(","):
            cursor.skip_spaces()
        numbers.append(cursor.take_number(name, lowest, highest))
        if name == "the angle":
            cursor.take(DEGREES)
    return tuple(numbers)


def _take_duration(
    cursor: TextCursor, fps: float | None, usual_s: float, longest_s: float
) -> float:
    cursor.skip_spaces()
    start, word = cursor.position, cursor.take(WORD)
    if word is None:
        return usual_s
    if word.lower() != "for":
        raise cursor.error(
            f"expected 'for' or ']', got {word[:SHOWN_LETTERS]!r}. Write one action per pair of "
            "brackets, and its duration as in for 1.5",
            start,
        )
    cursor.skip_spaces()
    return cursor.take_time(fps, "the duration", SHORTEST_S, longest_s)
