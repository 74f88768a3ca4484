"""Whether a model, features and a portrait go together."""

from ..audio.features import AudioFeatures
from ..portrait.portrait import Portrait
from .motion_model import MotionModel


def check_inputs(model: MotionModel, features: AudioFeatures, portrait: Portrait) -> None:
    """Check that a model can use features and a portrait.

    Parameters
    ----------
    model : MotionModel
    features : AudioFeatures
    portrait : Portrait

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
