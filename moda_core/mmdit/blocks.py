"""Blocks of the motion transformer (spec B.4 to B.7)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import QKNorm, attend, joint_attention, split_heads

NORM_EPS = 1e-6


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """RMS-normalise tokens, then scale and shift them: ``rms(x) * (1 + scale) + shift``.

    Parameters
    ----------
    x : Tensor, shape (B, L, D)
    shift, scale : Tensor, shape (B, 1, D)
    """
    return torch.addcmul(shift, F.rms_norm(x, x.shape[-1:], eps=NORM_EPS), 1 + scale)


def split_modulation(modulation: Tensor, parts: int) -> tuple[Tensor, ...]:
    """Split (B, parts * D) into `parts` tensors of shape (B, 1, D)."""
    return modulation[:, None].chunk(parts, dim=-1)


class MLP(nn.Module):
    """Linear, GELU (tanh form), linear."""

    def __init__(self, width: int, hidden: int, dtype=None, device=None, operations=nn):
        super().__init__()
        self.fc1 = operations.Linear(width, hidden, dtype=dtype, device=device)
        self.fc2 = operations.Linear(hidden, width, dtype=dtype, device=device)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., D) to (..., D)."""
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Stream(nn.Module):
    """What one stream owns in a joint block: projections, norms, MLP and modulation."""

    def __init__(self, config, dtype=None, device=None, operations=nn):
        super().__init__()
        width, factory = config.width, {"dtype": dtype, "device": device}
        self.head_dim = config.head_dim
        self.modulation = operations.Linear(width, 6 * width, **factory)
        self.qkv = operations.Linear(width, 3 * width, **factory)
        self.norm = QKNorm(config.head_dim, **factory, operations=operations)
        self.proj = operations.Linear(width, width, **factory)
        self.mlp = MLP(width, config.mlp_ratio * width, **factory, operations=operations)

    def heads(self, x: Tensor, shift: Tensor, scale: Tensor, rope) -> tuple[Tensor, ...]:
        """Return query, key and value of shape (B, L, H, d)."""
        qkv = self.qkv(modulate(x, shift, scale))
        query, key, value = split_heads(qkv, 3, self.head_dim)
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

    def __init__(self, config, rotated, dtype=None, device=None, operations=nn):
        super().__init__()
        self.rotated = rotated
        self.streams = nn.ModuleList(
            Stream(config, dtype=dtype, device=device, operations=operations) for _ in rotated
        )

    def modulation(self, condition: Tensor) -> Tensor:
        """Map the conditioning vector (R, D), after SiLU, to (R, streams * 6 * D)."""
        return torch.cat([stream.modulation(condition) for stream in self.streams], dim=-1)

    def forward(self, tokens: list[Tensor], modulation: Tensor, rope) -> list[Tensor]:
        """Update the streams.

        Parameters
        ----------
        tokens : list of Tensor, shape (B, L_s, D)
        modulation : Tensor, shape (B, streams * 6 * D)
        rope : tuple of Tensor
            See `rope_tables`.
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

    def __init__(self, config, dtype=None, device=None, operations=nn):
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

    def forward(self, tokens: Tensor, modulation: Tensor, rope, num_read: int) -> Tensor:
        """Update the first `num_read` tokens, which attend to all of them.

        Parameters
        ----------
        tokens : Tensor, shape (B, L, D)
        modulation : Tensor, shape (B, 3 * D)
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
    """Modulated norm and the projection to velocities."""

    def __init__(self, config, out_dim: int, dtype=None, device=None, operations=nn):
        super().__init__()
        width, factory = config.width, {"dtype": dtype, "device": device}
        self.modulation = operations.Linear(width, 2 * width, **factory)
        self.linear = operations.Linear(width, out_dim, **factory)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Map tokens (B, L, D) and modulation (B, 2 * D) to (B, L, out_dim)."""
        shift, scale = split_modulation(modulation, 2)
        return self.linear(modulate(x, shift, scale))
