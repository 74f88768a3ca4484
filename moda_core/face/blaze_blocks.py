"""The residual block that all face networks are built of.

Networks of one shape, each with weights of its own, can run as one: their channels lie side by side
in `groups`, which on a CPU costs little more than one of them.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def pad_same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad as TensorFlow's "SAME": the odd pixel goes below and to the right."""
    total = max(kernel - stride, 0)
    return F.pad(x, (total // 2, total - total // 2) * 2)


class Pointwise(nn.Module):
    """A 1x1 convolution; with one thread a product of matrices is faster than `nn.Conv2d`.

    Parameters
    ----------
    channels, out_channels : int
        Of one group.
    """

    def __init__(self, channels: int, out_channels: int, groups: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(groups, channels, out_channels))
        self.bias = nn.Parameter(torch.empty(groups, 1, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, groups * channels, h, w) to (n, groups * out_channels, h, w)."""
        count, _, height, width = x.shape
        groups, channels, _ = self.weight.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, groups, channels).transpose(0, 1)
        mapped = torch.baddbmm(self.bias, rows, self.weight).transpose(0, 1)
        return mapped.reshape(count, height, width, -1).permute(0, 3, 1, 2)


class BlazeBlock(nn.Module):
    """Depthwise 3x3, then pointwise convolution, with a residual connection.

    The residual is max-pooled if the block has a stride, and padded with zero channels if it
    widens. Numbers of channels are those of one group.
    """

    def __init__(
        self, channels: int, out_channels: int, stride: int, relu: bool, groups: int = 1
    ) -> None:
        super().__init__()
        self.stride, self.added, self.groups = stride, out_channels - channels, groups
        padding, total = 1 if stride == 1 else 0, groups * channels
        self.depthwise = nn.Conv2d(total, total, 3, stride, padding, groups=total)
        self.pointwise = Pointwise(channels, out_channels, groups)
        self.act = nn.ReLU() if relu else nn.PReLU(groups * out_channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.pointwise(self.depthwise(pad_same(x, 3, 2) if self.stride == 2 else x))
        residual = F.max_pool2d(x, 2) if self.stride == 2 else x
        if self.added:
            residual = residual.unflatten(1, (self.groups, -1))
            residual = F.pad(residual, (0, 0, 0, 0, 0, self.added)).flatten(1, 2)
        return self.act(y + residual)


def blaze_blocks(*channels: int, relu: bool = False, groups: int = 1) -> nn.Sequential:
    """Return blocks with these numbers of channels; a negative number means a stride of 2."""
    return nn.Sequential(
        *(
            BlazeBlock(abs(before), abs(after), 2 if after < 0 else 1, relu, groups)
            for before, after in pairwise(channels)
        )
    )
