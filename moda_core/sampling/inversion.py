"""From motion back to the noise that the sampler makes it of.

Each step of the solver is undone exactly: the latents before it are those that it takes to the
latents after it, found by a fixed-point iteration. What a window continues is known beforehand, so
windows do not wait for each other.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from ..audio.features import AudioFeatures
from ..mmdit.model import MotionMMDiT
from ..motion.motion import EXPRESSION, FPS, MOTION_DIM, STD_FLOOR, Motion, MotionStats
from ..portrait.portrait import Portrait
from ..runtime.threads import threads_for
from .chain import Progress
from .conditions import Conditions, check_inputs
from .diversity import Diversity
from .emotion_curve import EmotionCurve
from .fixed_point import solve_fixed_point
from .inverted_noise import InvertedNoise
from .motion_model import MotionModel
from .options import SamplingOptions, Velocity
from .schedule import Schedule
from .solvers import SOLVE
from .window import WindowSampler
from .window_batch import WindowBatch
from .window_plan import WINDOW, count_windows, window_audio

ONE_STEP_SOLVERS = ("euler", "heun", "midpoint")  # those that need no step before
INVERSION_STEPS = 50
TOLERANCE, HALF_TOLERANCE = 1e-5, 1e-4  # standard deviations, by the precision of the network
MAX_ITERATIONS = 40
GROUP = 16  # windows that go back together


def invert_motion(
    model: MotionModel,
    motion: Motion,
    features: AudioFeatures,
    portrait: Portrait,
    emotion: EmotionCurve | None = None,
    options: SamplingOptions | None = None,
    progress: Progress | None = None,
) -> InvertedNoise:
    """Find the noise from which a model makes an existing motion.

    Parameters
    ----------
    motion : Motion
        At any frame rate; where it is shorter than the speech its last frame is held, and what is
        longer is cut off.
    features : AudioFeatures
        Of the speech that the motion goes with.
    emotion : EmotionCurve, optional
        That the motion shows; default none.
    options : SamplingOptions, optional
        As for sampling; default 50 steps.
    progress : callable (done, total), optional
        Called each time the network was called, with steps times windows; may raise to cancel.

    Returns
    -------
    InvertedNoise
        To be sampled with its `run_options`. Dims that the model never moves come back as its mean.

    Raises
    ------
    ValueError
        If sampling with these options can't be inverted, the features are another encoder's, or
        the portrait another renderer's.
    """
    check_inputs(model, features, portrait)
    previous, rest = model.start(portrait)
    emotion = emotion or EmotionCurve.none()
    conditions = Conditions(features.values, portrait.identity, previous, emotion)
    target = normalized_motion(model.stats, rest, motion, features)
    return invert_flow(model.network, model.null_audio, conditions, target, options, progress)


def normalized_motion(
    stats: MotionStats, rest: Tensor, motion: Motion, features: AudioFeatures
) -> Tensor:
    """Bring a motion to the frames of features and into the model's space, shape (T, 70).

    `rest` (63,) is the expression that the model starts from; the motion's counts from its own and
    begins with the recording, after any added silence. Dims that the model never moves are 0.
    """
    before = features.silence[0]
    placed = motion.resampled(FPS, max(len(features) - before, 1))
    values = placed.values.detach().cpu().clone()
    values[:, EXPRESSION] += rest.to(values) - motion.rest.to(values)
    values = torch.cat([values[:1].expand(before, -1), values])
    return torch.where(moving_dims(stats), stats.normalize(values), 0)


def moving_dims(stats: MotionStats) -> Tensor:
    """Return which dims a model moves at all, shape (70,), bool."""
    return stats.std.cpu() > STD_FLOOR


@torch.inference_mode()
def invert_flow(
    network: MotionMMDiT,
    null_audio: Tensor,
    conditions: Conditions,
    motion: Tensor,
    options: SamplingOptions | None = None,
    progress: Progress | None = None,
) -> InvertedNoise:
    """Find the noise from which a chain of windows makes normalised motion (T, 70).

    The motion has one frame for each of the features. See `invert_motion` for the rest.
    """
    options = options or SamplingOptions(num_steps=INVERSION_STEPS)
    check_invertible(options)
    num_frames = len(conditions.features)
    if tuple(motion.shape) != (num_frames, MOTION_DIM):
        raise ValueError(
            f"Expected motion of shape ({num_frames}, {MOTION_DIM}), one frame for each of the "
            f"features, got {tuple(motion.shape)}."
        )
    num_windows, stride = count_windows(num_frames, options.overlap), WINDOW - options.overlap
    starts = [stride * index for index in range(num_windows)]
    targets, before = windows_of(motion, conditions.previous, starts)
    done, found = 0, []

    def report(num_windows_done: int = 0) -> None:
        nonlocal done
        done += num_windows_done
        if progress is not None:
            progress(done, num_windows * len(sampler.schedule))

    with threads_for(network.config.width) as threads:
        sampler = WindowSampler(network, null_audio, conditions, options, threads)
        for first in range(0, num_windows, GROUP):
            group = range(first, min(first + GROUP, num_windows))
            part = slice(group.start, group.stop)
            velocity = _velocity(
                sampler, conditions.features, group, before[part], lambda _: report()
            )
            on_step = partial(report, len(group))
            found.append(_undo(velocity, targets[part].to(sampler.device), sampler, on_step))
    return InvertedNoise(
        torch.cat([noise.cpu() for noise, _, _ in found]),
        num_frames,
        options,
        max(error for _, error, _ in found),
        sum(iterations for _, _, iterations in found) / len(found) / len(sampler.schedule),
    )


def check_invertible(options: SamplingOptions) -> None:
    """Check that a run with these options can be undone."""
    if options.diversity != Diversity():
        raise ValueError(
            "Motion can't be undone with the noise of MoDA Diversity. Leave it out where a motion "
            "is inverted."
        )
    if options.windows != "chain":
        raise ValueError(
            f"Windows sampled as {options.windows!r} can't be undone. Use a chain of windows."
        )
    if options.solve is not None or options.solver not in ONE_STEP_SOLVERS:
        solver = "another sampler" if options.solve is not None else repr(options.solver)
        raise ValueError(
            f"Steps of {solver} can't be undone. Use one of: {', '.join(ONE_STEP_SOLVERS)}."
        )


def windows_of(motion: Tensor, previous: Tensor, starts: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Cut motion into windows; beyond its end its last frame is held.

    Maps `motion` (T, 70), `previous` (1, 1, 70) to (W, 80, 70).
    """
    frames = torch.tensor(starts)[:, None] + torch.arange(-1, WINDOW)
    cut = motion[frames.clamp(0, len(motion) - 1)]  # (W, 81, 70)
    first = (frames[:, :1] < 0)[..., None].to(motion.device)
    return cut[:, 1:], torch.where(first, previous.to(motion), cut[:, :1])


