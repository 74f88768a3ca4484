"""Sampling motion for speech of any length, window by window (spec D)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .emotion import EMOTIONS, emotion_weights
from .flow import clamp_by_quantile, euler_step, guide, noise_levels, timesteps
from .mmdit.model import MotionMMDiT
from .mmdit.rope import rope_tables
from .motion import smooth_pose
from .window_plan import (
    STRIDE,
    WINDOW,
    count_windows,
    cross_fade,
    window_audio,
    window_noise,
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SamplingOptions:
    """How motion is sampled; the defaults are the released model's.

    Parameters
    ----------
    num_steps : int in [1, 1000]
        Euler steps of each window.
    cfg_scale : float
        Guidance; above 1 it exaggerates what the speech and the emotion change, up to 1 it is off.
    seed : int
        At least 0; window w starts from noise of ``SeedSequence([seed, w])``.
    pad_mode : {"zero", "replicate"}
        Features of the frames that fill up the last window.
    dynamic_threshold : tuple of (ratio, low, high), optional
        Bound on velocities, see `clamp_by_quantile`; acts only with guidance.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    num_steps: int = 10
    cfg_scale: float = 1.2
    seed: int = 42
    pad_mode: str = "zero"
    dynamic_threshold: tuple[float, float, float] | None = None

    def __post_init__(self):
        if not isinstance(self.num_steps, int):
            raise ValueError(f"Expected a whole number of steps, got {self.num_steps!r}.")
        timesteps(self.num_steps)
        if not math.isfinite(self.cfg_scale):
            raise ValueError(f"Expected a finite cfg_scale, got {self.cfg_scale}.")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"Expected a whole seed of at least 0, got {self.seed!r}.")
        ratio, low, high = self.dynamic_threshold or (1.0, 0.0, 1.0)
        if not (0 <= ratio <= 1 and 0 <= low <= high):
            raise ValueError(
                "Expected dynamic_threshold (ratio, low, high) with ratio in [0, 1] and "
                f"low <= high, got {self.dynamic_threshold}."
            )
        if self.pad_mode not in ("zero", "replicate"):
            raise ValueError(f"Expected pad_mode 'zero' or 'replicate', got {self.pad_mode!r}.")

    @property
    def guided(self) -> bool:
        """Whether an unconditional row is computed."""
        return self.cfg_scale > 1


class WindowSampler:
    """Samples windows of one clip; holds what they share.

    Parameters
    ----------
    network : MotionMMDiT
    null_audio : Tensor, shape (channels,)
        Stands for "no audio" in the unconditional row, in every frame and layer (spec D.4). Its
        device and dtype are those of the run.
    identity : Tensor, shape (63,)
        Canonical keypoints of the face.
    emotion : Tensor, shape (9,)
        Weights over `EMOTIONS`.
    options : SamplingOptions
    """

    def __init__(
        self,
        network: MotionMMDiT,
        null_audio: Tensor,
        identity: Tensor,
        emotion: Tensor,
        options: SamplingOptions,
    ):
        self.network, self.options = network, options
        self.factory = {"device": null_audio.device, "dtype": null_audio.dtype}
        self.rows = 2 if options.guided else 1  # unconditional first
        self.sigmas = noise_levels(options.num_steps)

        emotions = [emotion_weights("none"), emotion][-self.rows :]
        self.emotions = torch.stack([row.to(**self.factory) for row in emotions])  # (rows, 9)
        self.identities = identity.reshape(1, -1).expand(self.rows, -1).to(**self.factory)
        self.null_token = network.audio_embedder(self._null_frame(null_audio))  # (1, 1, D)
        self.step_modulations = self._step_modulations()
        self.rope = rope_tables(WINDOW, network.config.head_dim, self.factory["device"])

    def _null_frame(self, null_audio: Tensor) -> Tensor:
        config = self.network.config
        frame = null_audio.reshape(1, 1, 1, 1, -1).to(**self.factory)
        return frame.expand(-1, -1, config.audio_context, config.audio_layers, -1)

    def _step_modulations(self) -> list[list[Tensor]]:
        steps = timesteps(self.options.num_steps).to(self.factory["device"])
        emotions = self.emotions.repeat(len(steps), 1)  # (steps * rows, 9)
        modulations = self.network.modulations(steps.repeat_interleave(self.rows), emotions)
        by_step = [table.unflatten(0, (len(steps), self.rows)).unbind(0) for table in modulations]
        return [list(step) for step in zip(*by_step, strict=True)]

    def sample(
        self, audio: Tensor, previous: Tensor, noise: Tensor, on_step: Callable[[], None]
    ) -> Tensor:
        """Sample one window.

        Parameters
        ----------
        audio : Tensor, shape (80, context, layers, channels)
        previous : Tensor, shape (1, 1, 70)
            Normalised motion just before the window.
        noise : Tensor, shape (1, 80, 70)
        on_step : callable
            Called after each step; may raise to cancel.

        Returns
        -------
        Tensor, shape (1, 80, 70), float32
            Normalised motion.
        """
        tokens = self.network.audio_embedder(audio[None].to(**self.factory))  # (1, L, D)
        if self.options.guided:
            tokens = torch.cat([self.null_token.expand_as(tokens), tokens])
        conditions = self.network.condition_tokens(tokens, self.identities, self.emotions)
        previous = previous.expand(self.rows, WINDOW, -1).to(self.factory["device"])
        latents = noise.to(self.factory["device"])
        for modulations, sigma, sigma_next in zip(self.step_modulations, *self.sigmas, strict=True):
            motion = torch.cat([previous, latents.expand(self.rows, -1, -1)], dim=-1)
            motion = motion.to(self.factory["dtype"])
            velocity = self.network.velocity(motion, conditions, modulations, self.rope).float()
            latents = euler_step(latents, self._guided(velocity), sigma, sigma_next)
            on_step()
        return latents

    def _guided(self, velocity: Tensor) -> Tensor:
        if not self.options.guided:
            return velocity
        if self.options.dynamic_threshold is not None:
            velocity = clamp_by_quantile(velocity, *self.options.dynamic_threshold)
        uncond, cond = velocity.split(1)
        return guide(uncond, cond, self.options.cfg_scale)


