"""Rotary position embedding over the frames of a window (spec B.2)."""

import torch
from torch import Tensor

THETA = 256.0
# Rotation as a complex product takes a tenth of the time on a CPU; Macs lack complex operators.
COMPLEX_DEVICES = ("cpu", "cuda")


def rope_tables(
    num_tokens: int, head_dim: int, device: torch.device | str | None = None
) -> tuple[Tensor, Tensor]:
    """Return the cosines and sines of positions ``0 ... num_tokens - 1``.

    Parameters
    ----------
    num_tokens : int
        Positions, one for each frame of the window.
    head_dim : int
        Channels of a head; channels 2j and 2j + 1 are a pair and share an angle.
    device : torch.device or str, optional
        Of the tables.

    Returns
    -------
    cos, sin : Tensor, shape (num_tokens, head_dim), float32
    """
    pair = torch.arange(0, head_dim, 2, dtype=torch.float32, device=device)
    frequency = 1.0 / THETA ** (pair / head_dim)
    position = torch.arange(num_tokens, dtype=torch.float32, device=device)
    angle = torch.outer(position, frequency).repeat_interleave(2, dim=1)
    return angle.cos(), angle.sin()


def apply_rope(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate queries or keys by the position of their token.

    Parameters
    ----------
    x : Tensor, shape (B, L, H, d)
        Queries or keys; `L` is a multiple of the table's length, which is tiled: all streams of a
        window share their positions.
    rope : tuple of Tensor
        From `rope_tables`.

    Returns
    -------
    Tensor, shape (B, L, H, d)
        ``(a cos - b sin, b cos + a sin)`` for each pair (a, b), computed in float32.
    """
    rotate = _rotate_complex if x.device.type in COMPLEX_DEVICES else _rotate_real
    cos, sin = (table[:, None] for table in rope)  # (positions, 1, d)
    tokens = x.float().unflatten(1, (-1, cos.shape[0]))  # (B, streams, positions, H, d)
    return rotate(tokens, cos, sin).flatten(1, 2).to(x.dtype)


def _rotate_complex(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    phases = torch.complex(cos[..., ::2], sin[..., ::2])
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * phases).flatten(-2)


def _rotate_real(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((-b, a), dim=-1).flatten(-2)
    return torch.addcmul(x * cos, turned, sin)
