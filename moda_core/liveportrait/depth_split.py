"""3-D convolutions as 2-D convolutions of the slices, for kernels with few outputs.

CPU kernels compute 16 or 32 outputs at a time and waste what a layer lacks of them. With the taps
along the depth as further outputs, which are summed afterwards, a layer of 22 has 154.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DepthSplitConv(nn.Module):
    """A zero-padded 3-D convolution of stride 1, from one 2-D convolution of all slices.

    Parameters
    ----------
    conv : nn.Conv3d
        With its weights, which are not kept; its kernel is an odd cube.
    """

    def __init__(self, conv: nn.Conv3d):
        super().__init__()
        self.num_taps = conv.kernel_size[0]
        weight = conv.weight.detach().permute(2, 0, 1, 3, 4).flatten(0, 1)  # (taps * out, in, k, k)
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", conv.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        """Convolve: (B, C, D, H, W) to (B, out, D, H, W)."""
        batch, depth = len(x), x.shape[2]
        middle = self.num_taps // 2
        slices = x.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        taps = F.conv2d(slices, self.weight, padding=middle)
        taps = taps.unflatten(1, (self.num_taps, -1)).unflatten(0, (batch, depth)).float()
        out = self.bias.float()[:, None, None] + taps[:, :, middle]  # (B, D, out, H, W)
        for tap in range(self.num_taps):
            shift = tap - middle
            if shift != 0 and abs(shift) < depth:
                into = slice(max(0, -shift), depth - max(0, shift))
                of = slice(max(0, shift), depth + min(0, shift))
                out[:, into] += taps[:, of, tap]
        return out.transpose(1, 2)
