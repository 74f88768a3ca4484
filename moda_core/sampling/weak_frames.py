"""Which frames of a finished motion are weak: it jerks there, or the lips disagree with the sound.

A frame's quality is the measure of `ranking`, taken apart: its share of the correlation between the
mouth's opening and the sound's level, less a penalty for jerk. What the curves are divided by is
taken once, from the motion as it was found, so that qualities of old and new frames compare, and
sum up to that of the clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from ..motion.checks import check_number
from ..motion.controls import CONTROLS, lip_opening, read
from ..motion.easing import smoothstep
from ..motion.motion import EXPRESSION, HEAD, MotionStats
from .inversion import moving_dims
from .ranking import JERK_WEIGHT, best_agreement

FEATHER = 10  # frames of the cross-fade outside of a weak span; in shorter ones the head jerks
REACH = 3  # frames that a third difference reaches beyond
SHORTEST = 3  # frames of a weak span
SMOOTHING = 5.0  # frames: deviation of the smoothing of qualities that are ranked


class FrameJudge:
    """Measures the frames of a motion, and of what it is changed to, against the sound.

    Parameters
    ----------
    values : Tensor, shape (N, 70)
        The motion as it was found, de-normalised.
    rest : Tensor, shape (63,)
        Expression at rest.
    levels : array, shape (N,)
        Level of the sound in every frame, see `spoken_levels`.
    stats : MotionStats
        Of the model.

    Raises
    ------
    ValueError
        If lengths differ, or a value is not finite.
    """

    def __init__(self, values: Tensor, rest: Tensor, levels: np.ndarray, stats: MotionStats):
        levels = np.asarray(levels, np.float64)
        if levels.shape != (len(values),):
            raise ValueError(
                f"Expected the level of {len(values)} frames, got {levels.shape}. Measure it at "
                "the motion's frame rate."
            )
        if not bool(values.isfinite().all()):
            raise ValueError("The motion holds NaN or infinite values. Sample it again.")
        self._rest, self._stats = rest, stats
        opening, head = self._curves(values)
        self.lag = best_agreement(opening, levels)[1]
        self._level = _standardized(_delayed(levels, self.lag), levels)
        self._opening_scale = opening.mean(), opening.std()
        self._usual = [_root_mean_square(_third_difference(x)) for x in (opening[:, None], head)]

    def agreement(self, values: Tensor) -> np.ndarray:
        """Return each frame's agreement of lips and sound, (N,); their mean is the correlation.

        1 where the lips are as far open as the level says, below 0 where they do the opposite.
        """
        mean, deviation = self._opening_scale
        if deviation == 0 or not self._level.any():
            return np.zeros(len(values))
        opening = (self._curves(values)[0] - mean) / deviation
        return 1 - (opening - self._level) ** 2 / 2

    def jerk(self, values: Tensor) -> np.ndarray:
        """Return each frame's jerk of face and head over the usual one, (N, 2)."""
        opening, head = self._curves(values)
        jerks = [
            np.sqrt((_third_difference(x) ** 2).mean(axis=1)) / (usual or 1.0)
            for x, usual in zip((opening[:, None], head), self._usual, strict=True)
        ]
        return np.stack(jerks, axis=1)

    def quality(self, values: Tensor) -> np.ndarray:
        """Return each frame's quality of face and head, (N, 2), which add up to the frame's.

        The face's depends on the expression alone, the head's on the rest. Higher is better.
        """
        quality = -JERK_WEIGHT / 2 * self.jerk(values)
        quality[:, 0] += self.agreement(values)
        return quality

    def _curves(self, values: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return the mouth's opening, (N,), and the head's moving dims, (N, C)."""
        values = values.detach().cpu()
        shown = read(values[:, EXPRESSION] - self._rest.to(values))
        opening = lip_opening(dict(zip(CONTROLS, shown.unbind(dim=1), strict=True)))
        head = self._stats.normalize(values)[:, HEAD][:, moving_dims(self._stats)[HEAD]]
        return opening.double().numpy(), head.double().numpy()


@dataclass(frozen=True)
class WeakSpan:
    """Frames of a motion that are to be sampled again; the last is not one of them."""

    first: int
    last: int

    def around(self, num_frames: int, more: int = 0) -> slice:
        """Return the frames that change with them, of a motion, and some more."""
        reach = FEATHER + more
        return slice(max(self.first - reach, 0), min(self.last + reach, num_frames))


def weak_spans(quality: np.ndarray, share: float) -> list[WeakSpan]:
    """Return the weakest spans of a motion, from the first to the last.

    Parameters
    ----------
    quality : array, shape (N,)
        Of the frames, face and head together, see `FrameJudge`; it is smoothed here.
    share : float in [0, 1]
        Of the frames that all spans together hold at most, without their cross-fades.

    Returns
    -------
    list of WeakSpan
        Of at least 3 frames, and so far apart that changing one leaves the quality around the
        others alone; as many frames as `share` allows.
    """
    check_number("share", share, 0, 1)
    smooth = gaussian_filter1d(quality, SMOOTHING, mode="nearest")
    ranked, allowed = np.sort(smooth), share * len(quality)
    found: list[WeakSpan] = []
    low, high = 0, len(quality)
    while low < high:  # joined spans hold more frames than are below the threshold
        count = (low + high + 1) // 2
        spans = _joined_runs(smooth <= ranked[count - 1])
        if sum(span.last - span.first for span in spans) <= allowed:
            found, low = spans, count
        else:
            high = count - 1
    return found


def free_weights(spans: Sequence[WeakSpan], num_frames: int) -> Tensor:
    """Return how far each frame is sampled again, (N,): 1 in spans, with soft borders outside."""
    frame, weights = torch.arange(num_frames), torch.zeros(num_frames)
    for span in spans:
        outside = torch.maximum(span.first - frame, frame - (span.last - 1)).clamp(min=0)
        weights = weights.maximum(smoothstep(FEATHER + 1, 0, outside.double()).float())
    return weights


def _joined_runs(weak: np.ndarray) -> list[WeakSpan]:
    """Return the runs of weak frames (N,), bool: near ones as one, without the shortest."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], weak, [False]]).astype(np.int8)))
    runs: list[list[int]] = []
    for first, last in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] < 2 * (FEATHER + REACH):
            runs[-1][1] = last
        else:
            runs.append([first, last])
    return [WeakSpan(*run) for run in runs if run[1] - run[0] >= SHORTEST]


def _standardized(curve: np.ndarray, like: np.ndarray) -> np.ndarray:
    deviation = like.std()
    return (curve - like.mean()) / deviation if deviation > 0 else np.zeros(len(curve))


def _delayed(curve: np.ndarray, lag: int) -> np.ndarray:
    """Return a curve some frames later, with its ends held."""
    return curve[np.clip(np.arange(len(curve)) - lag, 0, len(curve) - 1)]


def _third_difference(curves: np.ndarray) -> np.ndarray:
    """Return the third difference around every frame, (N, C) to (N, C); 0 at the ends."""
    if len(curves) <= REACH:
        return np.zeros_like(curves)
    return np.pad(np.diff(curves, 3, axis=0), ((1, 2), (0, 0)))


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))
