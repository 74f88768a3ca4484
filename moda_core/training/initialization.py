"""Initial weights with which a small motion transformer learns quickly."""

import torch
from torch import Tensor, nn

from ..mmdit.config import MMDiTConfig
from ..mmdit.model import MotionMMDiT
from ..mmdit.rope import apply_rope, rope_tables
from ..motion.motion import MOTION_DIM

MEAN_FEATURE = 1.8  # of speech; the audio embedder starts centred on it
GATE = 0.3  # how much every block adds at the start
LOCALITY_GAIN = 1.7  # of the query and key norms
# Frames from a token to what each head looks at first; None leaves a head free.
HEAD_OFFSETS = (0, -2, 2, 0, None)


def _local_attention(bias: Tensor, start: int, head_dim: int, num_heads: int) -> None:
    """Set the biases of queries and keys so that heads look near their own frame."""
    query = torch.ones(head_dim)
    for head in range(num_heads):
        offset = HEAD_OFFSETS[head % len(HEAD_OFFSETS)]
        if offset is None:
            continue
        cos, sin = rope_tables(abs(offset) + 1, head_dim)
        sign = -1.0 if offset > 0 else 1.0
        table = (cos[-1:], sign * sin[-1:])
        key = apply_rope(query[None, None, None], table).flatten()
        first = start + head * head_dim
        bias[first : first + head_dim] = query
        bias[first + num_heads * head_dim : first + (num_heads + 1) * head_dim] = key


def _pass_through(network: MotionMMDiT, moving: Tensor) -> None:
    """Let the noisy motion reach the head unchanged: ``silu(a) - silu(-a) == a``."""
    embedder, linear = network.motion_embedder, network.final_layer.linear
    dims = moving.nonzero().flatten()
    count = min(len(dims), network.config.width // 2)
    linear.weight.zero_()
    linear.bias.zero_()
    embedder.in_layer.bias.zero_()
    embedder.in_layer.weight[: 2 * count] = 0
    embedder.out_layer.weight[:count] = 0
    for channel, dim in enumerate(dims[:count].tolist()):
        embedder.in_layer.weight[channel, MOTION_DIM + dim] = 1
        embedder.in_layer.weight[count + channel, MOTION_DIM + dim] = -1
        embedder.out_layer.weight[channel, channel] = 1
        embedder.out_layer.weight[channel, count + channel] = -1
        linear.weight[dim, channel] = (count / network.config.width) ** 0.5


@torch.no_grad()
def new_network(config: MMDiTConfig, moving: Tensor, seed: int) -> MotionMMDiT:
    """Build a motion transformer with initial weights; `moving` (70,) marks dims that move."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MotionMMDiT(config)
    for module in network.modules():
        if isinstance(module, nn.Linear) and module.bias is not None:
            module.bias.zero_()
    for block in (*network.four_stream_blocks, *network.double_stream_blocks):
        for stream in block.streams:
            _gate(stream.modulation, (2, 5))
            _local_attention(stream.qkv.bias, 0, config.head_dim, config.num_heads)
    for block in network.single_stream_blocks:
        _gate(block.modulation, (2,))
        joined = torch.zeros(2 * config.width)
        _local_attention(joined, 0, config.head_dim, config.num_heads)
        block.query.bias.copy_(joined[: config.width])
        block.key_value.bias[: config.width] = joined[config.width :]
    for name, parameter in network.named_parameters():
        if name.endswith(("query_norm.weight", "key_norm.weight")):
            parameter.fill_(LOCALITY_GAIN)
    network.final_layer.modulation.weight.zero_()
    embedder = network.audio_embedder
    hearing = embedder.in_conv if config.hearing_width else embedder.proj1
    hearing.weight.mul_(0.6)
    hearing.bias.copy_(-MEAN_FEATURE * hearing.weight.flatten(1).sum(dim=1))
    network.identity_embedder.in_layer.weight.zero_().requires_grad_(False)
    _pass_through(network, moving)
    _ignore_still_dims(network, moving)
    return network


def _gate(modulation: nn.Linear, gates: tuple[int, ...]) -> None:
    modulation.weight.mul_(0.1)
    width = modulation.in_features
    for gate in gates:
        modulation.bias[gate * width : (gate + 1) * width] = GATE


def _ignore_still_dims(network: MotionMMDiT, moving: Tensor) -> None:
    """Keep the columns of dims that never move at 0: they hold nothing but noise."""
    weight = network.motion_embedder.in_layer.weight
    keep = moving.repeat(2).to(weight)
    weight.mul_(keep)
    weight.register_hook(lambda gradient: gradient * keep)