def _velocity(
    sampler: WindowSampler,
    features: Tensor,
    windows: range,
    previous: Tensor,
    on_call: Callable[[float], None],
) -> Velocity:
    """Return the velocity of some windows of a clip."""
    overlap, pad_mode = sampler.options.overlap, sampler.options.pad_mode
    context, previous = sampler.field.network.config.audio_context, previous.to(sampler.device)
    tokens = [
        sampler.field.embed(window_audio(features, index, context, pad_mode, overlap)[None])
        for index in windows
    ]
    first_frames = [(WINDOW - overlap) * index for index in windows]
    batch = WindowBatch(sampler.field, torch.cat(tokens), first_frames)
    return lambda latents, sigma: batch(latents, previous, sigma, on_call)


def _undo(
    velocity: Velocity, clean: Tensor, sampler: WindowSampler, on_step: Callable[[], None]
) -> tuple[Tensor, float, int]:
    """Return noise, largest error and number of iterations."""
    half = sampler.field.factory["dtype"] != torch.float32
    tolerance = HALF_TOLERANCE if half else TOLERANCE
    solve, schedule = SOLVE[sampler.options.solver], sampler.schedule
    latents, direction, worst, iterations = clean, None, 0.0, 0
    for index in reversed(range(len(schedule))):
        part = slice(index, index + 1)
        step = Schedule(schedule.sigma[part], schedule.sigma_next[part], schedule.timestep[part])

        def residual(before: Tensor, after=latents, step=step) -> Tensor:
            return after - solve(velocity, before, step, lambda: None)

        length = float(step.sigma - step.sigma_next)
        start = latents if direction is None else latents + length * direction
        found = solve_fixed_point(residual, start, tolerance, MAX_ITERATIONS)
        direction, latents = (found.x - latents) / length, found.x
        worst, iterations = max(worst, float(found.error.max())), iterations + found.iterations
        on_step()
    return latents, worst, iterations
