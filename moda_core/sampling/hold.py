"""Keeping given motion while the rest is generated."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..flow import predict_clean
from ..motion import MOTION_DIM
from .options import Velocity


@dataclass(frozen=True, eq=False)
class Hold:
    """Motion that is to be kept, and where.

    Held values follow the flow's path from the noise to the given motion, so the model sees them
    at every noise level and fits the rest to them.

    Parameters
    ----------
    motion : Tensor, shape (N, 70)
        Normalised; what is not held is ignored.
    weights : Tensor, shape (N, 70)
        In [0, 1]: 1 holds a value, 0 leaves it free. After the last frame all is free.

    Raises
    ------
    ValueError
        If a shape or a weight is wrong.
    """

    motion: Tensor
    weights: Tensor

    def __post_init__(self):
        shapes = tuple(self.motion.shape), tuple(self.weights.shape)
        if shapes[0] != shapes[1] or self.motion.ndim != 2 or shapes[0][1] != MOTION_DIM:
            raise ValueError(
                f"Expected motion and weights of the same shape (N, 70), got {shapes[0]} and "
                f"{shapes[1]}."
            )
        low, high = self.weights.aminmax()
        if not (low >= 0 and high <= 1):
            raise ValueError(f"Expected weights in [0, 1], got {low:g} to {high:g}.")

    def applied(self, motion: Tensor, first_frame: int = 0) -> Tensor:
        """Return clean motion with the held values in place.

        Parameters
        ----------
        motion : Tensor, shape (B, n, 70)
            Normalised.
        first_frame : int
            Frame of the clip that it begins with.
        """
        held, weights = (
            self._frames(values, first_frame, motion.shape[1]).to(motion)
            for values in (self.motion, self.weights)
        )
        held = torch.where(weights > 0, held, motion)
        # Not `lerp`: with a weight of 1 this is the held value to the bit.
        return motion * (1 - weights) + held * weights

    def steered(self, velocity: Velocity, first_frame: int = 0) -> Velocity:
        """Return a velocity that leads held values to where they belong.

        Parameters
        ----------
        velocity : callable (latents, sigma) -> velocity
            Of frames of the clip from `first_frame` on.
        first_frame : int
        """

        def steer(latents: Tensor, sigma: float | Tensor) -> Tensor:
            free = velocity(latents, sigma)
            clean = predict_clean(latents, free, sigma)
            return free + (clean - self.applied(clean, first_frame)) / sigma

        return steer

    def _frames(self, values: Tensor, first_frame: int, num_frames: int) -> Tensor:
        part = values[first_frame : first_frame + num_frames]
        return torch.cat([part, part.new_zeros(num_frames - len(part), MOTION_DIM)])
