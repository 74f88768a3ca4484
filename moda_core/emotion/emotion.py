"""An emotion to be shown: one or a blend, or several over time."""

from dataclasses import dataclass

from torch import Tensor

from .timeline import EmotionTimeline


@dataclass(frozen=True, eq=False)
class Emotion:
    """An emotion to be shown.

    Parameters
    ----------
    weights : Tensor, shape (9,)
        Over the nine labels, see `emotion_weights`.
    description : str
        What users see.
    intensity : float
        0 is none of it, 1 as the model has it; more exaggerates. Also that of a timeline.
    timeline : EmotionTimeline, optional
        Emotions that change over time, instead of `weights`.
    """

    weights: Tensor
    description: str
    intensity: float = 1.0
    timeline: EmotionTimeline | None = None

    def __repr__(self) -> str:
        return f"Emotion({self.description})"
