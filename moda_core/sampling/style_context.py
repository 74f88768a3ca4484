"""A reference performance that stands before a clip, which is sampled as its continuation.

In context, as in OmniTalker (2504.02433): the model sees a stretch of the reference's motion with
its own speech, held through sampling, and continues it. The stretch is then cut off.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..audio.features import AudioFeatures
from ..emotion.labels import EMOTIONS
from ..motion.checks import check_number
from ..motion.motion import EXPRESSION, FPS, Motion, MotionStats
from .conditions import Conditions
from .emotion_curve import EmotionCurve
from .hold import Hold
from .inversion import moving_dims
from .window_plan import STRIDE, WINDOW

CONTEXT_S = STRIDE / FPS  # so that the clip begins where a window does
SHORTEST_S, LONGEST_S = 1 / FPS, WINDOW / FPS
LATEST_S = 36000.0


@dataclass(frozen=True, eq=False)
class StyleContext:
    """A stretch of a reference's motion and speech, to be seen before a clip.

    Parameters
    ----------
    motion : Motion
        Of any face and frame rate. The expression counts from its own rest.
    features : AudioFeatures
        Of the speech to `motion`, which begin together.
    start_s : float
        Where the stretch begins, at least 0.
    duration_s : float in [0.04, 3.2]
        Length of the stretch, at most a window; what the reference lacks is left out.

    Raises
    ------
    ValueError
        If a time is out of its range, or the reference ends before the stretch begins.
    """

    motion: Motion
    features: AudioFeatures
    start_s: float = 0.0
    duration_s: float = CONTEXT_S

    def __post_init__(self):
        check_number("start_s", self.start_s, 0, LATEST_S)
        check_number("duration_s", self.duration_s, SHORTEST_S, LONGEST_S)
        if not len(self):
            raise ValueError(
                f"The style context begins at {self.start_s:g} s, but motion and speech of the "
                f"reference end at {self._num_frames / FPS:g} s. Use an earlier start."
            )

    def __len__(self) -> int:
        """Return the frames of the stretch at 25 fps."""
        left = self._num_frames - round(self.start_s * FPS)
        return max(0, min(max(1, round(self.duration_s * FPS)), left))

    @property
    def _num_frames(self) -> int:
        """Frames of which both motion and speech are known, at 25 fps."""
        spoken = len(self.features) - sum(self.features.silence)
        return min(spoken, max(1, round(len(self.motion) / self.motion.fps * FPS)))

    def before(self, clip: Conditions, stats: MotionStats, rest: Tensor) -> Conditions:
        """Return the conditions of a clip that this stretch comes before.

        Parameters
        ----------
        clip : Conditions
            Without noise of its own.
        stats : MotionStats
            Of the model.
        rest : Tensor, shape (63,)
            Expression at rest of the clip.

        Returns
        -------
        Conditions
            Of ``len(self)`` frames more, in which all that the model moves is held and no emotion
            is asked for.
        """
        first = round(self.start_s * FPS)
        stretch = slice(first, first + len(self))
        values = self.motion.resampled(FPS, stretch.stop).values.detach().cpu().clone()
        values[:, EXPRESSION] += rest.to(values) - self.motion.rest.to(values)
        moving = moving_dims(stats)
        motion = torch.where(moving, stats.normalize(values), 0)
        start = self.features.silence[0] + first
        heard = self.features.values[start : start + len(self)].to(clip.features)
        return replace(
            clip,
            features=torch.cat([heard, clip.features]),
            previous=motion[max(0, first - 1)][None, None].to(clip.previous),
            emotion=_later(clip.emotion, len(self)),
            hold=_held(motion[stretch], moving, clip.hold),
            voiced=_later_voiced(clip.voiced, len(self)),
            start=clip.previous,
        )


def _later(emotion: EmotionCurve, num_frames: int) -> EmotionCurve:
    """Return an emotion that begins after some frames without one."""
    return EmotionCurve(torch.cat([torch.zeros(num_frames, len(EMOTIONS)), emotion.amounts]))


def _later_voiced(voiced: Tensor | None, num_frames: int) -> Tensor | None:
    """Return where phrases are spoken, after some frames without a pause."""
    if voiced is None:
        return None
    return torch.cat([torch.ones(num_frames, dtype=torch.bool), voiced])


def _held(motion: Tensor, moving: Tensor, following: Hold | None) -> Hold:
    """Return motion (n, 70) held in the dims that move, (70,), and what is held after it."""
    mask = moving.expand_as(motion)
    if following is None:
        return Hold(motion, mask)
    return Hold(torch.cat([motion, following.motion.to(motion)]), torch.cat([mask, following.mask]))
