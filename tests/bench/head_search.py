"""The greedy search for attention heads (HeadHunter, arXiv 2506.10978), and what it is measured by.

SyncNet, which others measure lips by, is not available: lips are compared with those that the
phones of synthetic speech ask for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.bundles.bundle import Bundle
from moda_core.motion.controls import read
from moda_core.motion.motion import EXPRESSION, PITCH, ROLL, YAW, Motion
from moda_core.portrait.portrait import Portrait
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.perturbation import Head, HeadPerturbation
from moda_core.training.dataset import Clip
from moda_core.training.targets import LIP_COLUMNS

from .starter_measures import compare_lips

ANGLES = [PITCH.start, YAW.start, ROLL.start]
# The measure of each objective, and whether more of it is better. Closure is that lips touch at p,
# b and m: heads that raised its correlation made them touch no more often.
OBJECTIVES = {
    "lip agreement": ("jaw_correlation", 1),
    "closure": ("bilabial_f1", 1),
    "smoothness": ("roughness", -1),
    "pose range": ("pose_range_deg", 1),
}
# By how much these may be lower than without: lips that miss the speech are worth no other gain.
LARGEST_LOSS = {"jaw_correlation": 0.01, "closure_correlation": 0.01}


def measure(motion: Motion, clip: Clip) -> dict[str, float]:
    """Measure lips against the phones of a clip, and how far and how evenly the head moves.

    `roughness` is the mean second difference of the head's angles over their range, so that a head
    that only moves less is not smoother.
    """
    length = min(len(motion), len(clip))
    values = motion.values[:length]
    controls = read(values[:, EXPRESSION] - motion.rest).numpy()
    lips = compare_lips(controls[:, LIP_COLUMNS], clip.controls[:length, LIP_COLUMNS].numpy())
    angles = values[:, ANGLES].numpy()
    ranges = np.ptp(np.percentile(angles, [2, 98], axis=0), axis=0)
    second = np.abs(np.diff(angles, 2, axis=0)).mean(axis=0)
    return {
        "jaw_correlation": lips["jaw"]["correlation"],
        "closure_correlation": lips["close"]["correlation"],
        "bilabial_f1": lips["bilabial_f1"],
        "roughness": float((second / ranges).mean()),
        "second_difference_deg": float(second.mean()),
        "pose_range_deg": float(ranges.mean()),
    }


@dataclass(frozen=True, eq=False)
class Material:
    """Speech that is performed by one portrait from some seeds; remembers what was measured.

    Parameters
    ----------
    clips : sequence of Clip
    seeds : sequence of int
        Of every clip.
    """

    bundle: Bundle
    portrait: Portrait
    clips: Sequence[Clip]
    seeds: Sequence[int]
    encoded: list[AudioFeatures] = field(init=False)
    measured: dict = field(init=False, default_factory=dict)

    def __post_init__(self):
        sounds = [(torch.from_numpy(clip.waveform)[None], SAMPLE_RATE) for clip in self.clips]
        object.__setattr__(self, "encoded", [self.bundle.encode(sound) for sound in sounds])

    def takes(self, perturbation: HeadPerturbation | None) -> dict[str, np.ndarray]:
        """Return each measure of all clips and seeds, (clips * seeds,)."""
        options = SamplingOptions(perturbation=perturbation)
        if perturbation not in self.measured:
            figures = [
                measure(motion, clip)
                for clip, speech in zip(self.clips, self.encoded, strict=True)
                for motion in self.bundle.perform(
                    self.portrait, speech, seeds=self.seeds, options=options
                )
            ]
            self.measured[perturbation] = {
                name: np.array([figure[name] for figure in figures]) for name in figures[0]
            }
        return self.measured[perturbation]

    def means(self, perturbation: HeadPerturbation | None) -> dict[str, float]:
        """Return the mean of each measure."""
        return {name: float(values.mean()) for name, values in self.takes(perturbation).items()}


def objective_score(
    objective: str, found: Mapping[str, float], without: Mapping[str, float]
) -> float:
    """Return how good measures are for an objective; minus infinity where lips get worse."""
    name, sign = OBJECTIVES[objective]
    if any(without[key] - found[key] > loss for key, loss in LARGEST_LOSS.items()):
        return -np.inf
    return sign * found[name]


def greedy_heads(
    score: Callable[[tuple[Head, ...]], float],
    candidates: Sequence[Head],
    at_once: int = 1,
    rounds: int = 4,
) -> tuple[Head, ...]:
    """Add the heads that raise a score most, `at_once` in each round, while there are any.

    Heads that only help alone are not added together: then the best one is.
    """
    chosen: tuple[Head, ...] = ()
    best = score(chosen)
    for _ in range(rounds):
        scores = {head: score((*chosen, head)) for head in candidates if head not in chosen}
        better = sorted((h for h in scores if scores[h] > best), key=lambda h: -scores[h])
        if not better:
            break
        added = tuple(better[:at_once])
        together = score((*chosen, *added))
        if together < scores[better[0]]:
            added, together = added[:1], scores[better[0]]
        chosen, best = (*chosen, *added), together
    return chosen


def compare(
    objective: str, material: Material, perturbation: HeadPerturbation
) -> dict[str, float | dict]:
    """Compare an objective with and without guidance, take by take."""
    name, sign = OBJECTIVES[objective]
    before, after = material.takes(None), material.takes(perturbation)
    gain = sign * (after[name] - before[name])
    return {
        "takes": len(gain),
        "before": float(before[name].mean()),
        "after": float(after[name].mean()),
        "gain": float(gain.mean()),
        "standard_error": float(gain.std(ddof=1) / len(gain) ** 0.5) if len(gain) > 1 else 0.0,
        "takes_improved": int((gain > 0).sum()),
        "all_before": material.means(None),
        "all_after": material.means(perturbation),
    }
