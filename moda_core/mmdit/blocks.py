"""Blocks of the motion transformer (spec B.4 to B.7)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers
from .attention import QKNorm, attend, joint_attention, keep_own_values, split_heads
from .config import MMDiTConfig
from .linear import linear_gelu

NORM_EPS = 1e-6


class Modulation(NamedTuple):
    """AdaLN parameters of one branch of a block, each of shape (B, 1, D)."""

    shift: Tensor
    scale: Tensor
    gate: Tensor

    def modulate(self, x: Tensor) -> Tensor:
        """RMS-normalise tokens (B, L, D), then scale and shift them."""
        return modulate(x, self.shift, self.scale)

    def add(self, x: Tensor, update: Tensor) -> Tensor:
        """Add a gated update to tokens (B, L, D)."""
        return torch.addcmul(x, self.gate, update)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Return ``rms(x) * (1 + scale) + shift`` of tokens (B, L, D)."""
    return torch.addcmul(shift, F.rms_norm(x, x.shape[-1:], eps=NORM_EPS), 1 + scale)


def split_modulation(modulation: Tensor, parts: int) -> tuple[Tensor, ...]:
    """Split AdaLN parameters (B, parts * D) into views (B, 1, D) that broadcast over tokens."""
    return modulation[:, None].chunk(parts, dim=-1)


