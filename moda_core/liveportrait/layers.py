"""Small layers that several portrait networks share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers


class ConvReLU(nn.Module):
    """A 3x3 or 3x3x3 convolution, with the batch norm after it folded in, then ReLU.

    Parameters
    ----------
    conv : nn.Module
        The convolution.
    """

    def __init__(self, conv: nn.Module):
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and rectify: (B, C, ..., H, W) to (B, out, ..., H, W)."""
        return F.relu_(self.conv(x))


class ChannelAffine(nn.Module):
    """A scale and a shift for each channel: a batch norm that has no convolution before it.

    Parameters
    ----------
    num_channels : int
        Channels C.
    """

    def __init__(self, num_channels: int, layers: Layers = PLAIN):
        super().__init__()
        self.weight = layers.parameter(torch.ones(num_channels))
        self.bias = layers.parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, shape (B, C, ...), scaled and shifted."""
        shape = (-1, *[1] * (x.ndim - 2))
        weight, bias = (p.to(x).reshape(shape) for p in (self.weight, self.bias))
        return torch.addcmul(bias, x, weight)


def conv_relu_2d(in_channels: int, out_channels: int, layers: Layers) -> ConvReLU:
    """Return a zero-padded 3x3 convolution with ReLU."""
    conv = layers.Conv2d(in_channels, out_channels, 3, padding=1)
    return ConvReLU(conv)


def conv_relu_3d(in_channels: int, out_channels: int, layers: Layers) -> ConvReLU:
    """Return a zero-padded 3x3x3 convolution with ReLU."""
    conv = layers.Conv3d(in_channels, out_channels, 3, padding=1)
    return ConvReLU(conv)


def check_image(image: Tensor, size: int) -> None:
    """Refuse what is not a batch of square RGB pictures of one size."""
    if image.ndim != 4 or tuple(image.shape[1:]) != (3, size, size):
        raise ValueError(
            f"Expected pictures of shape (B, 3, {size}, {size}), got {tuple(image.shape)}. "
            "Crop and resize the face first."
        )
