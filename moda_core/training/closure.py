"""The closure from which sampled lips count as touching, chosen on voices of the training set."""

from collections.abc import Iterable

import numpy as np

from ..bundles.performance import CLOSED
from ..motion.controls import CONTROLS, read, rest_expression
from ..motion.motion import EXPRESSION
from .dataset import Clip
from .trained import TrainedStarter

CLOSE = CONTROLS.index("close")
CANDIDATES = np.linspace(0.2, 0.8, 61)


def f1_score(predicted: np.ndarray, target: np.ndarray) -> float:
    """Return the F1 score of two boolean arrays by frame; 0 if both are empty."""
    total = predicted.sum() + target.sum()
    return float(2 * (predicted & target).sum() / total) if total else 0.0


def choose_closure_threshold(starter: TrainedStarter, clips: Iterable[Clip]) -> float:
    """Return the threshold by which the model's lips touch most often when they should."""
    sampled, wanted = [], []
    for seed, clip in enumerate(clips):
        motion, _ = starter.sample(clip.waveform, seed=seed)
        sampled.append(read(motion[:, EXPRESSION] - rest_expression())[:, CLOSE].numpy())
        wanted.append(clip.controls[:, CLOSE].numpy() > CLOSED)
    closure, closed = np.concatenate(sampled), np.concatenate(wanted)
    scores = [f1_score(closure > candidate, closed) for candidate in CANDIDATES]
    return float(CANDIDATES[int(np.argmax(scores))])
