"""Loading the released renderer from its five files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..model_files.model_folder import ModelFiles
from ..runtime.layers import Layers
from ..weights.checkpoint import load_strict
from ..weights.converted import converted_file
from ..weights.released_files import read_released
from .acceleration import accelerate
from .model import PortraitRenderer, RendererNetworks
from .networks import NETWORKS

# The released files, in the order of `RendererNetworks`, with the network that each holds.
FILES = {
    "appearance_feature_extractor": "appearance_feature_extractor",
    "motion_extractor": "motion_extractor",
    "stitching_retargeting_module": "retarget_shoulder",
    "warping_module": "warping_module",
    "spade_generator": "spade_generator",
}
# These run once, or take no time: they stay in float32, which halves the error of the frames.
ALWAYS_FLOAT32 = ("appearance_feature_extractor", "motion_extractor", "retarget_shoulder")


def load_network(
    path: Path,
    file: str,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    operations: Any = None,
) -> nn.Module:
    """Load one network of the renderer."""
    state, name = read_released(converted_file(path), file, mapped=False), FILES[file]
    if name != file:  # one group of several
        group = f"{name}."
        state = {key.removeprefix(group): state[key] for key in state if key.startswith(group)}
    # Folded in float32, then cast.
    network = build_network(name, state, str(path), operations)
    del state  # not while convolutions are replaced, which takes memory of its own
    network.to(device, torch.float32 if name in ALWAYS_FLOAT32 else dtype)
    plain = operations is None and torch.device(device).type == "cpu"
    return accelerate(network) if plain else network


def build_network(
    name: str, state: dict[str, Tensor], source: str, operations: Any = None
) -> nn.Module:
    """Build one network around its released weights."""
    build, convert = NETWORKS[name]
    network = build(Layers(operations or nn, device="meta"))
    load_strict(network, convert(state), source)
    return network.eval().requires_grad_(False)


def load_renderer(
    files: ModelFiles,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    operations: Any = None,
    compute_device: str | torch.device | None = None,
    free_memory: Callable[[], None] | None = None,
) -> PortraitRenderer:
    """Load the released renderer.

    Parameters
    ----------
    files : ModelFiles
        Where its files lie.
    device : str or torch.device
        Where the weights are loaded.
    dtype : torch.dtype
        Of the large networks; `ALWAYS_FLOAT32` names the others.
    operations : module or namespace, optional
        Supplies the layers. Default: plain ones, accelerated on a CPU.
    compute_device : str or torch.device, optional
        Where frames are computed, if the caller moves the networks there. Default: `device`.
    free_memory : callable, optional
        Called when memory ran out, before the next try with fewer frames.

    Raises
    ------
    InputFileError
        If a file is damaged or of another network.
    """
    networks = [
        load_network(getattr(files, file), file, device, dtype, operations) for file in FILES
    ]
    return PortraitRenderer(
        RendererNetworks(*networks), compute_device or device, free_memory=free_memory
    )
