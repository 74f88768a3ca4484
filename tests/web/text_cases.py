"""What Python reads in scripts and timelines, as JSON that the page's parser is compared with.

`python -m tests.web.text_cases` writes what Python reads now into `text_cases.json`.
"""

import json
import math
from pathlib import Path

from moda_core.editing.script.script_parser import parse_script
from moda_core.editing.script.script_words import NEUTRAL
from moda_core.emotion.labels import EMOTIONS
from moda_core.emotion.timeline import EmotionKey, parse_timeline

CASES = Path(__file__).with_name("text_cases.json")
DIGITS = 5


def reading(kind: str, text: str, fps: float) -> dict:
    """Return what is read of a text, as {"entries": ...}, or {"error": message}.

    An entry of a script is [time, action, numbers, duration], or [time, weights by emotion,
    intensity, duration]; a key of a timeline has no duration. A duration without end is null.
    """
    try:
        if kind == "timeline":
            return {"entries": [_emotion(key) for key in parse_timeline(text, fps).keys]}
        script = parse_script(text, fps)
    except ValueError as error:
        return {"error": str(error)}
    events = [
        [_number(event.time_s), event.action, list(event.arguments), _number(event.duration_s)]
        for event in script.events
        if event.action != NEUTRAL
    ]
    emotions = [[*_emotion(each.key), _number(each.duration_s)] for each in script.emotions]
    return {"entries": events + emotions}


def _emotion(key: EmotionKey) -> list:
    weights = {
        EMOTIONS[index]: _number(weight)
        for index, weight in enumerate(key.weights.tolist())
        if weight > 0
    }
    return [_number(key.time_s), weights, _number(key.intensity)]


def _number(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None


def write_cases() -> None:
    """Bring the expectations of all cases up to date."""
    cases = json.loads(CASES.read_text("utf-8"))
    lines = []
    for case in cases:
        given = {name: case[name] for name in ("kind", "text", "fps")}
        line = json.dumps({**given, **reading(**given)}, ensure_ascii=False)
        lines.append(line)
    CASES.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


if __name__ == "__main__":
    write_cases()
