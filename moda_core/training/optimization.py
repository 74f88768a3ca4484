"""The optimisation loop, its learning rate and the running average of the weights."""

import logging
import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

logger = logging.getLogger(__name__)


def learning_rate_at(step: int, num_steps: int, peak: float, warm_up: int = 100) -> float:
    """Return the learning rate of a step: linear warm-up, then a cosine down to a fiftieth."""
    rising = min(1.0, (step + 1) / warm_up)
    falling = 0.5 * (1 + math.cos(math.pi * step / num_steps))
    return peak * rising * (0.02 + 0.98 * falling)


class _Progress:
    """Logs the mean loss at intervals of steps."""

    def __init__(self, name: str, num_steps: int, every: int = 100):
        self.name, self.num_steps, self.every = name, num_steps, every
        self.losses, self.started = [], time.monotonic()

    def add(self, step: int, loss: float) -> None:
        self.losses.append(loss)
        if (step + 1) % self.every == 0 or step + 1 == self.num_steps:
            mean, seconds = sum(self.losses) / len(self.losses), time.monotonic() - self.started
            text = "%s: step %d of %d, loss %.4f, %.0f s"
            logger.info(text, self.name, step + 1, self.num_steps, mean, seconds)
            self.losses.clear()


def optimize(
    name: str,
    parameters: list[nn.Parameter],
    loss_of_step: Callable[[int], Tensor],
    num_steps: int,
    learning_rate: float,
    after_step: Callable[[int], None] = lambda step: None,
) -> None:
    """Minimise a loss with AdamW."""
    optimizer = torch.optim.AdamW(parameters, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    progress = _Progress(name, num_steps)
    for step in range(num_steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, num_steps, learning_rate)
        loss = loss_of_step(step)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        after_step(step)
        progress.add(step, float(loss.detach()))


class RunningAverage:
    """Exponential average of a network's weights; `decay` is approached from below at first."""

    def __init__(self, network: nn.Module, decay: float):
        self.network, self.decay = network, decay
        self.state = {key: value.clone() for key, value in network.state_dict().items()}

    def update(self, step: int) -> None:
        """Add the network's weights after a step."""
        share = 1 - min(self.decay, (step + 1) / (step + 20))
        for key, value in self.network.state_dict().items():
            self.state[key].lerp_(value, share)
