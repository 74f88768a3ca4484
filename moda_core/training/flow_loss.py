"""Rectified-flow loss of the starter, with extra weight on visible controls."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..mmdit.model import IDENTITY_DIM, MotionMMDiT
from ..motion.controls import CONTROLS, compose, read
from ..motion.motion import EXPRESSION, STD_FLOOR, MotionStats
from ..sampling.flow import predict_clean
from ..sampling.window_plan import WINDOW
from .batches import Batch
from .targets import LIP_COLUMNS

LipSync = Callable[[Tensor, Batch], Tensor]

NULL_AUDIO = -1.0  # features are never below 0, so this cannot be mistaken for sound
TRUSTED_SIGMA = 0.4  # below, the velocity towards the true lips gets large, and counts less
# Weights of the loss on the visible controls, which is added to the loss on the motion.
CONTROL_WEIGHTS = {"jaw": 3.0, "close": 2.0, "width": 3.0}


class FlowLoss:
    """Rectified-flow loss of a batch.

    Parameters
    ----------
    control_std : Tensor, shape (12,)
        Of the neutral performances: the unit of the controls' errors.
    seed : int
        Of noise and noise levels.
    """

    def __init__(self, network: MotionMMDiT, stats: MotionStats, control_std: Tensor, seed: int):
        self.network, self.stats = network, stats
        self.moving = stats.std > 0
        weights = torch.tensor([CONTROL_WEIGHTS.get(name, 0.3) for name in CONTROLS])
        self.control_weights = weights / weights.mean() / control_std.square()
        self.random = torch.Generator().manual_seed(seed)

    def __call__(
        self, batch: Batch, mislead_lips: bool = False, lip_sync: LipSync | None = None
    ) -> Tensor:
        """Return the loss of a batch, a scalar."""
        noise = torch.randn(batch.motion.shape, generator=self.random)
        sigma = self._sigmas(len(noise))
        clean = self._with_lips_of_neighbour(batch) if mislead_lips else batch.motion
        noisy = torch.lerp(clean, noise, sigma)
        motion = torch.cat([batch.previous.expand(-1, WINDOW, -1), noisy], dim=-1)
        features = torch.where(
            batch.null_audio[:, None, None, None, None],
            torch.full_like(batch.features, NULL_AUDIO),
            batch.features,
        )
        identity = torch.zeros(len(noise), IDENTITY_DIM)
        velocity = self.network(motion, 1000 * sigma.flatten(), features, identity, batch.emotion)
        if mislead_lips:  # from there to the true motion
            target = (noisy - batch.motion) / sigma
            error = (velocity - target) * batch.mask * (sigma / TRUSTED_SIGMA).clamp(max=1)
        else:
            error = (velocity - (noise - batch.motion)) * batch.mask
        loss = self._motion_loss(error)
        if lip_sync is not None:
            loss = loss + lip_sync(predict_clean(noisy, velocity, sigma), batch)
        return loss

    def _with_lips_of_neighbour(self, batch: Batch) -> Tensor:
        change = torch.zeros_like(batch.controls)
        lips = batch.controls[..., LIP_COLUMNS]
        change[..., LIP_COLUMNS] = lips.roll(1, dims=0) - lips
        moved = batch.motion.clone()
        moved[..., EXPRESSION] += compose(change) / (self.stats.std[EXPRESSION] + STD_FLOOR)
        return moved

    def _motion_loss(self, error: Tensor) -> Tensor:
        shown = read((error * self.stats.std)[..., :63])  # errors of the controls
        weighted = shown.square() * self.control_weights
        change = error[:, 1:, self.moving] - error[:, :-1, self.moving]
        loss = error[..., self.moving].square().mean()
        return loss + weighted.mean() + 0.25 * change.square().mean()

    def _sigmas(self, size: int) -> Tensor:
        """Return noise levels in (0, 1], shape (size, 1, 1), more of them high.

        Only at high levels does the motion depend on the audio.
        """
        jitter = torch.rand(size, generator=self.random)
        even = (torch.arange(size) + 1 - jitter) / size
        return even.sqrt().clamp(1e-3, 1)[:, None, None]
