"""Rows of several windows, brought to the network in pieces and mixed again."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..runtime.threads import ordered_map
from .field import VelocityField
from .guidance import Rows

# Rows that go through the network together. On a CPU more of them leave its caches.
CPU_ROWS, ROWS = 8, 64


class Piece(NamedTuple):
    """Rows that go through the network together: their windows, labels and conditions.

    `perturbation`, shape (blocks, rows, H), is that of `MotionMMDiT.velocity`.
    """

    items: Tensor
    labels: Tensor
    conditions: list[Tensor]
    perturbation: Tensor | None


class RowBatch:
    """Rows of several windows, in the pieces in which the network takes them.

    Parameters
    ----------
    tokens : Tensor, shape (B, 80, D)
    """

    def __init__(self, field: VelocityField, tokens: Tensor, windows: Sequence[Rows]):
        self.field, self.device = field, tokens.device
        places = [
            (item, row) for item, rows in enumerate(windows) for row in range(len(rows.hears))
        ]
        size = CPU_ROWS if self.device.type == "cpu" else ROWS
        self.pieces = [
            self._piece(tokens, windows, places[start : start + size])
            for start in range(0, len(places), size)
        ]
        self.first = self._index([place for place, (_, row) in enumerate(places) if row == 0])
        self.others = [
            self._others(windows, places, row)
            for row in range(1, max(len(rows.hears) for rows in windows))
        ]

    def velocity(
        self,
        latents: Tensor,
        previous: Tensor,
        modulations: list[Tensor],
        on_call: Callable[[float], None] | None,
    ) -> Tensor:
        """Return the velocities of all rows, shape (rows, 80, 70), float32."""
        field, velocities = self.field, []
        before = previous.expand(-1, latents.shape[1], -1)

        def call(piece: Piece) -> Tensor:
            motion = torch.cat([before[piece.items], latents[piece.items]], dim=-1)
            motion = motion.to(field.factory["dtype"])
            tables = [table[piece.labels] for table in modulations]
            rope = field.rope_of(latents.shape[1])
            perturbation = piece.perturbation
            return field.network.velocity(
                motion, piece.conditions, tables, rope, perturbation
            ).float()

        with ordered_map(min(field.threads, len(self.pieces))) as mapped:
            for velocity in mapped(call, self.pieces):
                velocities.append(velocity)
                if on_call is not None:
                    on_call(len(velocities) / len(self.pieces))
        return torch.cat(velocities)

    def mix(self, velocity: Tensor) -> Tensor:
        """Mix the rows' velocities into the windows', shape (B, 80, 70)."""
        first = velocity[self.first]
        mixed = first
        for rows, items, shares in self.others:
            mixed = mixed.index_add(0, items, shares * (velocity[rows] - first[items]))
        return mixed

    def _piece(
        self, tokens: Tensor, windows: Sequence[Rows], places: list[tuple[int, int]]
    ) -> Piece:
        null = self.field.null_token[0].expand_as(tokens[0])
        audio = [tokens[i] if windows[i].hears[row] else null for i, row in places]
        labels = self._index([windows[item].labels[row] for item, row in places])
        emotion, identity = self.field.emotion_tokens[labels], self.field.identity_tokens[labels]
        items = self._index([item for item, _ in places])
        conditions = [torch.stack(audio), emotion, identity]
        return Piece(items, labels, conditions, self._perturbation(windows, places))

    def _perturbation(
        self, windows: Sequence[Rows], places: list[tuple[int, int]]
    ) -> Tensor | None:
        """Return how much of each map is replaced, (blocks, rows, H), or None if none is."""
        perturbed = [windows[item].perturbed[row] for item, row in places]
        if not any(perturbed):
            return None
        return self.field.head_shares[:, None] * self._index(perturbed)[:, None]

    def _others(self, windows: Sequence[Rows], places: list[tuple[int, int]], row: int):
        """Return the places, windows and shares of those rows that are the `row`-th of theirs."""
        found = [(place, item) for place, (item, index) in enumerate(places) if index == row]
        rows, items = ([pair[side] for pair in found] for side in (0, 1))
        shares = torch.stack([windows[item].shares[row] for item in items])[..., None]
        return self._index(rows), self._index(items), shares.to(self.device)

    def _index(self, values: list) -> Tensor:
        return torch.tensor(values, device=self.device)
