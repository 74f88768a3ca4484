"""From a portrait and speech to motion: the parts put together."""

from collections.abc import Callable
from contextlib import nullcontext

from torch import Tensor

from .audio.features import AudioFeatures
from .emotion import emotion_weights
from .motion import Motion
from .motion_model import MotionModel
from .portrait.portrait import Portrait
from .threads import one_thread
from .windows import Progress, SamplingOptions, sample_motion

SMALL_WIDTH = 256  # of a network whose products are too small to share among threads


def perform(
    model: MotionModel,
    features: AudioFeatures,
    portrait: Portrait,
    emotion: Tensor | None = None,
    options: SamplingOptions | None = None,
    progress: Progress | None = None,
    preview: Callable[[Tensor], None] | None = None,
) -> Motion:
    """Sample the motion of a portrait that speaks a recording.

    Parameters
    ----------
    model : MotionModel
    features : AudioFeatures
        Of the encoder that the model was trained on.
    portrait : Portrait
        Of a renderer that the model takes portraits of.
    emotion : Tensor, shape (9,), optional
        See `emotion_weights`; default none.
    options : SamplingOptions, optional
    progress : callable (done, total), optional
        Called after every step; may raise to cancel.
    preview : callable (values), optional
        Called as the clip grows with the motion so far, de-normalised, shape (n, 70).

    Returns
    -------
    Motion
        At 25 fps, one frame for each of the recording.

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
    options = options or SamplingOptions()
    emotion = emotion_weights("none") if emotion is None else emotion
    previous, rest = model.start(portrait)

    def on_window(normalized: Tensor) -> None:
        if preview is not None:
            preview(model.stats.denormalize(normalized.cpu()))

    with one_thread() if model.network.config.width <= SMALL_WIDTH else nullcontext():
        normalized = sample_motion(
            model.network,
            model.null_audio,
            features.values,
            portrait.identity,
            previous,
            emotion,
            options,
            progress=progress,
            on_window=on_window,
        )
    return Motion(model.finish(normalized.cpu(), features, options.seed), rest)
