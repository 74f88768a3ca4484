"""The face networks with their weights, loaded once."""

from functools import cache
from pathlib import Path

import torch
from torch import nn

from ..weights.checkpoint import cast_floats, load_strict, read_safetensors
from .attention_mesh import AttentionMesh
from .blaze_face import FullRange, ShortRange

WEIGHTS = Path(__file__).parent / "weights"
NETWORKS = {
    "short_range": ShortRange,
    "full_range": FullRange,
    "attention_mesh": AttentionMesh,
}


@cache
def face_network(name: str) -> nn.Module:
    """Return one of the networks on the CPU, in fp32: a key of `NETWORKS`."""
    path = WEIGHTS / f"{name}.safetensors"
    state, _ = read_safetensors(path)
    with torch.device("meta"):
        network = NETWORKS[name]()
    load_strict(network, cast_floats(state, torch.float32), path.name)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
