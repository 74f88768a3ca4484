"""A portrait that speaks while its sound is still arriving."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
import torch
from torch import Tensor

from ...audio.clip import check_finite
from ...audio.log_mel_stream import LogMelStream
from ...audio.resample import StreamResampler
from ...audio.speech_preparation import SAMPLE_RATE
from ...audio.speech_stream import SpeechStream
from ...compositing.renderer import Renderer
from ...emotion.emotion import Emotion
from ...motion.motion import EXPRESSION, FPS, PITCH, ROLL, YAW, Motion
from ...motion.regions import add_by_region
from ...portrait.portrait import Portrait
from ...runtime.threads import threads_for
from ...sampling.emotion_curve import EmotionCurve
from ...sampling.motion_model import MotionModel
from ...sampling.rolling import AudioContext, RollingPlan, RollingSampler
from .onset import SpeechOnset

CLOSING_FRAMES = 4  # in which an interrupted mouth closes, and opens again
POSE_MEMORY_S = 0.4  # in which two thirds of the way to another pose are gone
REMEMBERED = 48  # windows that can be taken back
LARGEST_SHIFT = 45.0  # degrees of a pose
NO_SOUND = np.zeros(0, np.float32)
ANGLES = {"pitch": PITCH, "yaw": YAW, "roll": ROLL}

Listener = LogMelStream | SpeechStream
Render = Callable[[Portrait, Motion], Iterator[Tensor]]


@dataclass(frozen=True, eq=False)
class StreamFrame:
    """One frame of a stream.

    Parameters
    ----------
    index : int
        From 0; it is shown ``index / 25`` seconds after the first one.
    image : Tensor, shape (H, W, 3), uint8
    sound : array, float32
        What is heard while it is shown, mono at the stream's rate.
    values : Tensor, shape (70,)
        Its motion.
    """

    index: int
    image: Tensor
    sound: np.ndarray
    values: Tensor


@dataclass
class _State:
    """What a stream has to remember to be taken back to an earlier frame."""

    listener: Listener
    onset: SpeechOnset
    context: AudioContext
    sampler: RollingSampler
    finish: Callable[[Tensor, Tensor], Tensor]
    sound: np.ndarray  # at the stream's rate, from the next frame on
    mouth: float = 1.0  # share of the mouth's movement that is shown
    pose: Tensor | None = None  # angles (3,) that are added

    def copy(self) -> "_State":
        parts = ("listener", "onset", "context", "sampler", "finish")
        return replace(self, **{name: getattr(self, name).copy() for name in parts})


def mono_sound(sound: Tensor | np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the mix (T,) of sound (C, T) or (T,); ValueError as of `PortraitStream.push`."""
    samples = np.asarray(sound, np.float32)
    if samples.ndim not in (1, 2) or sample_rate <= 0:
        raise ValueError(
            f"Expected sound of shape (C, T) or (T,) and a rate above 0, got {samples.shape} "
            f"and {sample_rate}."
        )
    check_finite(torch.from_numpy(np.atleast_2d(samples)), sample_rate, 0)
    return samples if samples.ndim == 1 else samples.mean(axis=0)


