"""From a portrait and speech to motion: the parts put together."""

from collections.abc import Callable

from torch import Tensor

from ..audio.features import AudioFeatures
from ..emotion.emotion import Emotion
from ..motion.motion import Motion
from ..portrait.portrait import Portrait
from ..runtime.threads import threads_for
from ..sampling.chain import Progress
from ..sampling.emotion_curve import EmotionCurve
from ..sampling.inputs import check_inputs
from ..sampling.kept_motion import KeptCurves, finish_motion
from ..sampling.motion_model import MotionModel
from ..sampling.request import SamplingRequest
from ..sampling.sample import sample_motion


def perform(
    model: MotionModel,
    features: AudioFeatures,
    portrait: Portrait,
    emotion: Emotion | Tensor | None = None,
    request: SamplingRequest | None = None,
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
    emotion : Emotion, or Tensor of shape (9,), optional
        Or weights, see `emotion_weights`; default none.
    request : SamplingRequest, optional
        How, and what is given beforehand.
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
    check_inputs(model, features, portrait)
    request = request or SamplingRequest()
    options, (previous, rest) = request.options, model.start(portrait)
    if request.noise is not None:
        options = request.noise.run_options(options)
    num_frames = len(features.values)
    before, after = features.silence
    kept = None
    if request.kept:
        kept = KeptCurves.of(request.kept, rest, num_frames - before - after)
    noise = request.noise and request.noise.for_clip(num_frames, options.seed)

    def on_window(normalized: Tensor) -> None:
        if preview is not None:
            preview(model.stats.denormalize(normalized.cpu()))

    with threads_for(model.network.config.width) as threads:
        normalized = sample_motion(
            model.network,
            model.null_audio,
            features.values,
            portrait.identity,
            previous,
            emotion_curve(emotion, features),
            options,
            noise,
            progress,
            on_window,
            kept and kept.hold(model.stats, features),
            threads,
        )
    inverted = request.noise is not None
    values = finish_motion(model, normalized.cpu(), features, options.seed, kept, inverted)
    return Motion(values, rest)


def emotion_curve(
    emotion: Emotion | Tensor | None, features: AudioFeatures
) -> EmotionCurve | Tensor | None:
    """Return an emotion over the frames of a clip.

    Parameters
    ----------
    emotion : Emotion, or Tensor of shape (9,), optional
    features : AudioFeatures
        Times of a timeline count from the recording's beginning, not from silence before it.
    """
    if not isinstance(emotion, Emotion):
        return emotion
    if emotion.timeline is None:
        return EmotionCurve.constant(emotion.weights, emotion.intensity)
    before, after = features.silence
    spoken = len(features.values) - before - after
    amounts = emotion.timeline.curve(spoken)
    frames = range(-before, spoken + after)
    index = [min(max(frame, 0), spoken - 1) for frame in frames]
    return EmotionCurve(emotion.intensity * amounts[index])
