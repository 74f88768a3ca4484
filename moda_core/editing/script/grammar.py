"""Words, ranges and colours of scripts and timelines, for an editor outside of Python."""

from ...emotion.labels import EMOTIONS
from ...emotion.words import MAX_INTENSITY, SHORTEST_BEGINNING, SYNONYMS
from ...motion.motion import FPS
from ..gestures import LONGEST_S as LONGEST_GESTURE_S
from ..gestures import MOST_REPEATS
from .script_words import LONGEST_S, PHRASES, SCRIPT_WORDS, SHORTEST_S

# Rows of a timeline, and the channels of `SCRIPT_WORDS` that each shows.
LANES = {
    "emotion": (),
    "head": ("hold", "roll", "yaw", "pitch"),
    "eyes": ("gaze", "brows", "lids"),
    "mouth": ("mouth corners", "jaw"),
    "gestures": ("nod", "shake"),
}
# Of the emotions, and of lanes without any; readable under black and under white text.
COLORS = {
    "anger": "#d9534f",
    "contempt": "#a67c52",
    "disgust": "#7c9a3d",
    "fear": "#8e6bbf",
    "happiness": "#d99a1c",
    "neutral": "#8a8f98",
    "sadness": "#4f86c6",
    "surprise": "#c765a3",
    "none": "#6b7078",
    "head": "#3f9c8f",
    "eyes": "#5a8fd0",
    "mouth": "#c96a7b",
    "gestures": "#7a9e4a",
}


def grammar() -> dict:
    """Return what an editor needs to read and write both texts, as JSON takes it."""
    lanes = {channel: lane for lane, channels in LANES.items() for channel in channels}
    actions = {
        name: {
            "lane": lanes[word.channel],
            "channel": word.channel,
            "duration_s": word.duration_s,
            "ease_s": word.ease_s,
            "numbers": [list(number) for number in word.numbers],
            "defaults": list(word.defaults),
            "repeats": word.repeats,
        }
        for name, word in SCRIPT_WORDS.items()
    }
    return {
        "fps": FPS,
        "lanes": list(LANES),
        "colors": COLORS,
        "actions": actions,
        "phrases": PHRASES,
        "emotions": list(EMOTIONS),
        "synonyms": SYNONYMS,
        "max_intensity": MAX_INTENSITY,
        "shortest_beginning": SHORTEST_BEGINNING,
        "shortest_s": SHORTEST_S,
        "longest_s": LONGEST_S,
        "longest_gesture_s": LONGEST_GESTURE_S,
        "most_repeats": MOST_REPEATS,
    }
