"""Rank several takes of a speech by their scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ...sampling.ranking import finite_takes
from ..pipeline import Takes
from .measure import score_motion
from .report import FRAME_MS
from .score import Score


@dataclass(frozen=True)
class ScoredTake:
    """One of several takes, from `index` 0 on, the seed that it was sampled from, and its score."""

    index: int
    seed: int
    figures: Score

    @property
    def score(self) -> float:
        """Its total."""
        return self.figures.total


def rank_by_score(takes: Takes, waveform: Tensor, sample_rate: int) -> list[ScoredTake]:
    """Score the finished motion of takes with the sound (C, T) that they speak, best first.

    Takes that hold NaN are left out. Raises `ValueError` if there is no other, or if the sound is
    not as long as the motion.
    """
    finite = finite_takes(takes.normalized).tolist()
    scored = [
        ScoredTake(index, seed, score_motion(takes.motion(index), (waveform, sample_rate)).score)
        for index, seed in enumerate(takes.seeds)
        if finite[index]
    ]
    return sorted(scored, key=lambda take: -take.score)


def scored_ranking_text(ranking: Sequence[ScoredTake]) -> str:
    """Return a ranking as a table, best first."""
    width = max(len("seed"), *(len(str(take.seed)) for take in ranking))
    lines = [
        f"rank  {'seed':<{width}s}   score    lips   lag ms  smoothness  jitter  blinks  drift"
    ]
    for place, take in enumerate(ranking, 1):
        score = take.figures
        lag_ms = None if score.lag_frames is None else score.lag_frames * FRAME_MS
        columns = (
            _cell(score.lips, 6, 3),
            _cell(lag_ms, 7, 0),
            _cell(score.smoothness, 10, 4),
            _cell(score.jitter_deg, 6, 2),
            _cell(score.blinks_per_minute, 6, 0),
            _cell(score.drift_deg, 5, 1),
        )
        lines.append(f"{place:<4d}  {take.seed:<{width}d}  {take.score:6.3f}  {'  '.join(columns)}")
    return "\n".join(lines)


def _cell(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"
