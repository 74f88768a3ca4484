"""Emotions over time as the text that `parse_timeline` reads."""

from ..config import EMOTIONS
from ..emotion_timeline import EmotionKey, EmotionTimeline


def write_timeline(timeline: EmotionTimeline | None) -> str:
    """Write emotions over time.

    Parameters
    ----------
    timeline : EmotionTimeline, optional
        See `parse_script`.

    Returns
    -------
    str
        One key a line, such as ``2.5 happiness 0.8``; times to a tenth of a millisecond, amounts
        to seven digits. Empty without a timeline.
    """
    if timeline is None:
        return ""
    return "\n".join(f"{round(key.time_s, 4):.10g} {_written(key)}" for key in timeline.keys)


def _written(key: EmotionKey) -> str:
    """Write the emotions of a key, each with its share of the intensity."""
    weights = zip(EMOTIONS, key.weights.tolist(), strict=True)
    shown = [(label, weight * key.intensity) for label, weight in weights if weight > 0]
    return " + ".join(f"{label} {amount:.7g}" for label, amount in shown)
