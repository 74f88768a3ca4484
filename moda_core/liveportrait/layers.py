"""Small layers that several portrait networks share."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
        """Convolve and rectify.

        Parameters
        ----------
        x : Tensor, shape (B, C, ..., H, W)
            Features.

        Returns
        -------
        Tensor, shape (B, out, ..., H, W)
        """
        return F.relu_(self.conv(x))


class ChannelAffine(nn.Module):
    """A scale and a shift for each channel: a batch norm that has no convolution before it.

    Parameters
    ----------
    num_channels : int
        Channels C.
    dtype, device : optional
        Of the weights.
    """

    def __init__(
        self,
        num_channels: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_channels, dtype=dtype, device=device))
        self.bias = nn.Parameter(torch.zeros(num_channels, dtype=dtype, device=device))

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift.

        Parameters
        ----------
        x : Tensor, shape (B, C, ...)
            Features.

        Returns
        -------
        Tensor
            Of the same shape; a new tensor.
        """
        shape = (-1, *[1] * (x.ndim - 2))
        weight, bias = (p.to(x).reshape(shape) for p in (self.weight, self.bias))
        return torch.addcmul(bias, x, weight)


def conv_relu_2d(in_channels: int, out_channels: int, factory: dict[str, Any]) -> ConvReLU:
    """Return a zero-padded 3x3 convolution with ReLU.

    Parameters
    ----------
    in_channels, out_channels : int
        Widths.
    factory : dict
        ``dtype``, ``device`` and ``operations``, which supplies `Conv2d`.

    Returns
    -------
    ConvReLU
    """
    where = {key: factory[key] for key in ("dtype", "device")}
    conv = factory["operations"].Conv2d(in_channels, out_channels, 3, padding=1, **where)
    return ConvReLU(conv)


def conv_relu_3d(in_channels: int, out_channels: int, factory: dict[str, Any]) -> ConvReLU:
    """Return a zero-padded 3x3x3 convolution with ReLU.

    Parameters
    ----------
    in_channels, out_channels : int
        Widths.
    factory : dict
        ``dtype``, ``device`` and ``operations``, which supplies `Conv3d`.

    Returns
    -------
    ConvReLU
    """
    where = {key: factory[key] for key in ("dtype", "device")}
    conv = factory["operations"].Conv3d(in_channels, out_channels, 3, padding=1, **where)
    return ConvReLU(conv)


def check_image(image: Tensor, size: int) -> None:
    """Refuse what is not a batch of square RGB pictures of one size.

    Parameters
    ----------
    image : Tensor
        Expected as (B, 3, size, size).
    size : int
        Pixels.

    Raises
    ------
    ValueError
        If the shape differs.
    """
    if image.ndim != 4 or tuple(image.shape[1:]) != (3, size, size):
        raise ValueError(
            f"Expected pictures of shape (B, 3, {size}, {size}), got {tuple(image.shape)}. "
            "Crop and resize the face first."
        )
