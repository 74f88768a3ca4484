"""Keeping given motion while the rest is generated."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from ..motion.motion import MOTION_DIM
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
    mask : Tensor, shape (N, 70), bool
        Which values are held. After the last frame all are free.

    Raises
    ------
    ValueError
        If a shape or a type is wrong.
    """

    motion: Tensor
    mask: Tensor

    def __post_init__(self):
        shapes = tuple(self.motion.shape), tuple(self.mask.shape)
        if shapes[0] != shapes[1] or self.motion.ndim != 2 or shapes[0][1] != MOTION_DIM:
            raise ValueError(
                f"Expected motion and mask of the same shape (N, 70), got {shapes[0]} and "
                f"{shapes[1]}."
            )
        if self.mask.dtype != torch.bool:
            raise ValueError(f"Expected a mask of bool, got {self.mask.dtype}.")

    def applied(self, motion: Tensor, first_frame: int = 0) -> Tensor:
        """Return clean motion (B, n, 70), from a frame of the clip on, with what is held in it."""
        held, mask = self._frames(first_frame, motion)
        return torch.where(mask, held, motion)

    def steered(self, velocity: Velocity, first_frame: int = 0) -> Velocity:
        """Return a velocity that leads held values to where they belong."""

        def steer(latents: Tensor, sigma: float | Tensor) -> Tensor:
            held, mask = self._frames(first_frame, latents)
            return torch.where(mask, (latents - held) / sigma, velocity(latents, sigma))

        return steer

    def _frames(self, first_frame: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is held of the frames of a motion (B, n, 70), both of shape (n, 70)."""
        part = slice(first_frame, first_frame + like.shape[1])
        missing = (0, 0, 0, like.shape[1] - len(self.mask[part]))
        return pad(self.motion[part].to(like), missing), pad(self.mask[part], missing).to(
            like.device
        )
