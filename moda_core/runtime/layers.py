"""Layers in one precision, on one device, of a host's own classes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Layers:
    """Makes the layers of a network: ``layers.Linear(2, 3)`` instead of ``nn.Linear(2, 3)``.

    `operations` supplies the classes, so that a host's memory manager can bring its own; the
    defaults of `dtype` and `device` are torch's.
    """

    operations: Any = nn
    dtype: torch.dtype | None = None
    device: torch.device | str | None = None

    def __getattr__(self, name: str) -> Callable[..., nn.Module]:
        return partial(getattr(self.operations, name), dtype=self.dtype, device=self.device)

    def parameter(self, values: Tensor) -> nn.Parameter:
        """Return values as a weight in this precision, on this device."""
        return nn.Parameter(values.to(self.device, self.dtype))


PLAIN = Layers()
