"""Joint attention over the tokens of all streams (spec B.3)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers
from .rope import apply_rope


class QKNorm(nn.Module):
    """RMS norms with gains over the channels of each head, then rotary positions.

    Parameters
    ----------
    head_dim : int
        Channels d of a head.
    """

    def __init__(self, head_dim: int, layers: Layers = PLAIN):
        super().__init__()
        self.query_norm = layers.RMSNorm(head_dim, eps=1e-5)
        self.key_norm = layers.RMSNorm(head_dim, eps=1e-5)

    def forward(
        self, query: Tensor, key: Tensor, rope: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Normalise and rotate: (B, L, H, d) to (B, L, H, d)."""
        query, key = self.query_norm(query), self.key_norm(key)
        if rope is None:
            return query, key
        return apply_rope(query, rope), apply_rope(key, rope)


def split_heads(x: Tensor, parts: int, head_dim: int) -> tuple[Tensor, ...]:
    """Split a fused projection into its parts and their heads.

    Parameters
    ----------
    x : Tensor, shape (B, L, parts * H * d)
        The parts one after the other.
    parts : int
        How many there are, such as 3 for query, key and value.
    head_dim : int
        Channels d of a head.

    Returns
    -------
    tuple of Tensor, shape (B, L, H, d)
        One view for each part.
    """
    return x.unflatten(-1, (parts, -1, head_dim)).unbind(2)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend with every query to every key, without a mask.

    Maps `query` (B, Lq, H, d), `key, value` (B, Lk, H, d) to (B, Lq, H * d).
    """
    heads = (x.transpose(1, 2) for x in (query, key, value))  # (B, H, L, d)
    return F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)


def keep_own_values(attended: Tensor, value: Tensor, share: Tensor) -> Tensor:
    """Let the first tokens keep a share of their own values instead of what they attended to.

    Their attention map A becomes ``(1 - share) A + share I`` (SoftPAG, arXiv 2506.10978), which
    needs no map: the output is linear in it.

    Parameters
    ----------
    attended : Tensor, shape (B, L, H * d)
        From `attend`.
    value : Tensor, shape (B, n, H, d)
        Of the first n of the L tokens.
    share : Tensor, shape (B, H)
        In [0, 1], of each row and head.

    Returns
    -------
    Tensor, shape (B, L, H * d)
        Tokens from the n-th on are unchanged.
    """
    first, rest = attended.split([value.shape[1], attended.shape[1] - value.shape[1]], dim=1)
    heads = first.unflatten(-1, value.shape[2:])  # (B, n, H, d)
    mixed = torch.lerp(heads, value, share[:, None, :, None])
    return torch.cat([mixed.flatten(2), rest], dim=1)


def joint_attention(
    streams: list[tuple[Tensor, Tensor, Tensor]], perturbation: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Let the tokens of all streams attend to each other, shape (B, L_s, H * d).

    The first stream's tokens keep a share of their own values, `perturbation` (B, H).
    """
    queries, keys, values = zip(*streams, strict=True)
    num_tokens = queries[0].shape[1]
    key, value = (torch.cat([repeated(x, num_tokens) for x in xs], dim=1) for xs in (keys, values))
    lengths = [query.shape[1] for query in queries]
    attended = attend(torch.cat(queries, dim=1), key, value)
    if perturbation is not None:
        attended = keep_own_values(attended, values[0], perturbation)
    return attended.split(lengths, dim=1)


def repeated(x: Tensor, num_tokens: int) -> Tensor:
    """Return a single token (B, 1, H, d) repeated, and any other stream as it is."""
    return x.expand(-1, num_tokens, -1, -1) if x.shape[1] == 1 else x
