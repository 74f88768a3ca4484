"""An emotion to show: one, a blend, or several over time."""

from dataclasses import dataclass

from torch import Tensor

from .timeline import EmotionTimeline


@dataclass(frozen=True, eq=False)
class Emotion:
    """An emotion to show.

    Parameters
    ----------
    weights : Tensor, shape (9,)
        Over the nine labels, see `emotion_weights`.
    description : str
        Shown to users.
    intensity : float
        0 is off, 1 as the model has it; higher exaggerates. Also applies to a timeline.
    timeline : EmotionTimeline, optional
        Emotions that change over time, instead of `weights`.
    """

    weights: Tensor
    description: str
    intensity: float = 1.0
    timeline: EmotionTimeline | None = None

    def __repr__(self) -> str:
        return f"Emotion({self.description})"
