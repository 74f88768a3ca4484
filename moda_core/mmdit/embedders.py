"""Embedders of the motion transformer's inputs (spec B.1)."""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers

TIMESTEP_DIM = 256

# Float32 exponentials differ between machines in the last bit, which a timestep of 1000 turns into
# 6e-5. So the exponential is taken in float64, and this lifts it to round as the reference did.
EXP_ROUNDING = 1 + 1.7e-9


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def _frequencies() -> Tensor:
    half = TIMESTEP_DIM // 2
    exponent = -math.log(10000) * torch.arange(half, dtype=torch.float32) / half
    return (exponent.double().exp() * EXP_ROUNDING).float()


def timestep_features(timesteps: Tensor) -> Tensor:
    """Return sinusoidal features of timesteps: (B,) to (B, 256)."""
    angle = timesteps[:, None].float() * _frequencies().to(timesteps.device)
    return torch.cat([angle.cos(), angle.sin()], dim=-1)


class MLPEmbedder(nn.Module):
    """Two linear layers with a SiLU between them.

    Parameters
    ----------
    in_dim, width : int
        Channels of the input, and of the token.
    """

    def __init__(self, in_dim: int, width: int, layers: Layers = PLAIN):
        super().__init__()
        self.in_layer = layers.Linear(in_dim, width)
        self.out_layer = layers.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Embed vectors as tokens: (..., in_dim) to (..., width)."""
        return self.out_layer(F.silu(self.in_layer(x)))


class AudioEmbedder(nn.Module):
    """Turn the audio features that belong to a frame into one token.

    Parameters
    ----------
    in_dim : int
        ``context * layers * channels`` of the features.
    width : int
        Channels of the token.
    """

    def __init__(self, in_dim: int, width: int, layers: Layers = PLAIN):
        super().__init__()
        self.proj1 = layers.Linear(in_dim, width)
        self.proj2 = layers.Linear(width, width)
        self.proj3 = layers.Linear(width, width)
        self.norm = layers.RMSNorm(width, eps=1e-6)

    def forward(self, audio: Tensor) -> Tensor:
        """Embed the features of every frame: (B, L, context, layers, channels) to (B, L, width)."""
        x = audio.flatten(2)
        x = F.relu(self.proj1(x))
        x = F.relu(self.proj2(x))
        return self.norm(self.proj3(x))
