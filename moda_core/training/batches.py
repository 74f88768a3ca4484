"""Windows for training: augmented speech, motion under an emotion, and the motion before."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..audio.log_mel import loudness_reference
from ..emotion.labels import EMOTIONS, NONE_INDEX
from ..motion.controls import compose, rest_expression
from ..motion.motion import MOTION_DIM, SCALE, TRANSLATION, MotionStats, released_stats
from ..sampling.window_plan import WINDOW
from .augment import augment
from .dataset import Clip
from .emotion_poses import add_emotion

NEUTRAL_INDEX = EMOTIONS.index("neutral")
EXPRESSIVE = [index for index in range(len(EMOTIONS)) if index not in (NONE_INDEX, NEUTRAL_INDEX)]

START_SHARE = 0.15  # of windows at the beginning of a clip, which continue the rest pose
NULL_AUDIO_SHARE = 0.25  # of windows without emotion, which train the unconditional row
PREVIOUS_NOISE = 0.1  # normalised; sampled motion is not as clean as the target


def rest_motion() -> Tensor:
    """Return the starter's motion at rest, shape (70,), which precedes the first frame."""
    rest = torch.zeros(MOTION_DIM)
    rest[: len(rest_expression())] = rest_expression()
    head = slice(SCALE.start, TRANSLATION.stop)
    rest[head] = released_stats().mean[head]
    return rest


def to_motion(controls: Tensor, head: Tensor) -> Tensor:
    """Turn controls (..., N, 12) and a head (..., N, 6) into motion (..., N, 70)."""
    rest = rest_motion()
    expression = rest_expression() + compose(controls)
    scale = rest[SCALE] * head[..., :1]
    translation = rest[TRANSLATION] + torch.nn.functional.pad(head[..., 1:3], (0, 1))
    return torch.cat([expression, scale, translation, head[..., 3:]], dim=-1)


@dataclass(frozen=True)
class Corpus:
    """All clips concatenated.

    Parameters
    ----------
    log_mel : Tensor, shape (frames, 4, 64), float16
    controls, head : Tensor, shapes (frames, 12) and (frames, 6)
    starts, lengths : Tensor, shape (clips,), int64
        Of each clip, in frames.
    references : Tensor, shape (clips,)
        Loudness, see `loudness_reference`.
    """

    log_mel: Tensor
    controls: Tensor
    head: Tensor
    starts: Tensor
    lengths: Tensor
    references: Tensor

    @classmethod
    def from_clips(cls, clips: Iterable[Clip]) -> "Corpus":
        """Concatenate clips, each of at least a window's length."""
        mels, controls, heads, references = [], [], [], []
        for clip in clips:
            mels.append(clip.log_mel.half())
            controls.append(clip.controls)
            heads.append(clip.head)
            references.append(loudness_reference(clip.log_mel.flatten(0, 1)))
        lengths = torch.tensor([len(part) for part in controls])
        starts = lengths.cumsum(0) - lengths
        joined = (torch.cat(parts) for parts in (mels, controls, heads))
        return cls(*joined, starts, lengths, torch.tensor(references))


def motion_stats(corpus: Corpus) -> MotionStats:
    """Return the statistics of the starter's normalised space, in which the rest pose is 0.

    Dims that never move have a standard deviation of 0: `STD_FLOOR` makes whatever the model
    writes there harmless.
    """
    rest = rest_motion()
    neutral = (to_motion(corpus.controls, corpus.head) - rest).square().mean(dim=0)
    still = torch.zeros(len(EXPRESSIVE), 1, corpus.controls.shape[1])
    face, angles = add_emotion(still, torch.zeros(len(EXPRESSIVE), 1, 3), torch.eye(9)[EXPRESSIVE])
    head = torch.cat([torch.ones_like(angles[..., :1]), 0 * angles[..., :2], angles], dim=-1)
    emotion = (to_motion(face, head) - rest).square().mean(dim=(0, 1))
    variance = neutral + 0.1 * emotion
    moving = variance.sqrt() > 1e-6
    return MotionStats(rest, torch.where(moving, variance.sqrt(), torch.zeros_like(variance)))


