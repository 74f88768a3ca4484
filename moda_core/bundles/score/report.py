"""A score in words: its figures, as a table, and as JSON."""

import json
from dataclasses import dataclass

from .score import WEIGHTS, Score

FRAME_MS = 40
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Line:
    """A figure in words: its name, its value with the unit, and how good it is, 0 to 1."""

    name: str
    value: str
    part: float | None
    weight: float


def score_lines(score: Score) -> list[Line]:
    """Return the figures of a score, in the order of `WEIGHTS`."""
    values = {
        "lips": ("{:.2f} correlation" + _lag_text(score.lag_frames), score.lips),
        "closures": ("{:.0%} of p, b, m closed", score.closures),
        "smoothness": ("{:.4f}", score.smoothness),
        "jitter": ("{:.2f} deg", score.jitter_deg),
        "blinks": ("{:.0f} a minute", score.blinks_per_minute),
        "drift": ("{:.1f} deg", score.drift_deg),
        "flicker": ("{:.4f}", score.flicker),
        "identity": ("{:.3f} correlation", score.identity),
    }
    parts = score.parts
    return [
        Line(name, UNKNOWN if value is None else form.format(value), parts[name], WEIGHTS[name])
        for name, (form, value) in values.items()
    ]


def score_table(score: Score) -> str:
    """Return a score as a table of text: the total, then each figure with its part of it."""
    lines = score_lines(score)
    width = max(len(line.value) for line in lines)
    rows = [f"score {score.total:.3f}   {length_text(score)}", ""]
    rows.append(f"{'figure':<10}  {'value':<{width}}  part  weight")
    for line in lines:
        part = "   -" if line.part is None else f"{line.part:4.2f}"
        rows.append(f"{line.name:<10}  {line.value:<{width}}  {part}  {line.weight:6.2f}")
    return "\n".join(rows)


def score_json(score: Score) -> str:
    """Return a score as JSON: total, figures, parts and weights; unknown ones are null."""
    lag = score.lag_frames
    figures = {
        name: value for name, value in vars(score).items() if name not in ("num_frames", "fps")
    }
    figures["lag_ms"] = None if lag is None else lag * FRAME_MS
    contents = {
        "score": score.total,
        "frames": score.num_frames,
        "fps": score.fps,
        "figures": figures,
        "parts": score.parts,
        "weights": WEIGHTS,
    }
    return json.dumps(contents, indent=2)


def length_text(score: Score) -> str:
    """Return how long the motion of a score is."""
    seconds = score.num_frames / score.fps
    return f"{score.num_frames} frames, {seconds:.2f} s, {score.fps:.4g} fps"


def _lag_text(lag_frames: float | None) -> str:
    if lag_frames is None:
        return ""
    lag_ms = round(lag_frames * FRAME_MS)
    if not lag_ms:
        return ", in time"
    return f", {abs(lag_ms)} ms {'early' if lag_ms < 0 else 'late'}"
