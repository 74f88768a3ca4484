"""The flow as a denoiser, so that solvers of the k-diffusion kind can drive it."""

from typing import Any

import torch
from torch import Tensor

from .flow import predict_clean
from .options import Velocity


class FlowDenoiser:
    """Predicts clean motion from noisy motion, ``x - sigma velocity(x, sigma)``.

    On the flow's path, ``x = (1 - sigma) clean + sigma noise``, the direction that such solvers
    take, ``(x - denoised) / sigma``, is the velocity.

    Parameters
    ----------
    velocity : callable (latents, sigma) -> velocity
        Latents of shape (B, N, 70), and one noise level for all of them.
    """

    def __init__(self, velocity: Velocity):
        self.velocity = velocity

    def __call__(self, x: Tensor, sigma: Tensor | float, **ignored: Any) -> Tensor:
        """Predict clean motion (B, N, 70) from noisy motion at noise levels `sigma` (B,)."""
        levels = torch.as_tensor(sigma, dtype=torch.float32).flatten().cpu()
        if not bool((levels == levels[0]).all()):
            raise ValueError(f"Expected one noise level for the batch, got {levels.tolist()}.")
        if not 0 < float(levels[0]) <= 1:
            raise ValueError(
                f"Expected a noise level above 0 and up to 1, got {float(levels[0]):g}"
            )
        return predict_clean(x, self.velocity(x, levels[0]), levels[0])