@torch.inference_mode()
def sample_motion(
    network: MotionMMDiT,
    null_audio: Tensor,
    features: Tensor,
    identity: Tensor,
    previous: Tensor,
    emotion: Tensor | None = None,
    options: SamplingOptions | None = None,
    noise: Sequence[Tensor] | None = None,
    progress: Progress | None = None,
    on_window: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Sample motion for a whole clip.

    Parameters
    ----------
    network : MotionMMDiT
    null_audio : Tensor, shape (channels,)
        See `WindowSampler`.
    features : Tensor, shape (T, layers, channels)
        Audio features at 25 fps.
    identity : Tensor, shape (63,)
        Canonical keypoints of the face.
    previous : Tensor, shape (1, 1, 70)
        Normalised motion before the first frame, see `previous_motion`.
    emotion : Tensor, shape (9,), optional
        Weights over `EMOTIONS`, default none.
    options : SamplingOptions, optional
    noise : sequence of Tensor, shape (1, 80, 70), optional
        One for each window, instead of `window_noise`.
    progress : callable (done, total), optional
        Called after every step of every window; may raise to cancel.
    on_window : callable (motion), optional
        Called after every window but the last with the normalised motion so far, shape (n, 70).

    Returns
    -------
    Tensor, shape (T, 70), float32
        Normalised motion.

    Raises
    ------
    ValueError
        If the features are not what the network was built for, or there are none.
    """
    options = options or SamplingOptions()
    emotion = emotion_weights("none") if emotion is None else emotion
    _check_inputs(network, features, emotion)
    num_windows = count_windows(len(features))
    if noise is not None and len(noise) < num_windows:
        raise ValueError(f"Expected noise for {num_windows} windows, got it for {len(noise)}.")
    sampler = WindowSampler(network, null_audio, identity, emotion, options)

    total, done = num_windows * options.num_steps, 0

    def on_step():
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    motion = None
    for index in range(num_windows):
        frames = window_audio(features, index, network.config.audio_context, options.pad_mode)
        start = window_noise(options.seed, index) if noise is None else noise[index]
        window = smooth_pose(sampler.sample(frames, previous, start, on_step))
        previous = window[:, STRIDE - 1 : STRIDE]
        if index == num_windows - 1:
            window = window[:, : len(features) - STRIDE * index]
        motion = window if motion is None else cross_fade(motion, window)
        if on_window is not None and index < num_windows - 1:
            on_window(motion[0])
    return smooth_pose(motion)[0]


def _check_inputs(network: MotionMMDiT, features: Tensor, emotion: Tensor) -> None:
    config = network.config
    expected = (config.audio_layers, config.audio_width)
    if features.ndim != 3 or tuple(features.shape[1:]) != expected or not len(features):
        raise ValueError(
            f"Expected audio features of shape (T, {expected[0]}, {expected[1]}), "
            f"got {tuple(features.shape)}. Use the audio encoder that the model was trained on."
        )
    if tuple(emotion.shape) != (len(EMOTIONS),):
        raise ValueError(f"Expected emotion weights of shape (9,), got {tuple(emotion.shape)}.")
