"""Emotion over the frames of a clip."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..emotion import EMOTIONS, NONE_INDEX

SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class EmotionCurve:
    """Which emotions a clip shows, frame by frame.

    Parameters
    ----------
    labels : Tensor, shape (R, 9)
        What the network is told, one row for each emotion: weights over `EMOTIONS`.
    mix : Tensor, shape (N, R)
        Weights of those rows in each frame, at least 0, with a sum of 1. After the last frame it
        is held.
    intensity : Tensor, shape (N,)
        Strength of the emotion, at least 0: 0 is as without emotion, 1 as the model has it.

    Raises
    ------
    ValueError
        If a shape or a value is wrong.
    """

    labels: Tensor
    mix: Tensor
    intensity: Tensor

    def __post_init__(self):
        if self.labels.ndim != 2 or self.labels.shape[1] != len(EMOTIONS):
            raise ValueError(
                f"Expected emotion weights of shape (9,), got {tuple(self.labels.shape[1:])}."
            )
        num_frames = len(self.intensity)
        if not num_frames or tuple(self.mix.shape) != (num_frames, len(self.labels)):
            raise ValueError(
                f"Expected a mix of shape (N, {len(self.labels)}) and an intensity of shape (N,), "
                f"got {tuple(self.mix.shape)} and {tuple(self.intensity.shape)}."
            )
        error = float((self.mix.sum(dim=1) - 1).abs().max())
        if not (error <= SUM_TOLERANCE and float(self.mix.min()) >= 0):
            raise ValueError(
                "Expected weights of at least 0 that sum to 1 in every frame, got a sum that is "
                f"off by {error:g} and a smallest weight of {float(self.mix.min()):g}."
            )
        if not (float(self.intensity.min()) >= 0 and bool(self.intensity.isfinite().all())):
            raise ValueError(
                f"Expected an intensity of at least 0, got {float(self.intensity.min()):g}."
            )

    @classmethod
    def constant(cls, emotion: Tensor, intensity: float = 1.0) -> "EmotionCurve":
        """Return one emotion for the whole clip; a blend is told to the network as one row.

        Parameters
        ----------
        emotion : Tensor, shape (9,)
            See `emotion_weights`.
        intensity : float
            At least 0.
        """
        return cls(emotion[None].float().cpu(), torch.ones(1, 1), torch.tensor([float(intensity)]))

    @classmethod
    def from_weights(cls, weights: Tensor, intensity: Tensor | None = None) -> "EmotionCurve":
        """Return emotions that change; each label in use is a row of its own.

        Parameters
        ----------
        weights : Tensor, shape (N, 9)
            Weights over `EMOTIONS` in each frame; rows sum to 1.
        intensity : Tensor, shape (N,), optional
            Default 1.
        """
        if weights.ndim != 2 or weights.shape[1] != len(EMOTIONS) or not len(weights):
            raise ValueError(f"Expected weights of shape (N, 9), got {tuple(weights.shape)}.")
        weights = weights.float().cpu()
        used = (weights != 0).any(dim=0)
        intensity = torch.ones(len(weights)) if intensity is None else intensity.float().cpu()
        return cls(torch.eye(len(EMOTIONS))[used], weights[:, used], intensity)

    @property
    def plain(self) -> tuple[bool, ...]:
        """Whether a row stands for no emotion, shape (R,)."""
        return tuple(bool(row[NONE_INDEX] == 1) for row in self.labels)

    def window(self, first_frame: int, num_frames: int) -> tuple[Tensor, Tensor]:
        """Return the mix, shape (num_frames, R), and the intensity, shape (num_frames,)."""
        frames = torch.arange(first_frame, first_frame + num_frames)
        frames = frames.clamp(max=len(self.intensity) - 1)
        return self.mix[frames], self.intensity[frames]
