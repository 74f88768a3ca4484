"""The noise levels that a run goes through."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .flow import NUM_TRAIN_STEPS, noise_levels, timesteps
from .options import SamplingOptions


@dataclass(frozen=True, eq=False)
class Schedule:
    """Noise levels before and after each step, and the timesteps that the model is told.

    Parameters
    ----------
    sigma, sigma_next : Tensor, shape (steps,), float32, on the CPU
        Falling, from 1; the last `sigma_next` is 0. A step may differ in rounding from the next.
    timestep : Tensor, shape (steps,), float32, on the CPU
        Of `sigma`.
    """

    sigma: Tensor
    sigma_next: Tensor
    timestep: Tensor

    def __len__(self) -> int:
        return len(self.sigma)

    @property
    def sigmas(self) -> Tensor:
        """All noise levels in a row, shape (steps + 1,)."""
        return torch.cat([self.sigma, self.sigma_next[-1:]])


def schedule_of(options: SamplingOptions) -> Schedule:
    """Return the schedule that options ask for."""
    if options.sigmas is not None:
        return through(options.sigmas.detach().float().cpu())
    if options.schedule == "even" or options.solve is not None:
        return through(shift_sigma(torch.linspace(1, 0, options.num_steps + 1), options.shift))
    if options.shift == 1:
        return Schedule(*noise_levels(options.num_steps), timesteps(options.num_steps))
    sigma, sigma_next = (shift_sigma(x, options.shift) for x in noise_levels(options.num_steps))
    return Schedule(sigma, sigma_next, sigma * NUM_TRAIN_STEPS)


def through(sigmas: Tensor) -> Schedule:
    """Return the schedule through given noise levels (steps + 1,)."""
    return Schedule(sigmas[:-1], sigmas[1:], sigmas[:-1] * NUM_TRAIN_STEPS)


def shift_sigma(sigma: Tensor, shift: float) -> Tensor:
    """Move noise levels towards 1, or towards 0, with both ends kept."""
    return shift * sigma / (1 + (shift - 1) * sigma)