class PortraitStream:
    """Animates a portrait to sound that arrives in pieces, for as long as it does.

    Push sound, and take the frames that can be made from what was pushed: a frame needs its own
    sound, that of the frames of its window, and `plan.ahead` frames more. Where nobody speaks, push
    silence (`rest`): the face listens. Memory does not grow.

    Parameters
    ----------
    model : MotionModel
    listener : LogMelStream or SpeechStream
        Computes the features that the model hears.
    renderer : Renderer
    render : callable (portrait, motion) -> frames (n, H, W, 3) in chunks
    portrait : Portrait
    plan : RollingPlan
        How long windows are, and how far ahead they hear.
    sample_rate : int
        Of the frames' sound.
    emotion : Emotion, optional
    seed : int
        Another seed gives another performance.

    Raises
    ------
    ValueError
        If the model can't be streamed, or the portrait is of a clip.
    """

    def __init__(
        self,
        model: MotionModel,
        listener: Listener,
        renderer: Renderer,
        render: Render,
        portrait: Portrait,
        plan: RollingPlan,
        sample_rate: int = 24000,
        emotion: Emotion | None = None,
        seed: int = 42,
    ):
        if model.rolling_finish is None:
            raise ValueError(
                f"The model {model.name!r} can't be streamed. Use another one, or sample a whole "
                "recording."
            )
        self.plan, self.sample_rate, self.portrait = plan, sample_rate, portrait
        self._model, self._renderer, self._render = model, renderer, render
        previous, self._rest = model.start(self._checked(portrait))
        sampler = RollingSampler(model, portrait.identity, previous, plan, seed)
        context = AudioContext(model.network.config.audio_context, plan.past)
        finish = model.rolling_finish(seed)
        parts = listener, SpeechOnset(plan.onset), context, sampler, finish
        self._state = _State(*parts, NO_SOUND, pose=torch.zeros(3))
        self._before: deque[tuple[int, _State]] = deque(maxlen=REMEMBERED)
        self._pose = torch.zeros(3)
        self._rate, self._converters = SAMPLE_RATE, []  # of the sound that came last
        self._shuts, self._opens_at = False, 0  # the frame from which the mouth may move again
        self.set_emotion(emotion)

    @property
    def num_frames(self) -> int:
        """Number of frames that were made."""
        return self._state.sampler.frame

    @property
    def num_ready(self) -> int:
        """Number of frames in the next window; 0 while too little was pushed to make it."""
        return self._take if self._state.listener.num_ready >= self._take + self.plan.ahead else 0

    @property
    def num_heard(self) -> int:
        """Number of frames, the last one perhaps in part, of what was pushed and not made yet."""
        return -(-len(self._state.sound) * FPS // self.sample_rate)

    def push(self, sound: Tensor | np.ndarray, sample_rate: int) -> None:
        """Append sound.

        Parameters
        ----------
        sound : Tensor or array, shape (C, T) or (T,), full scale at 1
            Of any length; channels are mixed.
        sample_rate : int

        Raises
        ------
        ValueError
            If the shape or the rate is wrong, or a sample is not finite.
        """
        mono = mono_sound(sound, sample_rate)
        if self._shuts:
            begins = self.num_frames + self._state.listener.num_ready
            self._shuts, self._opens_at = False, max(self._opens_at, begins)
        self._append(mono, sample_rate)

    def rest(self, num_frames: int) -> None:
        """Append silence, for a face that listens."""
        self._append(np.zeros(round(num_frames * self._rate / FPS), np.float32), self._rate)

    def frames(self, last: bool = False) -> Iterator[StreamFrame]:
        """Make the frames that can be made.

        Parameters
        ----------
        last : bool
            Make those too after which nothing was heard yet, as at the end of what is said.
        """
        while self.num_ready:
            yield from self._step(self.num_ready, self.plan.ahead)
        if last:
            self.rest(1)
            while self._state.listener.num_ready:
                yield from self._next()

    def next_frames(self, hurried: bool = False) -> list[StreamFrame]:
        """Make the frames of the next window; none if too little was heard.

        Parameters
        ----------
        hurried : bool
            Render just the last one, whose picture all of them show: for who has fallen behind.
        """
        if not self.num_ready:
            return []
        return list(self._step(self.num_ready, self.plan.ahead, hurried))

    def next_at_rest(self, hurried: bool = False) -> list[StreamFrame]:
        """Make the next frames as if silence followed all that was pushed; see `next_frames`."""
        missing = self._take - self._state.listener.num_ready
        if missing > 0:
            self.rest(missing)
        while not self._state.listener.num_ready:
            self.rest(1)  # a frame needs a little of the sound after it
        return list(self._next(hurried))

    def interrupt(self, shown: int | None = None) -> None:
        """Stop speaking at once: what was not shown is dropped, and the mouth closes in 160 ms.

        Parameters
        ----------
        shown : int, optional
            Number of frames that were shown; those after them are made anew. Default all.

        Raises
        ------
        ValueError
            If more are shown than were made, or fewer than are remembered, about 90 frames.
        """
        self.rewind(self.num_frames if shown is None else shown)
        self._shuts, self._opens_at = True, self.num_frames + CLOSING_FRAMES

    def rewind(self, shown: int) -> None:
        """Drop the frames after the first `shown`, and all sound that follows them.

        What is pushed next begins there. Raises what `interrupt` does.
        """
        if shown < self.num_frames:
            self._take_back(shown)
        if shown != self.num_frames:
            raise ValueError(f"Expected at most {self.num_frames} frames shown, got {shown}.")
        self._state.listener.forget_ahead()
        self._state.onset.forget_ahead()
        self._state.sound, self._converters = NO_SOUND, []

    def set_emotion(self, emotion: Emotion | None) -> None:
        """Change the emotion of what is made from now on; None is none.

        Raises `ValueError` if it is a timeline, which has no place in a stream.
        """
        if emotion is not None and emotion.timeline is not None:
            raise ValueError("Expected one emotion or blend, got a timeline. Set emotions in turn.")
        curve = EmotionCurve.none()
        if emotion is not None:
            curve = EmotionCurve.constant(emotion.weights, emotion.intensity)
        self._emotion = self._state.sampler.emotion = curve

    def set_pose(self, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> None:
        """Turn the head to a pose, in degrees from where it is by itself, within about a second."""
        pose = {"pitch": pitch, "yaw": yaw, "roll": roll}
        for name, value in pose.items():
            if not abs(value) <= LARGEST_SHIFT:
                raise ValueError(
                    f"Expected {name} from -{LARGEST_SHIFT:g} to {LARGEST_SHIFT:g}, got {value}."
                )
        self._pose = torch.tensor([pose[name] for name in ANGLES], dtype=torch.float32)

    def set_portrait(self, portrait: Portrait) -> None:
        """Let another face go on; it must be of the same renderer."""
        self.portrait = self._checked(portrait)
        _, self._rest = self._model.start(portrait)
        self._state.sampler.identity = portrait.identity

    def _checked(self, portrait: Portrait) -> Portrait:
        if portrait.clip is not None:
            raise ValueError("Expected a still portrait to stream, got a clip.")
        if portrait.renderer != self._renderer.name:
            raise ValueError(
                f"Expected a portrait of {self._renderer.name!r}, got one of {portrait.renderer!r}."
            )
        return portrait

    def _append(self, mono: np.ndarray, sample_rate: int) -> None:
        if sample_rate != self._rate or not self._converters:
            self._hear(*(convert.rest() for convert in self._converters))
            targets = SAMPLE_RATE, self.sample_rate
            self._rate = sample_rate
            self._converters = [StreamResampler(sample_rate, target) for target in targets]
        self._hear(*(convert(mono) for convert in self._converters))

    def _hear(self, heard: np.ndarray = NO_SOUND, shown: np.ndarray = NO_SOUND) -> None:
        self._state.listener.push(heard)
        self._state.sound = np.concatenate([self._state.sound, shown])

    @property
    def _take(self) -> int:
        """Number of frames that the next window adds, if so many were heard."""
        return 1 if self._state.onset.is_beginning else self.plan.take

    def _next(self, hurried: bool = False) -> Iterator[StreamFrame]:
        """Make the next frames from what was heard, however little is ahead of them."""
        ready = self._state.listener.num_ready
        take = min(self._take, ready)
        return self._step(take, min(self.plan.ahead, ready - take), hurried)

    def _step(self, take: int, ahead: int, hurried: bool = False) -> Iterator[StreamFrame]:
        self._before.append((self.num_frames, self._state.copy()))
        first, values = self.num_frames, self.values(take, ahead)
        sounds = [self._sound(first + index) for index in range(take)]
        shown = values[-1:] if hurried else values
        images = (image for chunk in self._rendered(shown) for image in chunk)
        if hurried:
            values, images = shown.expand(take, -1), repeat(next(images), take)
        for index, (image, sound) in enumerate(zip(images, sounds, strict=True)):
            yield StreamFrame(first + index, image, sound, values[index])

    def _rendered(self, values: Tensor) -> Iterator[Tensor]:
        return self._render(self.portrait, Motion(values, self._rest))

    def values(self, take: int, ahead: int) -> Tensor:
        """Return the motion of the next frames, (take, 70)."""
        state, first = self._state, self.num_frames
        with threads_for(self._model.network.config.width):
            features = state.listener.take(take, ahead)
            state.onset.hear(features, take)
            audio = state.context(features, take)
            normalized = state.sampler(audio, take)
            values = state.finish(normalized, audio[len(audio) - len(features) :])
        shares = torch.tensor([self._mouth_share(first + index) for index in range(take)])
        if bool((shares < 1).any()):
            offset = torch.zeros_like(values)
            offset[:, EXPRESSION] = (values[:, EXPRESSION] - self._rest) * (shares - 1)[:, None]
            values = add_by_region(values, offset, {"mouth": 1.0})
        return self._posed(values)

    def _mouth_share(self, frame: int) -> float:
        """Return the share of the mouth's movement that the next frame shows."""
        state, opens = self._state, not self._shuts and frame >= self._opens_at
        step = 1 / CLOSING_FRAMES if opens else -1 / CLOSING_FRAMES
        state.mouth = min(max(state.mouth + step, 0.0), 1.0)
        return state.mouth

    def _posed(self, values: Tensor) -> Tensor:
        state, share = self._state, 1 - np.exp(-1 / (POSE_MEMORY_S * FPS))
        values = values.clone()
        for row in values:
            state.pose = state.pose + share * (self._pose - state.pose)
            for angle, dim in zip(state.pose, ANGLES.values(), strict=True):
                row[dim] += angle
        return values

    def _sound(self, frame: int) -> np.ndarray:
        """Take the sound of a frame; silence where it was dropped."""
        start, stop = (round(place * self.sample_rate / FPS) for place in (frame, frame + 1))
        state, count = self._state, stop - start
        sound, state.sound = state.sound[:count], state.sound[count:]
        return np.pad(sound, (0, count - len(sound)))

    def _take_back(self, shown: int) -> None:
        """Go back to an earlier frame."""
        while self._before and self._before[-1][0] > shown:
            self._before.pop()
        if not self._before:
            raise ValueError(
                f"Expected a frame that is remembered, got {shown} of {self.num_frames}. Make "
                "fewer frames ahead of those that are shown."
            )
        first, self._state = self._before.pop()
        self._state.sampler.emotion = self._emotion
        self._state.sampler.identity = self.portrait.identity
        if shown > first:
            self.values(shown - first, 0)
            for frame in range(first, shown):
                self._sound(frame)
