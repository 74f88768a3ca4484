"""Motion that a user wants to keep: held while the rest is sampled, and exact in the end.

Sampling is shown what is to be held entirely, and fits the rest to it. Soft borders and weights
below 1 are mixed once, in the finished clip, so that they are what was asked for with any number of
steps; what finishing adds (blinks, sway, wider lips) is thus mixed out of held values as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from ..audio.features import AudioFeatures
from ..motion.checks import check_choice, check_number
from ..motion.easing import smoothstep
from ..motion.motion import (
    EXPRESSION,
    FPS,
    HEAD,
    MOTION_DIM,
    PITCH,
    ROLL,
    SCALE,
    TRANSLATION,
    YAW,
    Motion,
    MotionStats,
)
from ..motion.regions import REGION_KEYPOINTS
from .hold import Hold
from .inversion import moving_dims
from .motion_model import MotionModel

FEATHER_S = 0.8
LONGEST_S = 36000.0
TIME_TOLERANCE_S = 1e-6
ALL_BUT_ENTIRE = 1e-6  # what the odds of a weight are bounded by
PARTS = {
    **{
        region: [3 * keypoint + axis for keypoint in keypoints for axis in range(3)]
        for region, keypoints in REGION_KEYPOINTS.items()
    },
    **{
        name: list(range(MOTION_DIM))[dims]
        for name, dims in (
            ("head", HEAD),
            ("scale", SCALE),
            ("translation", TRANSLATION),
            ("pitch", PITCH),
            ("yaw", YAW),
            ("roll", ROLL),
        )
    },
}


@dataclass(frozen=True, eq=False)
class HeldMotion:
    """Motion to keep, and what of it, and when.

    Parameters
    ----------
    motion : Motion
        Its time is the clip's; at any frame rate. The expression counts from its own rest.
    weights : Tensor of shape (N, 70) or (70,), or mapping from str to float
        In [0, 1]: 1 keeps a value, 0 leaves it free; by frame of the motion, or throughout, or by
        names of `PARTS`. A region's keypoints are held, whatever else moves them.
    start_s, end_s : float
        Seconds in which values are held; default the whole motion.
    feather_s : float
        Seconds of the cross-fade outside of them.

    Raises
    ------
    ValueError
        If a name, a shape, a weight or a time is wrong, or nothing is left to keep.
    """

    motion: Motion
    weights: Tensor | Mapping[str, float]
    start_s: float = 0.0
    end_s: float | None = None
    feather_s: float = FEATHER_S

    def __post_init__(self):
        check_number("start_s", self.start_s, 0, LONGEST_S)
        check_number("feather_s", self.feather_s, 0, LONGEST_S)
        if self.end_s is not None:
            check_number("end_s", self.end_s, 0, LONGEST_S)
        if self.last_s <= self.start_s:
            end = "the end of the motion, " if self.end_s is None else ""
            raise ValueError(
                f"Motion is to be held from {self.start_s:g} s to {end}{self.last_s:g} s. Use an "
                "end after the start."
            )
        if not isinstance(self.weights, Tensor):
            for name, weight in self.weights.items():
                check_choice("part", name, PARTS)
                check_number(f"the weight of {name}", weight, 0, 1)
        elif tuple(self.weights.shape) not in ((MOTION_DIM,), (len(self.motion), MOTION_DIM)):
            raise ValueError(
                f"Expected weights of shape ({MOTION_DIM},) or ({len(self.motion)}, {MOTION_DIM}), "
                f"got {tuple(self.weights.shape)}."
            )
        elif not bool(((self.weights >= 0) & (self.weights <= 1)).all()):
            low, high = self.weights.aminmax()
            raise ValueError(f"Expected weights from 0 to 1, got {low:g} to {high:g}.")

    @property
    def last_s(self) -> float:
        """Seconds after which nothing is held."""
        return len(self.motion) / self.motion.fps if self.end_s is None else self.end_s

    def curves(self, rest: Tensor, num_frames: int) -> tuple[Tensor, Tensor]:
        """Return what is held at 25 fps.

        Parameters
        ----------
        rest : Tensor, shape (63,)
            Expression at rest of the clip.
        num_frames : int
            Length of the clip.

        Returns
        -------
        values : Tensor, shape (num_frames, 70)
            De-normalised.
        weights : Tensor, shape (num_frames, 70)
            1 where a value is held, with soft borders outside.

        Raises
        ------
        ValueError
            If the clip ends before anything is held.
        """
        if self.start_s >= num_frames / FPS:
            raise ValueError(
                f"Motion is to be held from {self.start_s:g} s on, but the speech ends at "
                f"{num_frames / FPS:g} s. Use an earlier start."
            )
        values = self.motion.resampled(FPS, num_frames).values.detach().cpu().clone()
        values[:, EXPRESSION] += rest.to(values) - self.motion.rest.to(values)
        return values, self._weights(num_frames) * self._gate(num_frames)[:, None]

    def _weights(self, num_frames: int) -> Tensor:
        if not isinstance(self.weights, Tensor):
            weights = torch.zeros(MOTION_DIM)
            for name, weight in self.weights.items():
                weights[PARTS[name]] = weights[PARTS[name]].clamp(min=weight)
            return weights.expand(num_frames, -1)
        weights = self.weights.float().cpu()
        if weights.ndim == 1:
            return weights.expand(num_frames, -1)
        placed = Motion(weights, self.motion.rest, self.motion.fps)
        return placed.resampled(FPS, num_frames).values

    def _gate(self, num_frames: int) -> Tensor:
        """Return 1 in the time to keep and a fall to 0 around it, (num_frames,)."""
        time_s = torch.arange(num_frames, dtype=torch.float64) / FPS
        outside = torch.maximum(self.start_s - time_s, time_s - (self.last_s - 1 / FPS))
        outside -= TIME_TOLERANCE_S
        if self.feather_s == 0:
            return (outside <= 0).float()
        return smoothstep(self.feather_s, 0, outside.clamp(min=0)).float()


@dataclass(frozen=True, eq=False)
class HeldCurves:
    """All that is held of a clip, frame by frame at 25 fps.

    Parameters
    ----------
    values : Tensor, shape (N, 70)
        De-normalised.
    weights : Tensor, shape (N, 70)
        In [0, 1].
    """

    values: Tensor
    weights: Tensor

    @classmethod
    def of(cls, held: Sequence[HeldMotion], rest: Tensor, num_frames: int) -> "HeldCurves":
        """Put several held motions together.

        What is held entirely is so, of several the last. Elsewhere a weight w counts as
        ``w / (1 - w)`` beside the 1 of the free motion, so that one fades into the next.

        Parameters
        ----------
        held : sequence of HeldMotion
            At least one.
        rest, num_frames
            See `HeldMotion.curves`.
        """
        curves = [one.curves(rest, num_frames) for one in held]
        if len(curves) == 1:
            return cls(*curves[0])
        values, weights = (torch.stack(parts) for parts in zip(*curves, strict=True))
        odds = weights / (1 - weights).clamp(min=ALL_BUT_ENTIRE)
        total = odds.sum(dim=0)
        mixed = (odds * values).sum(dim=0) / total.clamp(min=ALL_BUT_ENTIRE)
        weight = total / (1 + total)
        for one, share in zip(values, weights, strict=True):
            mixed = torch.where(share == 1, one, mixed)
            weight = torch.where(share == 1, 1.0, weight)
        return cls(mixed, weight)

    def hold(self, stats: MotionStats, features: AudioFeatures) -> Hold:
        """Return what sampling is to hold.

        Parameters
        ----------
        stats : MotionStats
            Of the model; what it never moves is not held before it.
        features : AudioFeatures
            Nothing is held in silence that was added to the recording.
        """
        before, after = features.silence
        motion = torch.where(moving_dims(stats), stats.normalize(self.values), 0)
        mask = (self.weights == 1) & moving_dims(stats)
        return Hold(*(pad(x, (0, 0, before, after)) for x in (motion, mask)))

    def put_back(self, finished: Tensor) -> Tensor:
        """Return finished motion, shape (N, 70), with the held values in place."""
        # Not `lerp`: with a weight of 1 this is the held value to the bit.
        return finished * (1 - self.weights) + self.values * self.weights


def finish_motion(
    model: MotionModel,
    normalized: Tensor,
    features: AudioFeatures,
    seed: int,
    held: HeldCurves | None = None,
    inverted: bool = False,
) -> Tensor:
    """Turn the sampled motion of a whole clip into de-normalised motion of the recording.

    Parameters
    ----------
    normalized : Tensor, shape (T, 70)
        On the CPU, one frame for each of the features.
    seed : int
        Of the run.
    held : HeldCurves, optional
        What was held.
    inverted : bool
        Whether it was sampled from inverted noise: such motion was finished before, so that only
        added silence is cut off.

    Returns
    -------
    Tensor, shape (N, 70)
    """
    before, after = features.silence
    sampled = model.stats.denormalize(normalized[before : len(normalized) - after])
    finished = sampled if inverted else model.finish(normalized, features, seed)
    return finished if held is None else held.put_back(finished)
