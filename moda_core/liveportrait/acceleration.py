"""Exact replacements of a network's convolutions, chosen for CPUs."""

import torch
from torch import nn

from .depth_split import DepthSplitConv
from .repeated_conv import RepeatedConv
from .spade import SPADE, UpsampledConv
from .winograd import WinogradConv, WinogradSPADE

# Below, the way to the points and back costs more than it saves.
MIN_CHANNELS = 32
MIN_OUTPUTS_2D = 128
# Above, taps along the depth are better as outputs.
MIN_DEPTH_TAPS = 5


def accelerate(network: nn.Module) -> nn.Module:
    """Replace convolutions of a network by others that compute the same faster on a CPU."""
    for name, child in network.named_children():
        replacement = _replacement(child)
        if replacement is None:
            accelerate(child)
        else:
            setattr(network, name, replacement)
    return network


def _replacement(module: nn.Module) -> nn.Module | None:
    if isinstance(module, UpsampledConv) and module.scale > 1:
        return RepeatedConv(module)
    if isinstance(module, SPADE) and _gains_by_winograd(module.mlp_gamma_beta):
        return WinogradSPADE(module)
    if isinstance(module, nn.Conv3d) and module.kernel_size[0] >= MIN_DEPTH_TAPS:
        return DepthSplitConv(module)
    if isinstance(module, nn.Conv2d | nn.Conv3d) and _gains_by_winograd(module):
        return WinogradConv(module)
    return None


def _gains_by_winograd(conv: nn.Conv2d | nn.Conv3d) -> bool:
    is_plain = set(conv.kernel_size) == {3} and conv.groups == 1 and conv.padding_mode == "zeros"
    is_plain = is_plain and {*conv.stride, *conv.dilation} == {1} and set(conv.padding) == {1}
    min_outputs = MIN_OUTPUTS_2D if isinstance(conv, nn.Conv2d) else MIN_CHANNELS
    return (
        is_plain
        and conv.weight.dtype == torch.float32
        and conv.in_channels >= MIN_CHANNELS
        and conv.out_channels >= min_outputs
    )