@dataclass(frozen=True)
class Batch:
    """Windows to learn from.

    Parameters
    ----------
    features : Tensor, shape (B, 80, context, 4, 64)
    null_audio : Tensor, shape (B,), bool
        Rows whose audio is replaced by the null vector.
    emotion : Tensor, shape (B, 9)
    previous : Tensor, shape (B, 1, 70)
        Normalised motion before the window.
    motion : Tensor, shape (B, 80, 70)
        Normalised target.
    controls, head : Tensor, shapes (B, 80, 12) and (B, 80, 6)
        Of the target, without the emotion.
    mask : Tensor, shape (B, 80, 1)
        0 beyond the end of the clip.
    """

    features: Tensor
    null_audio: Tensor
    emotion: Tensor
    previous: Tensor
    motion: Tensor
    controls: Tensor
    head: Tensor
    mask: Tensor


class BatchSampler:
    """Draws augmented windows of a corpus from a seed; `context` is the audio frames per token."""

    def __init__(self, corpus: Corpus, stats: MotionStats, context: int, seed: int):
        self.corpus, self.stats, self.context = corpus, stats, context
        self.random = torch.Generator().manual_seed(seed)
        self.weights = corpus.lengths.float()

    def draw(self, size: int) -> Batch:
        """Draw windows, from each clip in proportion to its length."""
        clip = torch.multinomial(self.weights, size, replacement=True, generator=self.random)
        first = self._first_frames(clip)
        emotion, null_audio = self._emotions(size)
        features = self._features(clip, first)

        frames = first[:, None] + torch.arange(-1, WINDOW)  # with the one before the window
        controls, head = (
            self._take(part, clip, frames) for part in (self.corpus.controls, self.corpus.head)
        )
        mask = (frames[:, 1:] < self.corpus.lengths[clip][:, None]).float()[..., None]
        face, angles = add_emotion(controls, head[..., 3:], emotion)
        posed = torch.cat([head[..., :3], angles], dim=-1)
        motion = self.stats.normalize(to_motion(face, posed))
        previous = self._previous(motion[:, :1], first == 0)
        inside = (part[:, 1:] for part in (motion, controls, head))
        return Batch(features, null_audio, emotion, previous, *inside, mask)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.random)

    def _first_frames(self, clip: Tensor) -> Tensor:
        # Up to half a window may lie beyond the end, as in the last window of a run.
        spare = (self.corpus.lengths[clip] - WINDOW // 2).clamp(min=1)
        first = (self._uniform(len(clip)) * spare).long()
        return torch.where(self._uniform(len(clip)) < START_SHARE, torch.zeros_like(first), first)

    def _take(self, part: Tensor, clip: Tensor, frames: Tensor) -> Tensor:
        inside = frames.clamp(min=0).minimum(self.corpus.lengths[clip][:, None] - 1)
        return part[self.corpus.starts[clip][:, None] + inside]

    def _features(self, clip: Tensor, first: Tensor) -> Tensor:
        margin = self.context // 2
        frames = first[:, None] + torch.arange(-margin, WINDOW + margin)
        log_mel = self._take(self.corpus.log_mel, clip, frames).float()  # (B, 80 + 2m, 4, 64)
        features = augment(log_mel.flatten(1, 2), self.corpus.references[clip], self.random)
        features = features.unflatten(1, (-1, 4))
        inside = (frames >= 0) & (frames < self.corpus.lengths[clip][:, None])
        features = features * inside[..., None, None]
        return features.unfold(1, self.context, 1).movedim(-1, 2)

    def _emotions(self, size: int) -> tuple[Tensor, Tensor]:
        weights = torch.zeros(size, len(EMOTIONS))
        kind = self._uniform(size)
        picks = torch.randint(len(EXPRESSIVE), (size,), generator=self.random)
        strength = torch.where(self._uniform(size) < 0.7, torch.ones(size), self._uniform(size))
        rows = torch.arange(size)
        expressive = kind >= 0.5
        strength = torch.where(expressive, strength, torch.zeros(size))
        weights[rows, torch.tensor(EXPRESSIVE)[picks]] = strength
        weights[rows, torch.where(kind < 0.12, NEUTRAL_INDEX, NONE_INDEX)] += 1 - strength
        null_audio = (kind >= 0.12) & ~expressive & (self._uniform(size) < NULL_AUDIO_SHARE)
        return weights, null_audio

    def _previous(self, previous: Tensor, at_start: Tensor) -> Tensor:
        noise = torch.randn(previous.shape, generator=self.random)
        previous = previous + PREVIOUS_NOISE * noise
        return torch.where(at_start[:, None, None], torch.zeros_like(previous), previous)
