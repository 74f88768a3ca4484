"""Rectified flow: the noise levels of a run and the Euler step (spec C)."""

import torch
from torch import Tensor

NUM_TRAIN_STEPS = 1000


def timesteps(num_steps: int) -> Tensor:
    """Return the timesteps at which the model is called.

    Parameters
    ----------
    num_steps : int in [1, 1000]
        Euler steps of a run.

    Returns
    -------
    Tensor, shape (num_steps,), float32
        From 1000 (pure noise) down to 1, evenly spaced.

    Raises
    ------
    ValueError
        If `num_steps` is out of range.
    """
    if not 1 <= num_steps <= NUM_TRAIN_STEPS:
        raise ValueError(f"Expected 1 to {NUM_TRAIN_STEPS} steps, got {num_steps}.")
    if num_steps == 1:
        return torch.tensor([float(NUM_TRAIN_STEPS)])
    # `torch.linspace` in float32, which rounds once or twice as the processor likes: here once.
    step = torch.tensor((1 - NUM_TRAIN_STEPS) / (num_steps - 1)).double()
    index = torch.arange(num_steps, dtype=torch.float64)
    falling, rising = NUM_TRAIN_STEPS + index * step, 1 - (num_steps - 1 - index) * step
    return torch.where(index < num_steps // 2, falling, rising).float()


def noise_levels(num_steps: int) -> tuple[Tensor, Tensor]:
    """Return the noise level before and after each step, (num_steps,) each; 1 is pure noise.

    The last `sigma_next` is 0; with one step it is the only one. Raises ValueError unless there are
    1 to 1000 steps.
    """
    sigma = timesteps(num_steps) / NUM_TRAIN_STEPS
    if num_steps == 1:
        return sigma, torch.zeros_like(sigma)
    # Not the next entry of the table: this differs from it by rounding, as the reference does.
    spacing = (1.0 - 1.0 / NUM_TRAIN_STEPS) / (num_steps - 1)
    return sigma, (sigma - spacing).clamp(min=0)


def euler_step(
    latents: Tensor, velocity: Tensor, sigma: float | Tensor, sigma_next: float | Tensor
) -> Tensor:
    """Take one Euler step of the rectified-flow ODE, from `sigma` towards `sigma_next`.

    Parameters
    ----------
    latents : Tensor, shape (B, N, 70)
        Noisy motion at noise level `sigma`, normalised (see `MotionStats`).
    velocity : Tensor, shape (B, N, 70)
        Model output, ``noise - clean``.
    sigma, sigma_next : float in [0, 1]
        Noise levels; 1 is pure noise, 0 is clean. Must not increase.

    Returns
    -------
    Tensor, shape (B, N, 70)
        Motion at noise level `sigma_next`; a new tensor.

    Raises
    ------
    ValueError
        If ``sigma_next > sigma``.

    Notes
    -----
    Rectified flow, Liu et al. 2022; the schedule is MoDA's (spec C).
    """
    if sigma_next > sigma:
        raise ValueError(f"Noise must not increase: got sigma {sigma}, then {sigma_next}.")
    return latents + velocity * (sigma_next - sigma)


def predict_clean(latents: Tensor, velocity: Tensor, sigma: float | Tensor) -> Tensor:
    """Return the clean motion that a velocity points at, ``latents - sigma * velocity``.

    Parameters
    ----------
    latents : Tensor, shape (B, N, 70)
        Noisy motion at noise level `sigma`, normalised.
    velocity : Tensor, shape (B, N, 70)
        Model output, ``noise - clean``.
    sigma : float or Tensor in [0, 1]
        Noise level; a tensor must broadcast with `latents`.

    Returns
    -------
    Tensor, shape (B, N, 70)
        Normalised motion.
    """
    return latents - velocity * sigma


def clamp_by_quantile(velocity: Tensor, ratio: float, low: float, high: float) -> Tensor:
    """Clamp each row (70 N values) to a quantile of its magnitudes (spec D.3, `dynamic_threshold`).

    `ratio`, in [0, 1], is the quantile; `low` and `high` are limits of the bound itself.
    """
    bound = torch.quantile(velocity.abs().flatten(1).float(), ratio, dim=1).clamp(low, high)
    bound = bound[:, None, None].to(velocity)
    return velocity.clamp(-bound, bound)