class MLP(nn.Module):
    """Linear, GELU (tanh form), linear.

    Parameters
    ----------
    width, hidden : int
        Channels D of the tokens, and between the layers.
    """

    def __init__(self, width: int, hidden: int, layers: Layers = PLAIN):
        super().__init__()
        self.fc1 = layers.Linear(width, hidden)
        self.fc2 = layers.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., D) to (..., D)."""
        return self.fc2(linear_gelu(self.fc1, x))


class Stream(nn.Module):
    """What one stream owns in a joint block: projections, norms, MLP and modulation."""

    def __init__(self, config: MMDiTConfig, layers: Layers = PLAIN):
        super().__init__()
        width = config.width
        self.head_dim = config.head_dim
        self.modulation = layers.Linear(width, 6 * width)
        self.qkv = layers.Linear(width, 3 * width)
        self.norm = QKNorm(config.head_dim, layers)
        self.proj = layers.Linear(width, width)
        self.mlp = MLP(width, config.mlp_ratio * width, layers)

    def heads(self, x: Tensor, rope: tuple[Tensor, Tensor] | None) -> tuple[Tensor, ...]:
        """Project modulated tokens (B, L, D) to query, key and value, each (B, L, H, d)."""
        query, key, value = split_heads(self.qkv(x), 3, self.head_dim)
        return *self.norm(query, key, rope), value


class JointBlock(nn.Module):
    """Streams with weights of their own that meet in one attention.

    Stage one has four streams (motion, audio, emotion, identity), stage two has two (motion, and
    the three conditions in one).

    Parameters
    ----------
    rotated : tuple of bool
        Which streams get rotary positions.
    """

    def __init__(self, config: MMDiTConfig, rotated: tuple[bool, ...], layers: Layers = PLAIN):
        super().__init__()
        self.rotated = rotated
        self.streams = nn.ModuleList(Stream(config, layers) for _ in rotated)

    def modulation(self, condition: Tensor) -> Tensor:
        """Map the conditioning vector to the AdaLN parameters of all streams.

        Parameters
        ----------
        condition : Tensor, shape (R, D)
            After SiLU.

        Returns
        -------
        Tensor, shape (R, streams * 6 * D)
            Of each stream: shift, scale and gate of the attention, then of the MLP.
        """
        return torch.cat([stream.modulation(condition) for stream in self.streams], dim=-1)

    def forward(
        self,
        tokens: list[Tensor],
        modulation: Tensor,
        rope: tuple[Tensor, Tensor],
        perturbation: Tensor | None = None,
    ) -> list[Tensor]:
        """Update the streams.

        `tokens` holds (B, L_s, D) of each stream. Where L_s is 1, the token stands for as many
        equal ones as the first stream has; without positions they stay equal. `modulation`, shape
        (B, streams * 6 * D), comes from `modulation`. `perturbation`, shape (B, H), is how much the
        motion's tokens keep of their own values, see `keep_own_values`.
        """
        parts = [split_modulation(part, 6) for part in modulation.chunk(len(tokens), dim=-1)]
        attention = [Modulation(*part[:3]) for part in parts]
        mlp = [Modulation(*part[3:]) for part in parts]
        heads = [
            stream.heads(branch.modulate(x), rope if rotated else None)
            for stream, rotated, x, branch in zip(
                self.streams, self.rotated, tokens, attention, strict=True
            )
        ]
        attended = joint_attention(heads, perturbation)  # (B, L_s, D) for each stream
        updated = []
        for index, (stream, x, y) in enumerate(zip(self.streams, tokens, attended, strict=True)):
            x = attention[index].add(x, stream.proj(y))
            updated.append(mlp[index].add(x, stream.mlp(mlp[index].modulate(x))))
        return updated


class SingleStreamBlock(nn.Module):
    """All tokens in one stream; attention and MLP in parallel.

    The released file stores the input projections as one matrix, and the output projections too.
    Here the parts are layers of their own: the last block computes them for just the tokens that
    are read, and attention and MLP need not be copied into one tensor.
    """

    def __init__(self, config: MMDiTConfig, layers: Layers = PLAIN):
        super().__init__()
        width = config.width
        hidden = config.mlp_ratio * width
        self.head_dim = config.head_dim
        self.modulation = layers.Linear(width, 3 * width)
        self.query = layers.Linear(width, width)
        self.key_value = layers.Linear(width, 2 * width)
        self.mlp_in = layers.Linear(width, hidden)
        self.norm = QKNorm(config.head_dim, layers)
        self.attention_out = layers.Linear(width, width)
        self.mlp_out = layers.Linear(hidden, width, bias=False)

    def forward(
        self,
        tokens: Tensor,
        modulation: Tensor,
        rope: tuple[Tensor, Tensor],
        num_read: int,
        perturbation: Tensor | None = None,
    ) -> Tensor:
        """Update the first `num_read` tokens, which attend to all of them.

        Maps `tokens` (B, L, D) of all streams, the motion's first, and `modulation` (B, 3 * D) to
        (B, num_read, D). The length of `rope`, that of the motion, divides L and `num_read`.
        `perturbation` is that of `JointBlock`.
        """
        branch = Modulation(*split_modulation(modulation, 3))
        x = branch.modulate(tokens)
        read = x[:, :num_read]

        (query,) = split_heads(self.query(read), 1, self.head_dim)
        key, value = split_heads(self.key_value(x), 2, self.head_dim)
        query, key = self.norm(query, key, rope)
        attention = attend(query, key, value)  # (B, num_read, D)
        if perturbation is not None:
            attention = keep_own_values(attention, value[:, : len(rope[0])], perturbation)

        hidden = linear_gelu(self.mlp_in, read)
        update = self.attention_out(attention) + self.mlp_out(hidden)
        return branch.add(tokens[:, :num_read], update)


class FinalLayer(nn.Module):
    """Modulated norm and the projection to velocities.

    Parameters
    ----------
    out_dim : int
        Dims of a frame of motion.
    """

    def __init__(self, config: MMDiTConfig, out_dim: int, layers: Layers = PLAIN):
        super().__init__()
        width = config.width
        self.modulation = layers.Linear(width, 2 * width)
        self.linear = layers.Linear(width, out_dim)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Project tokens to velocities.

        Maps `x` (B, L, D), `modulation` (B, 2 * D) to (B, L, out_dim).
        """
        shift, scale = split_modulation(modulation, 2)
        return self.linear(modulate(x, shift, scale))
