"""Attention-perturbation guidance: away from what the network predicts with some heads perturbed.

In one more row of each step, chosen heads of the motion's tokens attend only to their own token, by
a share u, and the velocity is moved by ``w (conditional - perturbed)``. HeadHunter and SoftPAG,
arXiv 2506.10978.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..mmdit.config import MMDiTConfig

Head = tuple[int, int]  # block, counted over all stages from 0; head in it, from 0
MAX_SCALE = 10.0


@dataclass(frozen=True)
class HeadPerturbation:
    """Which attention heads are perturbed, how much, and how far guidance leads away from it.

    Parameters
    ----------
    heads : tuple of (block, head)
        Both counted from 0, blocks over all stages in order. None is off.
    u : float in [0, 1]
        Share of a head's attention map that is replaced by the identity matrix; 0 is off.
    w : float in [0, 10]
        Guidance scale, of the difference from the perturbed prediction; 0 is off.
    interval : tuple of (low, high), optional
        Noise levels in [0, 1] that it is confined to; default all.
    shape : tuple of (blocks, heads), optional
        Of the model that the heads were found on, where it takes no other.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    heads: tuple[Head, ...]
    u: float = 1.0
    w: float = 2.0
    interval: tuple[float, float] | None = None
    shape: tuple[int, int] | None = None

    def __post_init__(self):
        for head in self.heads:
            if len(head) != 2 or not all(isinstance(index, int) and index >= 0 for index in head):
                raise ValueError(f"Expected heads as (block, head), both from 0, got {head!r}.")
        if not (math.isfinite(self.u) and 0 <= self.u <= 1):
            raise ValueError(f"Expected u from 0 to 1, got {self.u:g}.")
        if not (math.isfinite(self.w) and 0 <= self.w <= MAX_SCALE):
            raise ValueError(f"Expected w from 0 to {MAX_SCALE:g}, got {self.w:g}.")
        low, high = self.interval or (0.0, 1.0)
        if not 0 <= low <= high <= 1:
            raise ValueError(
                "Expected the interval (low, high) of noise levels in [0, 1] with low <= high, "
                f"got {self.interval}."
            )

    @property
    def active(self) -> bool:
        """Whether it changes anything, and takes a row."""
        return bool(self.heads) and self.u > 0 and self.w > 0

    def shares(self, config: MMDiTConfig) -> Tensor:
        """Return how much of each head's map is replaced, shape (blocks, H).

        Raises
        ------
        ValueError
            If the model lacks a head, or is not the one that the heads were found on.
        """
        num_blocks, num_heads = config.num_blocks, config.num_heads
        if self.shape not in (None, (num_blocks, num_heads)):
            raise ValueError(
                f"These heads were found on a model of {self.shape[0]} blocks with {self.shape[1]} "
                f"heads each, but this model has {num_blocks} blocks with {num_heads} heads each. "
                "Search its own heads with `run.py bench head-search`, and give them as text."
            )
        shares = torch.zeros(num_blocks, num_heads)
        for block, head in self.heads:
            if block >= num_blocks or head >= num_heads:
                raise ValueError(
                    f"The model has no head {head} in block {block}: it has {num_blocks} blocks "
                    f"(0 to {num_blocks - 1}) with {num_heads} heads each (0 to {num_heads - 1})."
                )
            shares[block, head] = self.u
        return shares


def parse_heads(text: str) -> tuple[Head, ...]:
    """Read heads from text such as "3:0, 3:1": block and head of each, both from 0.

    Raises
    ------
    ValueError
        If a part is not a head.
    """
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    for part in parts:
        if not re.fullmatch(r"[0-9]+:[0-9]+", part):
            raise ValueError(
                f"'{part}' is not an attention head. Write its block and its number in it, both "
                "from 0, such as 3:0, and commas between several."
            )
    pairs = (part.split(":") for part in parts)
    return tuple(dict.fromkeys((int(block), int(head)) for block, head in pairs))


def heads_text(heads: Iterable[Head]) -> str:
    """Write heads as `parse_heads` reads them."""
    return ", ".join(f"{block}:{head}" for block, head in heads)
