"""From a portrait and speech to motion: the parts put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..audio.features import AudioFeatures
from ..motion.motion import Motion
from ..portrait.portrait import Portrait
from ..sampling.chain import Progress
from ..sampling.conditions import Conditions, check_inputs
from ..sampling.emotion_curve import EmotionCurve
from ..sampling.held_motion import HeldCurves, finish_motion
from ..sampling.motion_model import MotionModel
from ..sampling.ranking import Take, rank_takes
from ..sampling.request import CONTEXT_AND_NOISE, SamplingRequest
from ..sampling.sample import sample_takes


@dataclass(frozen=True, eq=False)
class Takes:
    """Several takes of one speech, as they were sampled.

    Parameters
    ----------
    normalized : Tensor, shape (B, T, 70)
        One frame for each of the features.
    model : MotionModel
        That they were sampled from.
    rest : Tensor, shape (63,)
        Expression at rest.
    held : HeldCurves, optional
        What was held.
    inverted : bool
        Whether they were sampled from inverted noise.
    """

    normalized: Tensor
    seeds: tuple[int, ...]
    model: MotionModel
    features: AudioFeatures
    rest: Tensor
    held: HeldCurves | None
    inverted: bool

    def motion(self, index: int = 0) -> Motion:
        """Return the finished motion of a take, at 25 fps, one frame for each of the recording."""
        take, seed = self.normalized[index], self.seeds[index]
        values = finish_motion(self.model, take, self.features, seed, self.held, self.inverted)
        return Motion(values, self.rest)

    def ranked(self, levels: Tensor | np.ndarray) -> list[Take]:
        """Rank the takes, best first, against the sound's level (N,) at 25 fps."""
        before, after = self.features.silence
        spoken = self.normalized[:, before : self.normalized.shape[1] - after]
        return rank_takes(spoken, levels, self.model.stats, self.seeds)


def perform(
    model: MotionModel,
    features: AudioFeatures,
    portrait: Portrait,
    request: SamplingRequest | None = None,
    progress: Progress | None = None,
    preview: Callable[[Tensor], None] | None = None,
) -> Motion:
    """Sample the motion of a portrait that speaks a recording: one of `perform_takes`."""
    request = request or SamplingRequest()
    seeds = [request.options.seed]
    return perform_takes(model, features, portrait, request, seeds, progress, preview).motion()


def perform_takes(
    model: MotionModel,
    features: AudioFeatures,
    portrait: Portrait,
    request: SamplingRequest,
    seeds: Sequence[int],
    progress: Progress | None = None,
    preview: Callable[[Tensor], None] | None = None,
) -> Takes:
    """Sample the motion of a portrait that speaks a recording, in one batch from several seeds.

    Parameters
    ----------
    features : AudioFeatures
        From the encoder that the model was trained with.
    portrait : Portrait
        From a renderer whose portraits the model takes.
    request : SamplingRequest
        How, and what is given beforehand. The seed in its options is not used.
    seeds : sequence of int
        One for each take, at least one.
    progress : callable (done, total), optional
        Called after every step; may raise to cancel.
    preview : callable (values), optional
        Called as the clip grows with the first take's motion so far, de-normalised, shape (n, 70).

    Raises
    ------
    ValueError
        If there is no seed, or several with inverted noise; inverted noise comes with a style
        context; features are another encoder's, or the portrait is another renderer's.
    """
    if not seeds:
        raise ValueError("Expected at least one seed, got none.")
    if request.noise is not None and len(seeds) > 1:
        raise ValueError(
            "The options hold the noise of one motion, so that all takes would be the same. Link "
            "MoDA Invert Motion to MoDA Sample Motion instead."
        )
    check_inputs(model, features, portrait)
    _check_context(model, portrait, request)
    previous, rest = model.start(portrait)
    num_frames, options = len(features.values), request.options
    skipped, held, noise = request.num_frames(features) - num_frames, None, None
    if request.held:
        held = HeldCurves.of(request.held, rest, num_frames - sum(features.silence))
    if request.noise is not None:
        options = request.noise.run_options(options)
        noise = request.noise.for_clip(num_frames, seeds[0])
    conditions = Conditions(
        features.values,
        portrait.identity,
        previous,
        request.emotion or EmotionCurve.none(),
        held and held.hold(model.stats, features),
        noise,
        features.voiced,
    )
    if request.context is not None:
        conditions = request.context.before(conditions, model.stats, rest)

    def on_window(normalized: Tensor) -> None:
        if preview is not None and len(normalized) > skipped:
            preview(model.stats.denormalize(normalized[skipped:].cpu()))

    normalized = sample_takes(
        model.network, model.null_audio, conditions, options, seeds, progress, on_window
    )
    inverted = request.noise is not None
    sampled = normalized[:, skipped:].cpu()
    return Takes(sampled, tuple(seeds), model, features, rest, held, inverted)


def _check_context(model: MotionModel, portrait: Portrait, request: SamplingRequest) -> None:
    """Check that a style context, if there is one, suits the model and the rest of the request."""
    if request.context is None:
        return
    if request.noise is not None:
        raise ValueError(CONTEXT_AND_NOISE)
    check_inputs(model, request.context.features, portrait)
