"""Solvers of the flow's differential equation, from noise to motion.

Each takes ``velocity(latents, sigma)``, latents of pure noise, shape (B, N, 70), a `Schedule`,
`on_step`, called after each step, which may raise to cancel, and optionally `refresh`, see
`Diversity.refresh`; and returns clean latents. None asks for the velocity at noise level 0, which
the model never saw.
"""

from collections.abc import Callable

from torch import Tensor

from .diversity import Refresh
from .flow import euler_step
from .options import Velocity
from .schedule import Schedule

OnStep = Callable[[], None]


def euler(
    velocity: Velocity,
    latents: Tensor,
    schedule: Schedule,
    on_step: OnStep,
    refresh: Refresh | None = None,
) -> Tensor:
    """Follow the velocity at the beginning of each step; one model call a step, order 1."""
    for sigma, sigma_next in zip(schedule.sigma, schedule.sigma_next, strict=True):
        direction = velocity(latents, sigma)
        latents = euler_step(latents, direction, sigma, sigma_next)
        latents = refreshed(refresh, latents, direction, sigma, sigma_next)
        on_step()
    return latents


def heun(
    velocity: Velocity,
    latents: Tensor,
    schedule: Schedule,
    on_step: OnStep,
    refresh: Refresh | None = None,
) -> Tensor:
    """Follow the mean of the velocities at both ends of each step; two calls a step, order 2.

    The last step, whose end has no noise, is Euler's.
    """
    for sigma, sigma_next in zip(schedule.sigma, schedule.sigma_next, strict=True):
        here = velocity(latents, sigma)
        if sigma_next > 0:
            there = euler_step(latents, here, sigma, sigma_next)
            here = (here + velocity(there, sigma_next)) / 2
        latents = euler_step(latents, here, sigma, sigma_next)
        latents = refreshed(refresh, latents, here, sigma, sigma_next)
        on_step()
    return latents


def midpoint(
    velocity: Velocity,
    latents: Tensor,
    schedule: Schedule,
    on_step: OnStep,
    refresh: Refresh | None = None,
) -> Tensor:
    """Follow the velocity in the middle of each step; two calls a step, order 2."""
    for sigma, sigma_next in zip(schedule.sigma, schedule.sigma_next, strict=True):
        middle = (sigma + sigma_next) / 2
        half_way = euler_step(latents, velocity(latents, sigma), sigma, middle)
        direction = velocity(half_way, middle)
        latents = euler_step(latents, direction, sigma, sigma_next)
        latents = refreshed(refresh, latents, direction, sigma, sigma_next)
        on_step()
    return latents


def ab2(
    velocity: Velocity,
    latents: Tensor,
    schedule: Schedule,
    on_step: OnStep,
    refresh: Refresh | None = None,
) -> Tensor:
    """Extrapolate from the velocities of two steps (Adams-Bashforth); one call a step, order 2.

    The first step, with nothing before it, is Euler's. Steps may differ in length.
    """
    before, length_before = None, None
    for sigma, sigma_next in zip(schedule.sigma, schedule.sigma_next, strict=True):
        here, length = velocity(latents, sigma), sigma_next - sigma
        direction = here
        if before is not None:
            direction = here + (here - before) * (length / (2 * length_before))
        latents = euler_step(latents, direction, sigma, sigma_next)
        before, length_before = here, length
        if refresh is not None and sigma_next > 0:
            # The velocity is noise less clean motion: fresh noise changes it as it does the noise.
            flowed, latents = latents, refresh(latents, direction, sigma, sigma_next)
            before = here + (latents - flowed) / sigma_next
        on_step()
    return latents


def refreshed(
    refresh: Refresh | None, latents: Tensor, direction: Tensor, sigma: Tensor, sigma_next: Tensor
) -> Tensor:
    """Return the latents at the end of a step with fresh noise in them, unless they are clean."""
    if refresh is None or sigma_next == 0:
        return latents
    return refresh(latents, direction, sigma, sigma_next)


SOLVE = {"euler": euler, "heun": heun, "midpoint": midpoint, "ab2": ab2}
