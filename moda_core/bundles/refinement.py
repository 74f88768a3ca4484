"""Weak frames of a finished motion sampled again, while the rest is held.

After "back and refine" of LaDiC (Wang et al. 2024): the least confident third of the positions goes
back to pure noise, the rest guides what is sampled there. A flow has no confidence; `FrameJudge`
takes its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from torch import Tensor

from ..audio.features import AudioFeatures
from ..audio.level import MAX_DIFFERENCE_S
from ..motion.motion import EXPRESSION, FPS, HEAD, MOTION_DIM, Motion
from ..motion.regions import REGION_KEYPOINTS
from ..portrait.portrait import Portrait
from ..sampling.chain import Progress
from ..sampling.held_motion import HeldMotion
from ..sampling.motion_model import MotionModel
from ..sampling.request import SamplingRequest
from ..sampling.weak_frames import REACH, FrameJudge, WeakSpan, free_weights, weak_spans
from .pipeline import Takes, perform_takes

NUM_SEEDS = 2**64
WEAK_SHARE = 1 / 3
PARTS = {"face": EXPRESSION, "head": HEAD}  # in the order of `FrameJudge.quality`
EYES = [3 * keypoint + axis for keypoint in REGION_KEYPOINTS["eyes"] for axis in range(3)]


@dataclass(frozen=True)
class Attempt:
    """A span of the face or the head that was sampled again.

    Parameters
    ----------
    span : WeakSpan
        Frames at 25 fps.
    part : {"face", "head"}
    before, after : float
        Mean quality of the part in the frames around it, of the old and of the new motion.
    """

    span: WeakSpan
    part: str
    before: float
    after: float

    @property
    def better(self) -> bool:
        """Whether the new motion took the place of the old one."""
        return self.after > self.before


@dataclass(frozen=True, eq=False)
class RefinedMotion:
    """A motion whose weak frames were sampled again.

    Parameters
    ----------
    motion : Motion
        At 25 fps, one frame for each of the recording.
    rounds : tuple of tuple of Attempt
        What was sampled again in each round.
    agreement, jerk : tuple of float (before, after)
        Means over the frames; agreement is the correlation of lips and sound, jerk that of face and
        head over what is usual in the given motion.
    """

    motion: Motion
    rounds: tuple[tuple[Attempt, ...], ...]
    agreement: tuple[float, float]
    jerk: tuple[float, float]


def refine_motion(
    model: MotionModel,
    motion: Motion,
    features: AudioFeatures,
    portrait: Portrait,
    levels: np.ndarray,
    request: SamplingRequest | None = None,
    share: float = WEAK_SHARE,
    rounds: int = 1,
    progress: Progress | None = None,
) -> RefinedMotion:
    """Sample the weak frames of a motion again, and keep those that came out better.

    Parameters
    ----------
    motion : Motion
        Of this speech; at another frame rate it is resampled first.
    levels : array, shape (N,)
        Level of the sound in every frame at 25 fps, see `spoken_levels`.
    request : SamplingRequest, optional
        How; what it holds stays held. Its seed is that of the first round, each round adds 1.
    share : float in [0, 1]
        Of the frames that a round samples again, at most; cross-fades of 10 frames are added.
    rounds : int
        At least 1; each takes the time of sampling once.
    progress : callable (done, total), optional
        Called after every step; may raise to cancel.

    Returns
    -------
    RefinedMotion
        Equal to the given motion to the bit outside of the spans that came out better and their
        cross-fades, if it is at 25 fps and starts from this portrait's rest. The summed quality of
        its frames is never lower.

    Raises
    ------
    ValueError
        If the motion is not of this speech's length, the request has noise of its own, a number is
        out of range, or inputs do not belong together.
    """
    request = request or SamplingRequest()
    _check(motion, len(levels), request, rounds)
    rest = model.start(portrait)[1].cpu()
    values = motion.resampled(FPS, len(levels)).values.detach().cpu().clone()
    values[:, EXPRESSION] += rest.to(values) - motion.rest.to(values)
    judge, found, refined = FrameJudge(values, rest, levels, model.stats), [], values
    for index in range(rounds):
        spans = weak_spans(judge.quality(refined).sum(axis=1), share)
        if not spans:
            break
        seed = (request.options.seed + index) % NUM_SEEDS
        takes = perform_takes(
            model,
            features,
            portrait,
            _holding(request, Motion(refined, rest), spans),
            [seed],
            progress and partial(_report, progress, index, rounds),
        )
        refined, attempts = _better_of(judge, refined, _candidate(takes, refined), spans)
        found.append(attempts)
    means = (
        tuple(float(measure(each).mean()) for each in (values, refined))
        for measure in (judge.agreement, judge.jerk)
    )
    return RefinedMotion(Motion(refined, rest), tuple(found), *means)


def refinement_text(refined: RefinedMotion) -> str:
    """Return what was sampled again as a table, in the order of time."""
    lines = ["round   start     end  part  before   after  taken"]
    lines += [
        f"{number:<5d}  {attempt.span.first / FPS:6.2f}  {attempt.span.last / FPS:6.2f}  "
        f"{attempt.part}  {attempt.before:6.3f}  {attempt.after:6.3f}  "
        f"{'new' if attempt.better else 'old'}"
        for number, attempts in enumerate(refined.rounds, 1)
        for attempt in attempts
    ]
    return "\n".join(lines)


def _check(motion: Motion, num_frames: int, request: SamplingRequest, rounds: int) -> None:
    if not isinstance(rounds, int) or rounds < 1:
        raise ValueError(f"Expected a whole number of rounds of at least 1, got {rounds!r}.")
    if request.noise is not None:
        raise ValueError(
            "The options hold the noise of one motion, so that nothing new would be sampled. Leave "
            "MoDA Invert Motion out here."
        )
    motion_s, speech_s = len(motion) / motion.fps, num_frames / FPS
    if abs(motion_s - speech_s) > MAX_DIFFERENCE_S:
        raise ValueError(
            f"The motion lasts {motion_s:.2f} s and the speech {speech_s:.2f} s, so they do not "
            "belong together. Link the motion that was sampled from this speech."
        )


def _holding(
    request: SamplingRequest, motion: Motion, spans: Sequence[WeakSpan]
) -> SamplingRequest:
    """Return a request that holds all but some spans of a motion, besides what it holds itself."""
    kept = 1 - free_weights(spans, len(motion))
    held = HeldMotion(motion, kept[:, None].repeat(1, MOTION_DIM), feather_s=0.0)
    return replace(request, held=(*request.held, held))


def _candidate(takes: Takes, old: Tensor) -> Tensor:
    """Return new motion, (N, 70): its face finished, its head as it was sampled, the eyes the old.

    The sampled head continues the held one, which was finished before: sway would be added twice.
    Blinks are drawn from the seed, and no part of what is judged.
    """
    values = takes.motion().values.cpu().clone()
    values[:, EYES] = old[:, EYES]
    values[:, HEAD] = replace(takes, inverted=True).motion().values[:, HEAD].cpu()
    return values


def _better_of(
    judge: FrameJudge, old: Tensor, new: Tensor, spans: Sequence[WeakSpan]
) -> tuple[Tensor, tuple[Attempt, ...]]:
    """Take each span of face and head from the motion, (N, 70), in which it is better."""
    before, after = judge.quality(old), judge.quality(new)
    taken, attempts = old.clone(), []
    for span in spans:
        judged, changed = span.around(len(old), REACH), span.around(len(old))
        for index, (part, dims) in enumerate(PARTS.items()):
            means = (float(quality[judged, index].mean()) for quality in (before, after))
            attempts.append(Attempt(span, part, *means))
            if attempts[-1].better:
                taken[changed, dims] = new[changed, dims]
    return taken, tuple(attempts)


def _report(progress: Progress, index: int, rounds: int, done: int, total: int) -> None:
    progress(index * total + done, rounds * total)
