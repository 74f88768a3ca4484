"""The appearance extractor: a face becomes a volume of features (spec F.1)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers
from .folding import State, batch_norm_affine, fold_batch_norm, fold_conv_blocks
from .layers import ChannelAffine, check_image, conv_relu_2d

IMAGE_SIZE = 256
VOLUME_SHAPE = (32, 16, 64, 64)
NUM_BLOCKS = 6


class VolumeBlock(nn.Module):
    """A residual block whose norms come before their activations.

    Parameters
    ----------
    num_channels : int
        Channels C.
    """

    def __init__(self, num_channels: int, layers: Layers = PLAIN):
        super().__init__()
        self.norm1 = ChannelAffine(num_channels, layers)
        self.conv1 = layers.Conv3d(num_channels, num_channels, 3, padding=1)
        self.conv2 = layers.Conv3d(num_channels, num_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the two convolutions find: (B, C, D, H, W) to (B, C, D, H, W)."""
        y = self.conv1(F.relu_(self.norm1(x)))  # the second norm is folded in
        return x + self.conv2(F.relu_(y))


class AppearanceExtractor(nn.Module):
    """What a face looks like, as features in a volume around it.

    Parameters
    ----------
    layers : Layers
        Makes the layers.
    """

    def __init__(self, layers: Layers = PLAIN):
        super().__init__()
        channels, depth = VOLUME_SHAPE[:2]
        self.first = conv_relu_2d(3, 64, layers)
        self.down_blocks = nn.ModuleList(
            [conv_relu_2d(64, 128, layers), conv_relu_2d(128, 256, layers)]
        )
        self.second = layers.Conv2d(256, channels * depth, 1)
        self.resblocks_3d = nn.ModuleDict(
            {f"3dr{index}": VolumeBlock(channels, layers) for index in range(NUM_BLOCKS)}
        )

    def forward(self, image: Tensor) -> Tensor:
        """Extract the volume (B, 32, 16, 64, 64) of RGB crops (B, 3, 256, 256) in [0, 1]."""
        check_image(image, IMAGE_SIZE)
        x = self.first(image.contiguous(memory_format=torch.channels_last))
        for block in self.down_blocks:
            x = F.avg_pool2d(block(x), 2)
        x = self.second(x).contiguous()  # (B, 512, 64, 64), channel-major, depth minor
        x = x.reshape(len(x), *VOLUME_SHAPE)
        for block in self.resblocks_3d.values():
            x = block(x)
        return x


def convert_appearance(state: State) -> State:
    """Bring the appearance extractor's weights from the released layout into ours."""
    converted = fold_conv_blocks(
        {key: tensor for key, tensor in state.items() if not key.startswith("resblocks_3d.")}
    )
    for index in range(NUM_BLOCKS):
        block = f"resblocks_3d.3dr{index}"
        scale, shift = batch_norm_affine(state, f"{block}.norm1")
        dtype = state[f"{block}.norm1.weight"].dtype
        converted[f"{block}.norm1.weight"] = scale.to(dtype)
        converted[f"{block}.norm1.bias"] = shift.to(dtype)
        converted |= fold_batch_norm(state, f"{block}.conv1", f"{block}.norm2")
        converted |= {
            f"{block}.conv2.{kind}": state[f"{block}.conv2.{kind}"] for kind in ("weight", "bias")
        }
    return converted
