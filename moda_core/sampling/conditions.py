"""What one clip is sampled from: all that is given beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from ..audio.features import AudioFeatures
from ..portrait.portrait import Portrait
from .emotion_curve import EmotionCurve
from .hold import Hold
from .motion_model import MotionModel


@dataclass(frozen=True, eq=False)
class Conditions:
    """What one clip is sampled from.

    Parameters
    ----------
    features : Tensor, shape (T, layers, channels)
        Audio features at 25 fps.
    identity : Tensor, shape (63,)
        Canonical keypoints of the face.
    previous : Tensor, shape (1, 1, 70)
        Normalised motion before the first frame.
    emotion : EmotionCurve
        Over the clip; default none.
    hold : Hold, optional
        Motion to hold.
    noise : sequence of Tensor, shape (takes, 80, 70), optional
        Initial noise, one for each window, instead of the seeds'.
    voiced : Tensor, shape (T,), bool, optional
        In which frames a phrase is spoken; anchored windows need it.
    start : Tensor, shape (1, 1, 70), optional
        Pose that anchored windows return to; default `previous`.
    """

    features: Tensor
    identity: Tensor
    previous: Tensor
    emotion: EmotionCurve = field(default_factory=EmotionCurve.none)
    hold: Hold | None = None
    noise: Sequence[Tensor] | None = None
    voiced: Tensor | None = None
    start: Tensor | None = None


def check_inputs(model: MotionModel, features: AudioFeatures, portrait: Portrait) -> None:
    """Check that a model takes these features and this portrait.

    Raises
    ------
    ValueError
        If the features are another encoder's, or the portrait another renderer's.
    """
    if features.encoder != model.encoder:
        raise ValueError(
            f"The model {model.name!r} was trained on features of {model.encoder!r}, but got those "
            f"of {features.encoder!r}. Encode the audio with the model's own encoder."
        )
    if model.renderer not in (None, portrait.renderer):
        raise ValueError(
            f"The model {model.name!r} takes portraits of the renderer {model.renderer!r}, but got "
            f"one of {portrait.renderer!r}. Extract the identity with the model's own renderer."
        )
