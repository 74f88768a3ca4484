"""The residual block that all face networks are built of."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F


def pad_same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad as TensorFlow's "SAME": the odd pixel goes below and to the right."""
    total = max(kernel - stride, 0)
    return F.pad(x, (total // 2, total - total // 2) * 2)


class BlazeBlock(nn.Module):
    """Depthwise 3x3, then pointwise convolution, with a residual connection.

    The residual is max-pooled if the block has a stride, and padded with zero channels if it
    widens.
    """

    def __init__(self, channels: int, out_channels: int, stride: int, relu: bool) -> None:
        super().__init__()
        self.stride, self.added = stride, out_channels - channels
        padding = 1 if stride == 1 else 0
        self.depthwise = nn.Conv2d(channels, channels, 3, stride, padding, groups=channels)
        self.pointwise = nn.Conv2d(channels, out_channels, 1)
        self.act = nn.ReLU() if relu else nn.PReLU(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.pointwise(self.depthwise(pad_same(x, 3, 2) if self.stride == 2 else x))
        residual = F.max_pool2d(x, 2) if self.stride == 2 else x
        residual = F.pad(residual, (0, 0, 0, 0, 0, self.added)) if self.added else residual
        return self.act(y + residual)


def blaze_blocks(*channels: int, relu: bool = False) -> nn.Sequential:
    """Return blocks with these numbers of channels; a negative number means a stride of 2."""
    return nn.Sequential(
        *(
            BlazeBlock(abs(before), abs(after), 2 if after < 0 else 1, relu)
            for before, after in pairwise(channels)
        )
    )
