"""Sampling of one window: the solver on the guided flow."""

from collections.abc import Callable

from torch import Tensor

from ..mmdit.model import MotionMMDiT
from ..motion.motion import smooth_pose
from .conditions import Conditions
from .field import VelocityField
from .hold import Hold
from .options import SamplingOptions, Velocity
from .schedule import schedule_of
from .solvers import SOLVE
from .window_batch import WindowBatch


class WindowSampler:
    """Samples windows of one clip; holds what they share.

    Parameters
    ----------
    null_audio : Tensor, shape (channels,)
        Stands for "no audio"; its device and dtype are those of the run.
    conditions : Conditions
        Of these the identity, the emotion and the hold.
    threads : int
        Network calls that may run at the same time, see `VelocityField`.
    """

    def __init__(
        self,
        network: MotionMMDiT,
        null_audio: Tensor,
        conditions: Conditions,
        options: SamplingOptions,
        threads: int = 1,
    ):
        self.options = options
        self.schedule = schedule_of(options)
        self.field = VelocityField(network, null_audio, conditions, options, self.schedule, threads)
        self.device, self.hold = null_audio.device, conditions.hold
        if self.hold is not None:  # there once, and not at every step
            self.hold = Hold(self.hold.motion.to(self.device), self.hold.mask.to(self.device))

    def velocity(self, audio: Tensor, previous: Tensor, first_frame: int = 0) -> Velocity:
        """Return the velocity of one window as a function of latents and noise level.

        Takes `audio` (80, context, layers, channels), `previous` (B, 1, 70).
        """
        previous = previous.to(self.device)
        tokens = self.field.embed(audio[None]).expand(len(previous), -1, -1)
        batch = WindowBatch(self.field, tokens, [first_frame] * len(previous))

        def velocity(latents: Tensor, sigma: float | Tensor) -> Tensor:
            return batch(latents, previous, sigma)

        return self.steered(velocity, first_frame)

    def steered(self, velocity: Velocity, first_frame: int = 0) -> Velocity:
        """Return a velocity that keeps what is to be held."""
        return velocity if self.hold is None else self.hold.steered(velocity, first_frame)

    def applied(self, motion: Tensor, first_frame: int = 0) -> Tensor:
        """Return clean motion, shape (B, N, 70), with the held values in place."""
        return motion if self.hold is None else self.hold.applied(motion, first_frame)

    def joined(self, motion: Tensor, first_frame: int = 0) -> Tensor:
        """Return clean motion, shape (B, N, 70), smooth and with the held values in place."""
        smoothed = smooth_pose(motion) if self.options.smooth else motion
        return self.applied(smoothed, first_frame)

    def solve(self, velocity: Velocity, noise: Tensor, on_step: Callable[[], None]) -> Tensor:
        """Follow the flow from noise to motion: (B, N, 70) to (B, N, 70)."""
        refresh = self.options.diversity.refresh(noise)
        noise = self.options.diversity.scaled(noise).to(self.device)
        if self.options.solve is not None:
            motion = self.options.solve(velocity, noise, self.schedule.sigmas, on_step)
            return motion.to(noise)
        return SOLVE[self.options.solver](velocity, noise, self.schedule, on_step, refresh)

    def sample(
        self,
        audio: Tensor,
        previous: Tensor,
        noise: Tensor,
        on_step: Callable[[], None],
        first_frame: int = 0,
    ) -> Tensor:
        """Sample one window: (B, 80, 70) to (B, 80, 70)."""
        return self.solve(self.velocity(audio, previous, first_frame), noise, on_step)
