"""Measures of how well sampled lips follow a target, and simple comparators."""

from collections.abc import Iterable

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from moda_core.bundles.performance import CLOSED
from moda_core.training.dataset import Clip
from moda_core.training.hearing import f1_score
from moda_core.training.targets import LIP_COLUMNS, LIPS, speech_energy

LAGS = range(-4, 5)  # frames


def correlation(predicted: np.ndarray, target: np.ndarray) -> float:
    """Return Pearson's correlation; 0 if one side is constant."""
    if np.ptp(predicted) == 0 or np.ptp(target) == 0:
        return 0.0
    return float(np.corrcoef(predicted, target)[0, 1])


def compare_lips(predicted: np.ndarray, target: np.ndarray, closed: float = CLOSED) -> dict:
    """Compare lips (frames, 3) with their target."""
    figures = {}
    for column, name in enumerate(LIPS):
        found, wanted = predicted[:, column], target[:, column]
        figures[name] = {
            "correlation": correlation(found, wanted),
            "variance_ratio": float(found.var() / wanted.var()),
            "rms_error": float(np.sqrt(((found - wanted) ** 2).mean())),
        }
    figures["bilabial_f1"] = f1_score(predicted[:, 1] > closed, target[:, 1] > CLOSED)
    return figures


def lagged_energy(clip: Clip) -> np.ndarray:
    """Return the level of a clip's frames and their neighbours, and ones, shape (N, 10)."""
    energy = np.pad(speech_energy(clip.waveform, len(clip)), len(LAGS) // 2)
    columns = [energy[len(LAGS) // 2 + lag : len(LAGS) // 2 + lag + len(clip)] for lag in LAGS]
    return np.stack([*columns, np.ones(len(clip))], axis=1)


class EnergyComparator:
    """Lips as a linear function of the speech's level, fitted to clips of the training set."""

    def __init__(self, clips: Iterable[Clip]):
        clips = list(clips)
        inputs = np.concatenate([lagged_energy(clip) for clip in clips])
        target = np.concatenate([clip.controls[:, LIP_COLUMNS].numpy() for clip in clips])
        self.weights = np.linalg.lstsq(inputs, target, rcond=None)[0]
        self.mean = target.mean(axis=0)
        closure = (inputs @ self.weights)[:, 1]
        candidates = np.quantile(closure, np.linspace(0.5, 0.99, 50))
        scores = [f1_score(closure > level, target[:, 1] > CLOSED) for level in candidates]
        self.closed = float(candidates[int(np.argmax(scores))])

    def predict(self, clip: Clip) -> np.ndarray:
        """Return jaw, closure and width, shape (N, 3)."""
        return lagged_energy(clip) @ self.weights

    def compare(self, clips: list[Clip]) -> dict[str, dict]:
        """Return figures of the level and of the training mean on other clips."""
        target = np.concatenate([clip.controls[:, LIP_COLUMNS].numpy() for clip in clips])
        predicted = np.concatenate([self.predict(clip) for clip in clips])
        mean = np.broadcast_to(self.mean, target.shape)
        return {
            "lagged_energy": compare_lips(predicted, target, self.closed),
            "training_mean": compare_lips(mean, target),
        }


def pose_figures(motion: np.ndarray) -> dict:
    """Return the movement of the head in motion (frames, 70)."""
    figures = {}
    for name, column in (("pitch", 67), ("yaw", 68), ("roll", 69)):
        angle = motion[:, column]
        low, high = np.percentile(angle, [2, 98])
        figures[f"{name}_range_deg"] = float(high - low)
        figures[f"{name}_second_difference_deg"] = float(np.abs(np.diff(angle, 2)).mean())
    return figures


def count_blinks(lids: np.ndarray, shut: float = 0.5) -> int:
    """Return how often the lids (frames,) close beyond `shut`."""
    closed = lids > shut
    return int((closed[1:] & ~closed[:-1]).sum())


def peak_distances(opening: np.ndarray, energy: np.ndarray) -> dict[str, float]:
    """Compare the peaks of the mouth's opening (frames,) with those of the speech's level."""
    syllables = _peaks(gaussian_filter1d(energy, 1.0), 0.05)
    shifts = range(len(opening) // 8, len(opening), len(opening) // 8 or 1)
    shifted = [_median_distance(_peaks(np.roll(opening, s), 0.02), syllables) for s in shifts]
    openings = _peaks(opening, 0.02)
    return {
        "opening_to_syllable_median_frames": _median_distance(openings, syllables),
        "opening_to_syllable_by_chance_frames": float(np.mean(shifted)),
        "syllable_to_opening_median_frames": _median_distance(syllables, openings),
    }


def _peaks(curve: np.ndarray, prominence: float) -> np.ndarray:
    return find_peaks(curve, prominence=prominence)[0]


def _median_distance(peaks: np.ndarray, others: np.ndarray) -> float:
    if not len(peaks) or not len(others):
        return float("inf")
    return float(np.median(np.abs(others[None] - peaks[:, None]).min(axis=1)))
