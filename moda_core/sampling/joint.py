"""All windows at once: one clip is denoised, and overlapping windows agree at every step.

MultiDiffusion (Bar-Tal et al. 2023) in time: velocities are averaged where windows overlap. What a
window continues is the current prediction of the clean motion before it.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .chain import Progress
from .flow import predict_clean
from .window import WindowSampler
from .window_batch import WindowBatch
from .window_plan import WINDOW, count_windows, window_audio


def sample_joint(
    sampler: WindowSampler,
    features: Tensor,
    previous: Tensor,
    noise: Callable[[int], Tensor],
    progress: Progress | None = None,
) -> Tensor:
    """Sample all windows of a clip together.

    Maps `features` (T, layers, channels), `previous` (B, 1, 70), `noise` (B, 80, 70) to (B, T, 70).
    """
    overlap = sampler.options.overlap
    num_windows = count_windows(len(features), overlap)
    parts = [noise(index)[:, overlap if index else 0 :] for index in range(num_windows)]
    report = StepReport(len(sampler.schedule), num_windows, progress)
    velocity = JointVelocity(sampler, features, previous, report.on_call)
    latents = sampler.solve(velocity, torch.cat(parts, dim=1), report.on_step)
    motion = sampler.joined(latents)[:, : len(features)]
    # Twice, as often as the chain does it.
    return sampler.joined(motion)


class JointVelocity:
    """The velocity of a whole clip; remembers what clean motion it last pointed at.

    Parameters
    ----------
    sampler, features, previous
        See `sample_joint`.
    on_call : callable (share)
        See `WindowBatch`.
    """

    def __init__(
        self,
        sampler: WindowSampler,
        features: Tensor,
        previous: Tensor,
        on_call: Callable[[float], None],
    ):
        self.previous, self.on_call = previous.to(sampler.device), on_call
        overlap = sampler.options.overlap
        self.stride = WINDOW - overlap
        self.num_windows = count_windows(len(features), overlap)
        tokens = self._tokens(sampler, features).repeat(len(previous), 1, 1)
        first_frames = [self.stride * index for index in range(self.num_windows)] * len(previous)
        self.batch = WindowBatch(sampler.field, tokens, first_frames)
        self.joined = sampler.steered(self._joined)
        self.frames, self.weights = overlap_weights(self.num_windows, overlap)
        self.frames, self.weights = self.frames.to(tokens.device), self.weights.to(tokens.device)
        self.clean = None

    def __call__(self, latents: Tensor, sigma: float | Tensor) -> Tensor:
        """Return the velocity, shape (B, M, 70), M the frames of all windows."""
        velocity = self.joined(latents, sigma)
        self.clean = predict_clean(latents, velocity, sigma)
        return velocity

    def _joined(self, latents: Tensor, sigma: float | Tensor) -> Tensor:
        windows = latents.unfold(1, WINDOW, self.stride).movedim(-1, 2)  # (B, W, 80, 70)
        velocity = self.batch(windows.flatten(0, 1), self._previous(), sigma, self.on_call)
        velocity = velocity.unflatten(0, windows.shape[:2]).flatten(1, 2)  # (B, W * 80, 70)
        return (velocity[:, self.frames] * self.weights[..., None]).sum(dim=2)

    def _previous(self) -> Tensor:
        """Return the frame before each window, shape (B * W, 1, 70)."""
        if self.clean is None:
            return self.previous.repeat_interleave(self.num_windows, dim=0)
        last = self.stride * (self.num_windows - 1)
        before = self.clean[:, self.stride - 1 : last : self.stride]  # (B, W - 1, 70)
        return torch.cat([self.previous, before], dim=1).flatten(0, 1)[:, None]

    @staticmethod
    def _tokens(sampler: WindowSampler, features: Tensor) -> Tensor:
        context, options = sampler.field.network.config.audio_context, sampler.options
        windows = count_windows(len(features), options.overlap)
        frames = (
            window_audio(features, index, context, options.pad_mode, options.overlap)
            for index in range(windows)
        )
        return torch.cat([sampler.field.embed(audio[None]) for audio in frames])  # (W, 80, D)


class StepReport:
    """Counts the work of a clip in steps of windows."""

    def __init__(self, num_steps: int, num_windows: int, progress: Progress | None):
        self.num_windows, self.total, self.progress = num_windows, num_steps * num_windows, progress
        self.steps, self.done = 0, 0

    def on_call(self, share: float) -> None:
        """Report part of a step; solvers that take several velocities a step never go back."""
        windows = min(math.floor(share * self.num_windows), self.num_windows - 1)
        self._report(self.steps * self.num_windows + windows)

    def on_step(self) -> None:
        """Report a whole step."""
        self.steps += 1
        self._report(self.steps * self.num_windows)

    def _report(self, done: int) -> None:
        self.done = max(self.done, min(done, self.total))
        if self.progress is not None:
            self.progress(self.done, self.total)


def overlap_weights(num_windows: int, overlap: int) -> tuple[Tensor, Tensor]:
    """Return where the frames of a clip are found in its windows, and what they count there.

    A window's weight rises and falls linearly over the overlap. Positions (M, K) count the windows'
    frames, one window after the other; K is how many windows meet at most. Weights (M, K) are at
    least 0; rows sum to 1.
    """
    stride = WINDOW - overlap
    ramp = torch.arange(1, WINDOW + 1).clamp(max=overlap + 1)
    shape = torch.minimum(ramp, ramp.flip(0)).float() / (overlap + 1)
    frame = torch.arange(WINDOW + stride * (num_windows - 1))[:, None]  # (M, 1)
    latest = (frame // stride).clamp(max=num_windows - 1)
    window = latest - torch.arange(math.ceil(WINDOW / stride))  # (M, K)
    inside = frame - stride * window
    covers = (window >= 0) & (inside < WINDOW)
    inside, window = inside.clamp(max=WINDOW - 1), window.clamp(min=0)
    weights = shape[inside.clamp(min=0, max=WINDOW - 1)] * covers
    return window * WINDOW + inside, weights / weights.sum(dim=1, keepdim=True)
