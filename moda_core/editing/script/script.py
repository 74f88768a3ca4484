"""Contents of a script: actions and emotions."""

import math
from dataclasses import dataclass

from ...emotion.labels import EMOTIONS, emotion_weights
from ...emotion.timeline import EmotionKey, EmotionTimeline
from .script_words import NEUTRAL

SAME_TIME_DIGITS = 6  # of seconds


@dataclass(frozen=True)
class ScriptEvent:
    """One action of a script.

    Parameters
    ----------
    action : str
        A key of `SCRIPT_WORDS`, or `NEUTRAL`, which ends all actions before it.
    arguments : tuple of float
        Its numbers.
    duration_s : float
        Including its easing.
    """

    time_s: float
    action: str
    arguments: tuple[float, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, eq=False)
class ScriptEmotion:
    """One emotion of a script; its duration is infinite if the script states none."""

    key: EmotionKey
    duration_s: float = math.inf

    @property
    def neutral(self) -> bool:
        """Whether it is `NEUTRAL` alone."""
        return bool(self.key.weights[EMOTIONS.index(NEUTRAL)] == 1)


@dataclass(frozen=True, eq=False)
class Script:
    """Actions and emotions, each in the order of their times."""

    events: tuple[ScriptEvent, ...] = ()
    emotions: tuple[ScriptEmotion, ...] = ()

    def timeline(self) -> EmotionTimeline:
        """Return the emotions over time.

        The timeline begins with "none" and returns to it. Of simultaneous emotions the latest is
        shown; after its end the previous one continues. `NEUTRAL` ends those before it.
        """
        spans = [(*_span(emotion), emotion) for emotion in self.emotions]
        moments = sorted({moment for span in spans for moment in span[:2]} - {math.inf})
        running: list[tuple[float, ScriptEmotion]] = []
        shown, keys = None, [EmotionKey(0.0, emotion_weights("none"))]
        for now_s in moments:
            while spans and spans[0][0] <= now_s:
                _, end_s, emotion = spans.pop(0)
                running = [] if emotion.neutral else running
                running.append((end_s, emotion))
            while running and running[-1][0] <= now_s:
                running.pop()
            latest = running[-1][1] if running else None
            if latest is not shown:
                key = latest.key if latest else keys[0]
                keys.append(EmotionKey(now_s, key.weights, key.intensity))
            shown = latest
        return EmotionTimeline(tuple(keys))


def _span(emotion: ScriptEmotion) -> tuple[float, float]:
    """Return when an emotion begins and ends, rounded so that spans meet exactly."""
    start_s = emotion.key.time_s
    return round(start_s, SAME_TIME_DIGITS), round(start_s + emotion.duration_s, SAME_TIME_DIGITS)
