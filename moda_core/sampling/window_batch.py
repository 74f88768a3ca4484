"""The guided velocity of windows of a clip, many at a time."""

from collections.abc import Callable, Sequence

from torch import Tensor

from .field import VelocityField
from .flow import clamp_by_quantile
from .guidance import plan_rows
from .row_batch import RowBatch


class WindowBatch:
    """Windows whose velocities are computed together.

    Parameters
    ----------
    tokens : Tensor, shape (B, L, D)
        From `VelocityField.embed`.
    first_frames : sequence of int, length B
        Where the windows begin, for the emotion.
    """

    def __init__(self, field: VelocityField, tokens: Tensor, first_frames: Sequence[int]):
        self.field, self.tokens, self.first_frames = field, tokens, first_frames
        self._prepared: dict[tuple[bool, bool], RowBatch] = {}

    def __call__(
        self,
        latents: Tensor,
        previous: Tensor,
        sigma: float | Tensor,
        on_call: Callable[[float], None] | None = None,
    ) -> Tensor:
        """Return the guided velocity.

        Maps `latents` (B, L, 70), `previous` (B, 1, 70) to (B, L, 70).
        """
        sigma = float(sigma)
        guided, perturbed = acting = self.field.guided_at(sigma), self.field.perturbed_at(sigma)
        if acting not in self._prepared:
            self._prepared[acting] = self._rows(guided, perturbed)
        rows = self._prepared[acting]
        velocity = rows.velocity(latents, previous, self.field.modulations_at(sigma), on_call)
        if guided and self.field.options.guided and self.field.options.dynamic_threshold:
            velocity = clamp_by_quantile(velocity, *self.field.options.dynamic_threshold)
        return rows.mix(velocity)

    def _rows(self, guided: bool, perturbed: bool) -> RowBatch:
        curve, options = self.field.curve, self.field.options
        plans = {
            first: plan_rows(curve, options, first, self.tokens.shape[1], guided, perturbed)
            for first in set(self.first_frames)
        }
        return RowBatch(self.field, self.tokens, [plans[first] for first in self.first_frames])
