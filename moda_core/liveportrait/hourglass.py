"""The hourglass of the dense motion network, a U-net of volumes (spec F.4, step 5)."""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import Layers
from .layers import conv_relu_3d

NUM_FEATURES = 110  # heat and 4 sampled channels of 22 candidate maps
DOWN_WIDTHS = (NUM_FEATURES, 64, 128, 256, 512, 1024)
UP_WIDTHS = (512, 256, 128, 64, 32)
HOURGLASS_WIDTH = UP_WIDTHS[-1] + NUM_FEATURES


class Encoder(nn.Module):
    """The descending half of the hourglass."""

    def __init__(self, layers: Layers):
        super().__init__()
        pairs = itertools.pairwise(DOWN_WIDTHS)
        self.down_blocks = nn.ModuleList(conv_relu_3d(*pair, layers) for pair in pairs)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Halve height and width at every block; returns the input and every block's output."""
        levels = [x]
        for block in self.down_blocks:
            levels.append(halve(block(levels[-1])))
        return levels


class Decoder(nn.Module):
    """The ascending half of the hourglass."""

    def __init__(self, layers: Layers):
        super().__init__()
        inputs = (DOWN_WIDTHS[-1], *(2 * width for width in UP_WIDTHS[:-1]))
        pairs = zip(inputs, UP_WIDTHS, strict=True)
        self.up_blocks = nn.ModuleList(conv_relu_3d(*pair, layers) for pair in pairs)
        self.conv = conv_relu_3d(HOURGLASS_WIDTH, HOURGLASS_WIDTH, layers).conv

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Double height and width at every block, beside what the encoder saw there.

        Parameters
        ----------
        levels : list of Tensor
            Of `Encoder.forward`.

        Returns
        -------
        Tensor, shape (B, 142, D, H, W)
        """
        *skips, x = levels
        for block, skip in zip(self.up_blocks, reversed(skips), strict=True):
            x = block(F.interpolate(x, scale_factor=(1, 2, 2)))
            x = torch.cat([x, skip], dim=1)
        return F.relu_(self.conv(x))


class Hourglass(nn.Module):
    """A U-net that keeps the depth."""

    def __init__(self, layers: Layers):
        super().__init__()
        self.encoder, self.decoder = Encoder(layers), Decoder(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Find features at all scales: (B, 110, D, H, W) to (B, 142, D, H, W)."""
        return self.decoder(self.encoder(x))


def halve(x: Tensor) -> Tensor:
    """Average over 2x2 cells of every slice: (B, C, D, H, W) to (B, C, D, H / 2, W / 2)."""
    # Pooling of volumes lacks bfloat16 on CPUs.
    slices = F.avg_pool2d(x.transpose(1, 2).flatten(0, 1), 2)
    return slices.unflatten(0, (len(x), -1)).transpose(1, 2)
