"""Motion for speech that is still being spoken: short windows that roll on.

Each window holds the frames that were shown last, as the motion that is continued, samples the next
few, and a few more that are only a guess since what is said after them is not known yet. The next
window samples those again. Every frame starts from noise of its own, the same in all its windows,
so that they agree on it; the head's guesses are blended into what follows, lips are not.
"""

from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.motion import HEAD, MOTION_DIM, smooth_pose
from ..runtime.threads import threads_for
from .conditions import Conditions
from .emotion_curve import EmotionCurve
from .hold import Hold
from .motion_model import MotionModel
from .options import SamplingOptions
from .window import WindowSampler
from .window_plan import WINDOW

NO_FEATURES = torch.zeros(0)  # of a clip, since a window's are given with it
SMOOTHED = 4  # frames to each side that the smoothed pose of one depends on


@dataclass(frozen=True)
class RollingPlan:
    """How windows roll on; a frame is 40 ms.

    Parameters
    ----------
    take : int
        Frames that each window adds.
    ahead : int
        Frames that must be heard after them. More show lips that know better what comes, later.
    past : int
        Frames before them that a window holds.
    onset : int
        Frames at the beginning of speech that have windows of their own, so that lips open sooner.
        For features that tell the level of speech; 0 for none.
    head_noise : float in [0, 1]
        Deviation of the noise that the head starts from. Windows that follow each other closely
        move it more than long ones do.
    options : SamplingOptions
        Of these solver, schedule and guidance.

    Raises
    ------
    ValueError
        If a number is out of range, or a window has more than 80 frames.
    """

    take: int
    ahead: int
    past: int
    onset: int = 0
    head_noise: float = 1.0
    options: SamplingOptions = field(default_factory=SamplingOptions)

    def __post_init__(self):
        for name, least in (("take", 1), ("ahead", 0), ("past", 0), ("onset", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"Expected a whole {name} of at least {least}, got {value!r}.")
        if self.past + self.take + self.ahead > WINDOW:
            raise ValueError(
                f"Expected a window of at most {WINDOW} frames, got {self.past} + {self.take} + "
                f"{self.ahead}."
            )
        if not 0 <= self.head_noise <= 1:
            raise ValueError(f"Expected head_noise from 0 to 1, got {self.head_noise}.")


# Three steps of the second order move lips and head as ten of the first order do in a window of 80.
STARTER_PLAN = RollingPlan(
    take=2,
    ahead=2,
    past=12,
    onset=2,
    head_noise=0.6,
    options=SamplingOptions(num_steps=3, solver="ab2", schedule="even"),
)
RELEASED_PLAN = RollingPlan(take=8, ahead=8, past=40)


class AudioContext:
    """Gives frames their neighbours' features, as `window_audio` does, while these come in.

    Parameters
    ----------
    context : int
        Frames in a context, odd.
    past : int
        Frames before the next ones that are given too.
    """

    def __init__(self, context: int, past: int):
        self._margin, self._past = context // 2, past
        self._heard: Tensor | None = None  # features of the frames before the next one
        self._frame = 0

    def copy(self) -> "AudioContext":
        """Return a copy that goes its own way from here."""
        return copy(self)

    def __call__(self, features: Tensor, take: int) -> Tensor:
        """Take the next `take` frames of features (take + ahead, layers, channels).

        What comes after the known ones counts as a sound that fades. Returns (past + take + ahead,
        context, layers, channels), with fewer of `past` at the beginning.
        """
        heard = features[:0] if self._heard is None else self._heard
        past = min(self._past, self._frame)
        missing = past + self._margin - len(heard)
        fading = torch.linspace(1, 0, self._margin + 1)[1:, None, None].to(features) * features[-1:]
        known = F.pad(torch.cat([heard, features, fading]), (0, 0, 0, 0, missing, 0))
        self._heard = torch.cat([heard, features[:take]])[-self._past - self._margin :]
        self._frame += take
        return known.unfold(0, 2 * self._margin + 1, 1).movedim(-1, 1)


class RollingSampler:
    """Samples normalised motion window by window.

    Parameters
    ----------
    model : MotionModel
    identity : Tensor, shape (63,)
    previous : Tensor, shape (1, 1, 70)
        Normalised motion before the first frame.
    plan : RollingPlan
    seed : int
        Another seed gives another performance.
    """

    def __init__(
        self,
        model: MotionModel,
        identity: Tensor,
        previous: Tensor,
        plan: RollingPlan,
        seed: int,
    ):
        self.plan, self._seed = plan, seed
        self._model, self._identity, self._previous = model, identity, previous
        self._frame = 0  # number of the next one
        # Of the frames before it, as sampled; and what the last window guessed of those after it.
        self._shown, self._guess = torch.zeros(0, MOTION_DIM), torch.zeros(0, MOTION_DIM)
        self._sampler: WindowSampler | None = None
        self.emotion = EmotionCurve.none()

    def copy(self) -> "RollingSampler":
        """Return a copy that goes its own way from here."""
        return copy(self)  # nothing is changed in place

    @property
    def frame(self) -> int:
        """Number of frames that were sampled."""
        return self._frame

    @property
    def emotion(self) -> EmotionCurve:
        """Emotion of the next windows; only that of a curve's first frames."""
        return self._emotion

    @emotion.setter
    def emotion(self, emotion: EmotionCurve) -> None:
        self._emotion, self._sampler = emotion, None

    @property
    def identity(self) -> Tensor:
        """Canonical keypoints of the face in the next windows, (63,)."""
        return self._identity

    @identity.setter
    def identity(self, identity: Tensor) -> None:
        self._identity, self._sampler = identity, None

    @torch.inference_mode()
    def __call__(self, audio: Tensor, take: int) -> Tensor:
        """Sample the next `take` frames, (take, 70).

        Parameters
        ----------
        audio : Tensor, shape (n, context, layers, channels)
            Of the frames that were sampled last, as many of `past` as there are; of the next
            frames; and of those ahead of them, which may be fewer at the end of the sound.
        """
        past = min(self.plan.past, self._frame)
        with threads_for(self._model.network.config.width) as threads:
            window = self._sampled(self._sampler_of(threads), audio, past)
        window = self._blended(window)
        before = self._shown[-SMOOTHED:]
        smooth = smooth_pose(smooth_pose(torch.cat([before, window])))
        self._shown = torch.cat([self._shown, window[:take]])[-self.plan.past - SMOOTHED :]
        self._guess, self._frame = window[take:], self._frame + take
        return smooth[len(before) :][:take]

    def _sampler_of(self, threads: int) -> WindowSampler:
        if self._sampler is None:
            conditions = Conditions(NO_FEATURES, self._identity, self._previous, self._emotion)
            model = self._model
            self._sampler = WindowSampler(
                model.network, model.null_audio, conditions, self.plan.options, threads
            )
        return self._sampler

    def _sampled(self, sampler: WindowSampler, audio: Tensor, past: int) -> Tensor:
        """Sample a window, and return its frames from the next one on."""
        mask = torch.zeros(len(audio), MOTION_DIM, dtype=torch.bool)
        mask[:past] = True
        held = F.pad(self._shown[len(self._shown) - past :], (0, 0, 0, len(audio) - past))
        sampler.hold = Hold(held.to(sampler.device), mask.to(sampler.device)) if past else None
        frames = range(self._frame - past, self._frame - past + len(audio))
        noise = torch.stack(
            [frame_noise(self._seed, frame, self.plan.head_noise) for frame in frames]
        )
        before = self._shown[: len(self._shown) - past][-1:]
        previous = before[None] if len(before) else self._previous
        window = sampler.sample(audio, previous, noise[None], lambda: None)
        return window[0, past:].cpu().float()

    def _blended(self, window: Tensor) -> Tensor:
        """Blend the head's first frames with what the last window guessed of them."""
        count = min(len(self._guess), len(window))
        if not count:
            return window
        weight = (torch.arange(1, count + 1) / (count + 1))[:, None]
        window = window.clone()
        window[:count, HEAD] = torch.lerp(self._guess[:count, HEAD], window[:count, HEAD], weight)
        return window


@lru_cache(maxsize=4096)  # windows share frames with the last ones; enough for dozens of streams
def frame_noise(seed: int, frame: int, head_noise: float) -> Tensor:
    """Return the noise that a frame starts from in all its windows, (70,); not to be changed."""
    state = np.random.SeedSequence([seed, frame]).generate_state(1, np.uint64)[0]
    noise = torch.randn(MOTION_DIM, generator=torch.Generator().manual_seed(int(state)))
    noise[HEAD] *= head_noise
    return noise
