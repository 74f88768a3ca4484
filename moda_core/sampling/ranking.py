"""Which of several takes of a speech looks best: lips against the sound, and smoothness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..audio.features import AudioFeatures
from ..audio.level import frame_levels
from ..motion.controls import CONTROLS, read
from ..motion.motion import EXPRESSION, FPS, HEAD, MotionStats
from .inversion import moving_dims

JAW = CONTROLS.index("jaw")
MAX_LAG = 3  # frames by which lips may come before or after the sound
LENGTH_TOLERANCE_S = 0.1
JERK_WEIGHT = 0.15  # of roughness against a correlation


@dataclass(frozen=True)
class Take:
    """What was measured on one take.

    Parameters
    ----------
    index : int
        Which one it is, from 0.
    seed : int
        That it was sampled from.
    lips : float in [-1, 1]
        Correlation of the mouth's opening with the sound, at the best lag.
    lag : int
        That lag, in frames; above 0 the lips come after the sound.
    pose_jerk, lip_jerk : float
        Third difference over the usual one of the takes.
    score : float
        Higher is better.
    """

    index: int
    seed: int
    lips: float
    lag: int
    pose_jerk: float
    lip_jerk: float
    score: float


def rank_takes(
    takes: Tensor, envelope: Tensor | np.ndarray, stats: MotionStats, seeds: Sequence[int] = ()
) -> list[Take]:
    """Rank takes by how well the lips go with the sound, and by smoothness.

    Parameters
    ----------
    takes : Tensor, shape (B, N, 70)
        Normalised motion.
    envelope : Tensor or array, shape (N,)
        Level of the sound in every frame.
    stats : MotionStats
        Of the normalised space.
    seeds : sequence of int, optional
        Of the takes; default their places.

    Returns
    -------
    list of Take
        Best first. The score is the correlation of the lips, less 0.15 for every time that the
        jerk of pose and lips exceeds the median of the takes; takes with NaN are left out.

    Raises
    ------
    ValueError
        If lengths differ, or there is no take that can be ranked.
    """
    if takes.ndim != 3 or not len(takes):
        raise ValueError(f"Expected takes of shape (B, N, 70), got {tuple(takes.shape)}.")
    envelope = np.asarray(torch.as_tensor(envelope).detach().cpu(), np.float64)
    if envelope.shape != (takes.shape[1],):
        raise ValueError(
            f"Expected the level of {takes.shape[1]} frames, got {envelope.shape}. Measure it at "
            "the motion's frame rate."
        )
    seeds = list(seeds) or list(range(len(takes)))
    takes = takes.detach().cpu()
    finite = finite_takes(takes)
    places = finite.nonzero().flatten().tolist()
    takes, seeds = takes[finite], [int(seeds[place]) for place in places]
    jaw = read(stats.denormalize(takes)[..., EXPRESSION])[..., JAW].double().numpy()
    agreements = [best_agreement(opening, envelope) for opening in jaw]
    head = takes[..., HEAD][..., moving_dims(stats)[HEAD]].double().numpy()
    pose_jerk, lip_jerk = (_over_median(_jerk(curves)) for curves in (head, jaw[..., None]))
    ranked = [
        Take(
            places[index],
            seeds[index],
            lips,
            lag,
            float(pose_jerk[index]),
            float(lip_jerk[index]),
            lips - JERK_WEIGHT * float(pose_jerk[index] + lip_jerk[index] - 2) / 2,
        )
        for index, (lips, lag) in enumerate(agreements)
    ]
    return sorted(ranked, key=lambda take: -take.score)


def finite_takes(takes: Tensor) -> Tensor:
    """Return which of takes (B, N, 70) hold only finite values, (B,); ValueError if none does."""
    finite = takes.isfinite().flatten(1).all(dim=1)
    if not bool(finite.any()):
        raise ValueError(
            "All takes hold NaN or infinite values. Use another precision, less guidance, or "
            "another sampler."
        )
    return finite


def spoken_levels(waveform: Tensor, sample_rate: int, features: AudioFeatures) -> np.ndarray:
    """Return the level of a sound (C, T) in the frames of its features, shape (N,).

    Raises
    ------
    ValueError
        If the sound is not as long as the one that the features were encoded from.
    """
    length_s = waveform.shape[-1] / sample_rate
    if abs(length_s - features.duration_s) > LENGTH_TOLERANCE_S:
        raise ValueError(
            f"The features are of {features.duration_s:.2f} s of sound, and the linked sound has "
            f"{length_s:.2f} s. Link the one that MoDA Encode Audio gives beside the features."
        )
    return frame_levels(waveform, sample_rate, len(features) - sum(features.silence), FPS)


def ranking_text(ranking: Sequence[Take]) -> str:
    """Return a ranking as a table, best first."""
    width = max(len("seed"), *(len(str(take.seed)) for take in ranking))
    lines = [f"rank  {'seed':<{width}s}   score    lips  lag  pose jerk  lip jerk"]
    lines += [
        f"{place:<4d}  {take.seed:<{width}d}  {take.score:6.3f}  {take.lips:6.3f}  {take.lag:+3d}  "
        f"{take.pose_jerk:9.2f}  {take.lip_jerk:8.2f}"
        for place, take in enumerate(ranking, 1)
    ]
    return "\n".join(lines)


def best_agreement(
    opening: np.ndarray, envelope: np.ndarray, max_lag: int = MAX_LAG
) -> tuple[float, int]:
    """Correlate the mouth's opening (N,) with the sound's level (N,) at small lags.

    Returns the largest correlation and its lag in frames, the smallest of equals; above 0 the lips
    come after the sound. 0 where one side does not move, or there are too few frames to tell.
    """
    lags = sorted(range(-max_lag, max_lag + 1), key=abs)
    length = len(opening) - max_lag
    if length < 3 or np.ptp(opening) == 0 or np.ptp(envelope) == 0:
        return 0.0, 0
    found = []
    for lag in lags:
        lips = opening[max(lag, 0) : len(opening) + min(lag, 0)]
        sound = envelope[max(-lag, 0) : len(envelope) + min(-lag, 0)]
        flat = np.ptp(lips) == 0 or np.ptp(sound) == 0
        found.append(0.0 if flat else float(np.corrcoef(lips, sound)[0, 1]))
    best = int(np.argmax(found))
    return found[best], lags[best]


def _jerk(curves: np.ndarray) -> np.ndarray:
    """Return the root mean square of the third difference, (B,), of curves (B, N, C)."""
    if curves.shape[1] < 4:
        return np.zeros(len(curves))
    return np.sqrt((np.diff(curves, 3, axis=1) ** 2).mean(axis=(1, 2)))


def _over_median(values: np.ndarray) -> np.ndarray:
    median = np.median(values)
    return values / median if median > 0 else np.ones_like(values)
