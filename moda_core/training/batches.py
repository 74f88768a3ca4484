"""Windows for training: augmented speech, motion under an emotion, and the motion before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..audio.log_mel import (
    HOP,
    QUIETEST_REFERENCE,
    Equalizer,
    loudness_reference,
    normalize_log_mel,
)
from ..audio.speech_preparation import SAMPLE_RATE
from ..emotion.labels import EMOTIONS, NONE_INDEX
from ..motion.controls import compose, rest_expression
from ..motion.motion import MOTION_DIM, SCALE, TRANSLATION, MotionStats, released_stats
from ..sampling.window_plan import WINDOW
from .augment import Backgrounds, augment
from .dataset import Clip
from .emotion_poses import add_emotion

NEUTRAL_INDEX = EMOTIONS.index("neutral")
EXPRESSIVE = [index for index in range(len(EMOTIONS)) if index not in (NONE_INDEX, NEUTRAL_INDEX)]

START_SHARE = 0.15  # of windows at the beginning of a clip, which continue the rest pose
NULL_AUDIO_SHARE = 0.25  # of windows without emotion, which train the unconditional row
MOST_HEARD_S = 10.0  # before a window, by which the equaliser knows the recording
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
    sounds : Tensor, shape (frames,), int64
        Classes of the sounds, see `sound_classes`.
    weights : Tensor, shape (clips,)
        How often windows are drawn from each clip.
    """

    log_mel: Tensor
    controls: Tensor
    head: Tensor
    starts: Tensor
    lengths: Tensor
    references: Tensor
    sounds: Tensor
    weights: Tensor

    @classmethod
    def from_clips(cls, clips: Iterable[Clip]) -> "Corpus":
        """Concatenate clips, each of at least a window's length."""
        mels, controls, heads, references, sounds = [], [], [], [], []
        for clip in clips:
            mels.append(clip.log_mel.half())
            controls.append(clip.controls)
            heads.append(clip.head)
            sounds.append(clip.sounds)
            references.append(loudness_reference(clip.log_mel.flatten(0, 1)))
        lengths = torch.tensor([len(part) for part in controls])
        starts = lengths.cumsum(0) - lengths
        joined = (torch.cat(parts) for parts in (mels, controls, heads))
        references, sounds = torch.tensor(references), torch.cat(sounds)
        return cls(*joined, starts, lengths, references, sounds, lengths.float())

    @classmethod
    def join(cls, parts: Sequence[tuple["Corpus", float]]) -> "Corpus":
        """Join corpora, from each of which a share of the windows is drawn."""
        fields = {
            name: torch.cat([getattr(corpus, name) for corpus, _ in parts])
            for name in cls.__dataclass_fields__
        }
        fields["starts"] = fields["lengths"].cumsum(0) - fields["lengths"]
        weights = [share * corpus.weights / corpus.weights.sum() for corpus, share in parts]
        fields["weights"] = torch.cat(weights)
        return cls(**fields)

    def with_silence(self, share: float) -> "Corpus":
        """Draw a share of the windows from the silent clips."""
        silent = self.references <= QUIETEST_REFERENCE
        total = torch.where(silent, self.weights[silent].sum(), self.weights[~silent].sum())
        return replace(self, weights=self.weights / total * torch.where(silent, share, 1 - share))


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
    sounds : Tensor, shape (B, 80), int64
        Classes of the sounds, see `sound_classes`.
    """

    features: Tensor
    null_audio: Tensor
    emotion: Tensor
    previous: Tensor
    motion: Tensor
    controls: Tensor
    head: Tensor
    mask: Tensor
    sounds: Tensor


class BatchSampler:
    """Draws augmented windows of a corpus from a seed; `context` is the audio frames per token."""

    def __init__(
        self,
        corpus: Corpus,
        backgrounds: Backgrounds,
        stats: MotionStats,
        context: int,
        seed: int,
    ):
        self.corpus, self.backgrounds = corpus, backgrounds
        self.stats, self.context = stats, context
        self.random = torch.Generator().manual_seed(seed)
        self.weights = corpus.weights

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
        sounds = self._take(self.corpus.sounds, clip, frames[:, 1:])
        return Batch(features, null_audio, emotion, previous, *inside, mask, sounds)

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
        log_mel = self._take(self.corpus.log_mel, clip, frames).float().flatten(1, 2)
        references = self.corpus.references[clip]
        log_mel, references = augment(log_mel, references, self.backgrounds, self.random)
        equalized = self._equalizer(log_mel, references, first == 0)(log_mel, references)
        features = normalize_log_mel(equalized, references[:, None, None]).unflatten(1, (-1, 4))
        inside = (frames >= 0) & (frames < self.corpus.lengths[clip][:, None])
        features = features * inside[..., None, None]
        return features.unfold(1, self.context, 1).movedim(-1, 2)

    def _equalizer(self, log_mel: Tensor, references: Tensor, at_start: Tensor) -> Equalizer:
        """Return an equaliser that heard the windows' recordings for a random time before."""
        heard = Equalizer()
        heard(log_mel, references)
        seconds = MOST_HEARD_S * self._uniform(len(log_mel)) * ~at_start
        share = seconds[:, None, None] / (log_mel.shape[1] * HOP / SAMPLE_RATE)
        return Equalizer(heard.sums * share)

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
