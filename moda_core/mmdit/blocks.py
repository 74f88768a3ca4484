"""Blocks of the motion transformer (spec B.4 to B.7).

`config`, `dtype`, `device` and `operations` mean what they do for `MotionMMDiT`.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import QKNorm, attend, joint_attention, split_heads
from .config import MMDiTConfig

NORM_EPS = 1e-6


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """RMS-normalise tokens, then scale and shift them: ``rms(x) * (1 + scale) + shift``.

    Parameters
    ----------
    x : Tensor, shape (B, L, D)
    shift, scale : Tensor, shape (B, 1, D)
        From `split_modulation`.

    Returns
    -------
    Tensor, shape (B, L, D)
    """
    return torch.addcmul(shift, F.rms_norm(x, x.shape[-1:], eps=NORM_EPS), 1 + scale)


def split_modulation(modulation: Tensor, parts: int) -> tuple[Tensor, ...]:
    """Split AdaLN parameters into shifts, scales and gates that broadcast over tokens.

    Parameters
    ----------
    modulation : Tensor, shape (B, parts * D)
        The parts one after the other.
    parts : int

    Returns
    -------
    tuple of Tensor, shape (B, 1, D)
        One view for each part.
    """
    return modulation[:, None].chunk(parts, dim=-1)


class MLP(nn.Module):
    """Linear, GELU (tanh form), linear.

    Parameters
    ----------
    width, hidden : int
        Channels D of the tokens, and between the layers.
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        operations: Any = nn,
    ):
        super().__init__()
        self.fc1 = operations.Linear(width, hidden, dtype=dtype, device=device)
        self.fc2 = operations.Linear(hidden, width, dtype=dtype, device=device)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., D) to (..., D)."""
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Stream(nn.Module):
    """What one stream owns in a joint block: projections, norms, MLP and modulation."""

    def __init__(
        self,
        config: MMDiTConfig,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        operations: Any = nn,
    ):
        super().__init__()
        width, factory = config.width, {"dtype": dtype, "device": device}
        self.head_dim = config.head_dim
        self.modulation = operations.Linear(width, 6 * width, **factory)
        self.qkv = operations.Linear(width, 3 * width, **factory)
        self.norm = QKNorm(config.head_dim, **factory, operations=operations)
        self.proj = operations.Linear(width, width, **factory)
        self.mlp = MLP(width, config.mlp_ratio * width, **factory, operations=operations)

    def heads(
        self, x: Tensor, shift: Tensor, scale: Tensor, rope: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, ...]:
        """Project modulated tokens to the heads of the attention.

        Parameters
        ----------
        x : Tensor, shape (B, L, D)
            Tokens of the stream.
        shift, scale : Tensor, shape (B, 1, D)
            See `modulate`.
        rope : tuple of Tensor or None
            See `rope_tables`; None leaves the tokens unrotated.

        Returns
        -------
        query, key, value : Tensor, shape (B, L, H, d)
        """
        qkv = self.qkv(modulate(x, shift, scale))
        query, key, value = split_heads(qkv, 3, self.head_dim)
        return *self.norm(query, key, rope), value


class JointBlock(nn.Module):
    """Streams with weights of their own that meet in one attention.

    Stage one has four streams (motion, audio, emotion, identity), stage two has two (motion, and
    the three conditions in one).

    Parameters
    ----------
    config : MMDiTConfig
    rotated : tuple of bool
        Which streams get rotary positions.
    """

    def __init__(
        self,
        config: MMDiTConfig,
        rotated: tuple[bool, ...],
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        operations: Any = nn,
    ):
        super().__init__()
        self.rotated = rotated
        self.streams = nn.ModuleList(
            Stream(config, dtype=dtype, device=device, operations=operations) for _ in rotated
        )

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
        self, tokens: list[Tensor], modulation: Tensor, rope: tuple[Tensor, Tensor]
    ) -> list[Tensor]:
        """Update the streams.

        Parameters
        ----------
        tokens : list of Tensor, shape (B, L_s, D)
            One for each stream. Where L_s is 1, the token stands for as many equal ones as the
            first stream has; without positions they stay equal.
        modulation : Tensor, shape (B, streams * 6 * D)
            From `modulation`.
        rope : tuple of Tensor
            See `rope_tables`.

        Returns
        -------
        list of Tensor, shape (B, L_s, D)
        """
        parts = [split_modulation(part, 6) for part in modulation.chunk(len(tokens), dim=-1)]
        heads = [
            stream.heads(x, shift, scale, rope if rotated else None)
            for stream, rotated, x, (shift, scale, *_) in zip(
                self.streams, self.rotated, tokens, parts, strict=True
            )
        ]
        attention = joint_attention(heads)
        updated = []
        for stream, x, y, part in zip(self.streams, tokens, attention, parts, strict=True):
            _, _, gate, mlp_shift, mlp_scale, mlp_gate = part
            x = torch.addcmul(x, gate, stream.proj(y))
            x = torch.addcmul(x, mlp_gate, stream.mlp(modulate(x, mlp_shift, mlp_scale)))
            updated.append(x)
        return updated


class SingleStreamBlock(nn.Module):
    """All tokens in one stream; attention and MLP in parallel.

    The released file stores the input projections as one matrix, and the output projections too.
    Here the parts are layers of their own: the last block computes them for just the tokens that
    are read, and attention and MLP need not be copied into one tensor.
    """

    def __init__(
        self,
        config: MMDiTConfig,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        operations: Any = nn,
    ):
        super().__init__()
        width, factory = config.width, {"dtype": dtype, "device": device}
        hidden = config.mlp_ratio * width
        self.head_dim = config.head_dim
        self.modulation = operations.Linear(width, 3 * width, **factory)
        self.query = operations.Linear(width, width, **factory)
        self.key_value = operations.Linear(width, 2 * width, **factory)
        self.mlp_in = operations.Linear(width, hidden, **factory)
        self.norm = QKNorm(config.head_dim, **factory, operations=operations)
        self.attention_out = operations.Linear(width, width, **factory)
        self.mlp_out = operations.Linear(hidden, width, bias=False, **factory)

    def forward(
        self, tokens: Tensor, modulation: Tensor, rope: tuple[Tensor, Tensor], num_read: int
    ) -> Tensor:
        """Update the first `num_read` tokens, which attend to all of them.

        Parameters
        ----------
        tokens : Tensor, shape (B, L, D)
            Of all streams, the motion's first.
        modulation : Tensor, shape (B, 3 * D)
            Shift, scale and gate.
        rope : tuple of Tensor
            See `rope_tables`; its length divides `L` and `num_read`.
        num_read : int
            How many tokens the rest of the network reads.

        Returns
        -------
        Tensor, shape (B, num_read, D)
        """
        shift, scale, gate = split_modulation(modulation, 3)
        x = modulate(tokens, shift, scale)
        read = x[:, :num_read]

        (query,) = split_heads(self.query(read), 1, self.head_dim)
        key, value = split_heads(self.key_value(x), 2, self.head_dim)
        query, key = self.norm(query, key, rope)
        attention = attend(query, key, value)  # (B, num_read, D)

        hidden = F.gelu(self.mlp_in(read), approximate="tanh")
        update = self.attention_out(attention) + self.mlp_out(hidden)
        return torch.addcmul(tokens[:, :num_read], gate, update)


class FinalLayer(nn.Module):
    """Modulated norm and the projection to velocities.

    Parameters
    ----------
    config : MMDiTConfig
    out_dim : int
        Dims of a frame of motion.
    """

    def __init__(
        self,
        config: MMDiTConfig,
        out_dim: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        operations: Any = nn,
    ):
        super().__init__()
        width, factory = config.width, {"dtype": dtype, "device": device}
        self.modulation = operations.Linear(width, 2 * width, **factory)
        self.linear = operations.Linear(width, out_dim, **factory)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Project tokens to velocities.

        Parameters
        ----------
        x : Tensor, shape (B, L, D)
            Tokens of the motion.
        modulation : Tensor, shape (B, 2 * D)
            Shift and scale.

        Returns
        -------
        Tensor, shape (B, L, out_dim)
        """
        shift, scale = split_modulation(modulation, 2)
        return self.linear(modulate(x, shift, scale))
