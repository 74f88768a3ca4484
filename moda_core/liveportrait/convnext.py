"""ConvNeXt-V2 tiny, the trunk of the motion extractor (spec F.2)."""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers

WIDTHS = (96, 192, 384, 768)
DEPTHS = (3, 3, 9, 3)
NORM_EPS = 1e-6


class GlobalResponseNorm(nn.Module):
    """Competition between channels by their energy over the picture (Woo et al. 2023, eqn. 3).

    Parameters
    ----------
    num_channels : int
        Channels C.
    """

    def __init__(self, num_channels: int, layers: Layers = PLAIN):
        super().__init__()
        self.gamma = layers.parameter(torch.zeros(1, 1, 1, num_channels))
        self.beta = layers.parameter(torch.zeros(1, 1, 1, num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Scale every channel by its share of the energy, and add the input.

        Parameters
        ----------
        x : Tensor, shape (B, H, W, C)
            Features.

        Returns
        -------
        Tensor, shape (B, H, W, C)
        """
        energy = x.float().flatten(1, 2).norm(dim=1)[:, None, None]  # (B, 1, 1, C)
        share = energy / (energy.mean(dim=-1, keepdim=True) + NORM_EPS)
        gamma, beta = self.gamma.to(x), self.beta.to(x)
        return torch.addcmul(beta, x, 1 + gamma * share.to(x.dtype))


class ConvNeXtBlock(nn.Module):
    """A depthwise 7x7 convolution and a pointwise MLP, residual.

    Parameters
    ----------
    width : int
        Channels C.
    """

    def __init__(self, width: int, layers: Layers = PLAIN):
        super().__init__()
        self.dwconv = layers.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = layers.LayerNorm(width, eps=NORM_EPS)
        self.pwconv1 = layers.Linear(width, 4 * width)
        self.grn = GlobalResponseNorm(4 * width, layers)
        self.pwconv2 = layers.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the block finds: (B, H, W, C) to (B, H, W, C)."""
        y = self.norm(conv_channels_last(self.dwconv, x))
        y = self.grn(F.gelu(self.pwconv1(y)))  # (B, H, W, 4C)
        return x + self.pwconv2(y)


class ConvNeXtV2(nn.Module):
    """The trunk: a picture becomes one vector.

    Parameters
    ----------
    layers : Layers
        Makes the layers.
    """

    def __init__(self, layers: Layers = PLAIN):
        super().__init__()

        def norm(width: int) -> nn.Module:
            return layers.LayerNorm(width, eps=NORM_EPS)

        stem = layers.Conv2d(3, WIDTHS[0], 4, stride=4)
        self.downsample_layers = nn.ModuleList([nn.ModuleList([stem, norm(WIDTHS[0])])])
        for width, wider in itertools.pairwise(WIDTHS):
            conv = layers.Conv2d(width, wider, 2, stride=2)
            self.downsample_layers.append(nn.ModuleList([norm(width), conv]))
        self.stages = nn.ModuleList(
            nn.ModuleList(ConvNeXtBlock(width, layers) for _ in range(depth))
            for width, depth in zip(WIDTHS, DEPTHS, strict=True)
        )
        self.norm = norm(WIDTHS[-1])

    def features(self, image: Tensor) -> Tensor:
        """Run the trunk: (B, 3, H, W) to (B, 768)."""
        stem, stem_norm = self.downsample_layers[0]
        x = stem_norm(conv_channels_last(stem, image.permute(0, 2, 3, 1)))  # (B, H/4, W/4, 96)
        for index, stage in enumerate(self.stages):
            if index > 0:
                norm, conv = self.downsample_layers[index]
                x = conv_channels_last(conv, norm(x))
            for block in stage:
                x = block(x)
        return self.norm(x.mean(dim=(1, 2)))


def conv_channels_last(conv: nn.Module, x: Tensor) -> Tensor:
    """Convolve pixels whose channels come last: (B, H, W, C) to (B, H', W', out)."""
    return conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
