"""More or less varied poses and expressions, with the noise of the mouth left alone.

The aim is KDTalker's (Yang et al. 2025): diverse poses beside exact lips. Poses and expressions
have two settings each: how strong the noise is that sampling starts from, and how much of it is
drawn anew between steps. The flow is an ordinary differential equation, so its noise decides
everything. For motion that is normally distributed it is linear, and the deviation of the motion is
proportional to that of the noise: this is the noise scale. A temperature in the sense of a divisor
does not exist for a flow; what stands in for it is the stochastic sampler, which has the same
distribution at every noise level and takes fresh noise on the way.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields

import numpy as np
import torch
from torch import Tensor

from ..motion.checks import check_number
from ..motion.motion import HEAD, MOTION_DIM
from ..motion.regions import REGION_KEYPOINTS

LARGEST_NOISE = 2.0
EXPRESSION_DIMS = [
    3 * keypoint + axis
    for region in ("eyes", "brows")
    for keypoint in REGION_KEYPOINTS[region]
    for axis in range(3)
]
SEED_DIMS = slice(0, 2)  # of a frame's noise, which no setting changes

Refresh = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Diversity:
    """How varied poses and expressions are; the defaults change nothing.

    The expression means eyes and brows: the region of the mouth, from which jaw, closure and width
    are read, keeps its noise to the bit.

    Parameters
    ----------
    pose_noise, expression_noise : float in [0, 2]
        Scale of the noise: above 1 more varied, below 1 calmer.
    pose_temperature, expression_temperature : float in [0, 1]
        How much noise is drawn anew between steps: 0 follows the flow, 1 is the ancestral sampler.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    pose_noise: float = 1.0
    expression_noise: float = 1.0
    pose_temperature: float = 0.0
    expression_temperature: float = 0.0

    def __post_init__(self):
        for entry, value in zip(fields(self), astuple(self), strict=True):
            largest = 1.0 if entry.name.endswith("temperature") else LARGEST_NOISE
            check_number(entry.name, value, 0, largest)

    @property
    def draws(self) -> bool:
        """Whether noise is drawn anew between steps."""
        return self.pose_temperature > 0 or self.expression_temperature > 0

    def scaled(self, noise: Tensor) -> Tensor:
        """Scale the noise of poses and expressions, (..., 70) to (..., 70)."""
        return noise * _by_dim(self.pose_noise, self.expression_noise, 1.0).to(noise)

    def refresh(self, noise: Tensor) -> Refresh | None:
        """Return what draws noise anew after each step of a solver, or None if nothing does.

        Parameters
        ----------
        noise : Tensor, shape (B, N, 70)
            That the frames start from, before it is scaled. Each frame's fresh noise depends on its
            own, so that it is the same in all windows, batches and devices.

        Returns
        -------
        callable (latents, direction, sigma, sigma_next) -> latents, optional
            Takes the latents at the end of a step, (B, N, 70), the velocity that was followed, and
            the noise levels at its ends, of which the last is in (0, 1).

        Notes
        -----
        Ancestral sampling of a rectified flow: the step goes on by a share of its length, and the
        forward process leads back from there with fresh noise, so that in short steps every noise
        level keeps its distribution.
        """
        if not self.draws:
            return None
        seeds = noise[..., SEED_DIMS].detach().cpu().float().contiguous().view(torch.int32)
        temperature = _by_dim(self.pose_temperature, self.expression_temperature, 0.0)
        is_drawn, step = temperature > 0, 0

        def refresh(latents: Tensor, direction: Tensor, sigma: Tensor, end: Tensor) -> Tensor:
            nonlocal step
            step += 1
            fresh = self.scaled(fresh_noise(seeds, step)).to(latents)
            low = (end * (1 - temperature * (1 - end / sigma))).to(latents)
            kept = (1 - end) / (1 - low)
            drawn = (end**2 - (kept * low) ** 2).clamp(min=0).sqrt() * fresh
            mixed = kept * (latents + direction * (low - end)) + drawn
            return torch.where(is_drawn.to(latents.device), mixed, latents)

        return refresh


def fresh_noise(seeds: Tensor, step: int) -> Tensor:
    """Draw the noise of a step, (B, N, 70), from the seeds of frames (B, N, 2), int32."""
    drawn = torch.empty(*seeds.shape[:2], MOTION_DIM)
    unsigned = seeds.numpy().view(np.uint32)
    for place in np.ndindex(*unsigned.shape[:2]):
        entropy = [*unsigned[place].tolist(), step]
        state = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(state))
        drawn[place] = torch.randn(MOTION_DIM, generator=generator)
    return drawn


def _by_dim(pose: float, expression: float, rest: float) -> Tensor:
    """Return a value for each of the 70 dims."""
    values = torch.full((MOTION_DIM,), rest)
    values[EXPRESSION_DIMS], values[HEAD] = expression, pose
    return values
