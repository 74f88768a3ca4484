"""Emotion over the frames of a clip."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..audio.features import AudioFeatures
from ..emotion.emotion import Emotion
from ..emotion.labels import EMOTIONS, NONE_INDEX


@dataclass(frozen=True, eq=False)
class EmotionCurve:
    """How much of each emotion a clip shows, frame by frame.

    Parameters
    ----------
    amounts : Tensor, shape (N, 9)
        Over `EMOTIONS`, at least 0: 1 in all is as strong as the model has it, less leaves the
        rest to the speech, more exaggerates. That of "none" does not count. After the last frame
        it is held.

    Raises
    ------
    ValueError
        If the shape or a value is wrong.
    """

    amounts: Tensor

    def __post_init__(self):
        shape = tuple(self.amounts.shape)
        if len(shape) != 2 or shape[1] != len(EMOTIONS) or not shape[0]:
            raise ValueError(f"Expected amounts of emotions of shape (N, 9), got {shape}.")
        lowest = float(self.amounts.min())
        if not (lowest >= 0 and bool(self.amounts.isfinite().all())):
            raise ValueError(
                f"Expected finite amounts of at least 0, got a smallest one of {lowest:g}."
            )
        amounts = self.amounts.float().cpu().clone()
        amounts[:, NONE_INDEX] = 0
        object.__setattr__(self, "amounts", amounts)

    @classmethod
    def constant(cls, emotion: Tensor, intensity: float = 1.0) -> "EmotionCurve":
        """Return one emotion, or one blend, for the whole clip.

        Parameters
        ----------
        emotion : Tensor, shape (9,)
            See `emotion_weights`.
        intensity : float
            At least 0.
        """
        return cls(intensity * emotion[None])

    @classmethod
    def none(cls) -> "EmotionCurve":
        """Return the curve that leaves the emotion to the speech."""
        return cls(torch.zeros(1, len(EMOTIONS)))

    @property
    def shown(self) -> tuple[int, ...]:
        """The emotions that are ever shown, as indices into `EMOTIONS`; "none" without any."""
        found = (self.amounts != 0).any(dim=0).nonzero().flatten().tolist()
        return tuple(found) or (NONE_INDEX,)

    def window(self, first_frame: int, num_frames: int) -> Tensor:
        """Return the amounts of some frames, shape (num_frames, 9)."""
        frames = torch.arange(first_frame, first_frame + num_frames)
        return self.amounts[frames.clamp(max=len(self.amounts) - 1)]


def emotion_curve(emotion: Emotion | None, features: AudioFeatures) -> EmotionCurve:
    """Return an emotion over the frames of a clip; None is none.

    Times of a timeline count from the recording's beginning, not from silence before it.
    """
    if emotion is None:
        return EmotionCurve.none()
    if emotion.timeline is None:
        return EmotionCurve.constant(emotion.weights, emotion.intensity)
    before, after = features.silence
    spoken = len(features.values) - before - after
    amounts = emotion.timeline.curve(spoken)
    frames = range(-before, spoken + after)
    index = [min(max(frame, 0), spoken - 1) for frame in frames]
    return EmotionCurve(emotion.intensity * amounts[index])
