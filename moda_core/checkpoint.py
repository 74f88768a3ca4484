"""Reading and writing of weights: strict, and never executing anything."""

import json
import re
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from .config import MMDiTConfig
from .errors import InputFileError, OutputError

MMDIT_PREFIX = "talking_head_dit."

# Names of the released file, and ours. Streams are numbered motion, audio, emotion, identity.
RENAMES = (
    (r"(motion|identity|time)_embedder\.mlp\.0\.", r"\1_embedder.in_layer."),
    (r"(motion|identity|time)_embedder\.mlp\.2\.", r"\1_embedder.out_layer."),
    (r"emo_embedder\.embedding_table\.", "emotion_embedder."),
    (r"^blocks4\.(\d+)\.", r"four_stream_blocks.\1."),
    (r"^blocks2\.(\d+)\.", r"double_stream_blocks.\1."),
    (r"^blocks\.(\d+)\.(?:attn1\.)?", r"single_stream_blocks.\1."),
    (r"(_blocks\.\d+)\.adaLN_modulation_xs\.1\.", r"\1.streams.0.modulation."),
    (r"(_blocks\.\d+)\.adaLN_modulation_audio(\d?)\.1\.", r"\1.streams.<\2>.modulation."),
    (r"(_blocks\.\d+)\.xs_mlp\.", r"\1.streams.0.mlp."),
    (r"(_blocks\.\d+)\.audio_mlp(\d?)\.", r"\1.streams.<\2>.mlp."),
    (r"(_blocks\.\d+)\.attn1\.qkv_xs\.", r"\1.streams.0.qkv."),
    (r"(_blocks\.\d+)\.attn1\.qkv_au(\d?)\.", r"\1.streams.<\2>.qkv."),
    (r"(_blocks\.\d+)\.attn1\.xs_proj\.", r"\1.streams.0.proj."),
    (r"(_blocks\.\d+)\.attn1\.au_proj(\d?)\.", r"\1.streams.<\2>.proj."),
    (r"(_blocks\.\d+)\.attn1\.xs_q_norm\.", r"\1.streams.0.norm.query_norm."),
    (r"(_blocks\.\d+)\.attn1\.xs_k_norm\.", r"\1.streams.0.norm.key_norm."),
    (r"(_blocks\.\d+)\.attn1\.au_q_norm(\d?)\.", r"\1.streams.<\2>.norm.query_norm."),
    (r"(_blocks\.\d+)\.attn1\.au_k_norm(\d?)\.", r"\1.streams.<\2>.norm.key_norm."),
    (r"<>", "1"),
    (r"<(\d)>", r"\1"),
    (r"(single_stream_blocks\.\d+)\.streams\.0\.", r"\1."),
    (r"(single_stream_blocks\.\d+)\.xs_q_norm\.", r"\1.norm.query_norm."),
    (r"(single_stream_blocks\.\d+)\.xs_k_norm\.", r"\1.norm.key_norm."),
    (r"(single_stream_blocks\.\d+)\.linear2\.bias", r"\1.attention_out.bias"),
    (r"final_layer\.adaLN_modulation\.1\.", "final_layer.modulation."),
)


def rename_mmdit_key(key: str) -> str:
    """Return our name for a key of the released file.

    Parameters
    ----------
    key : str
        Without `MMDIT_PREFIX`.

    Returns
    -------
    str
        Fused layers of the single-stream blocks keep one name; `convert_mmdit` splits them.
    """
    for pattern, replacement in RENAMES:
        key = re.sub(pattern, replacement, key)
    return key


def convert_mmdit(state: dict[str, Tensor], config: MMDiTConfig) -> dict[str, Tensor]:
    """Bring the transformer's weights from the released layout into ours.

    Parameters
    ----------
    state : dict
        Tensors by released name, with or without other parts of the file.
    config : MMDiTConfig
        Of the transformer in the file.

    Returns
    -------
    dict
        For `MotionMMDiT.load_state_dict`; views of the given tensors where that is possible. Layers
        whose size does not fit `config` stay as they are.
    """
    converted = {}
    for key, tensor in state.items():
        if key.startswith(MMDIT_PREFIX):
            name = rename_mmdit_key(key.removeprefix(MMDIT_PREFIX))
            converted |= _split_fused(name, tensor, config)
    return converted


def _split_fused(name: str, tensor: Tensor, config: MMDiTConfig) -> dict[str, Tensor]:
    if name == "emotion_embedder.weight":
        return {name: tensor.T.contiguous()}
    if not name.startswith("single_stream_blocks."):
        return {name: tensor}
    width, hidden = config.width, config.mlp_ratio * config.width
    if ".qkv_xs." in name:
        sizes, parts, axis = [width, 2 * width, hidden], ("query", "key_value", "mlp_in"), 0
    elif name.endswith(".linear2.weight"):
        sizes, parts, axis = [width, hidden], ("attention_out", "mlp_out"), 1
    else:
        return {name: tensor}
    if tensor.shape[axis] != sum(sizes):
        return {name: tensor}  # `load_strict` will name it
    stem, kind = name.rsplit(".", 2)[0], name.rsplit(".", 1)[1]
    values = (value.contiguous() for value in tensor.split(sizes, dim=axis))
    return {f"{stem}.{part}.{kind}": value for part, value in zip(parts, values, strict=True)}


def load_strict(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Assign weights to a module; every key and shape must fit.

    Parameters
    ----------
    module : nn.Module
        May be on the meta device.
    state : dict
        Tensors by our names; the module takes them over without a copy.
    source : str
        File that the weights came from, for the message.

    Raises
    ------
    InputFileError
        If a key is missing, unexpected or of another shape.
    """
    expected = module.state_dict()
    problems = [f"{key} is missing" for key in expected if key not in state]
    problems += [f"{key} is unexpected" for key in state if key not in expected]
    problems += [
        f"{key} has shape {tuple(state[key].shape)} instead of {tuple(tensor.shape)}"
        for key, tensor in expected.items()
        if key in state and state[key].shape != tensor.shape
    ]
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise InputFileError(
            f"{source} does not hold weights for {type(module).__name__}: "
            f"{'; '.join(problems[:3])}{more}. Use the file that belongs to this model."
        )
    module.load_state_dict(state, assign=True)


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read all tensors and the metadata of a safetensors file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    tensors : dict
        By name, on the CPU.
    metadata : dict
        Text by name; empty where the file has none.

    Raises
    ------
    InputFileError
        If the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputFileError(
            f"{path} cannot be read as safetensors ({error}). Restore the file and try again."
        ) from error


def save_safetensors(path: Path, tensors: dict[str, Tensor], config: MMDiTConfig) -> None:
    """Write tensors, with the configuration as JSON in the metadata.

    Parameters
    ----------
    path : Path
        A file that exists is replaced.
    tensors : dict
        By name; none may share memory with another.
    config : MMDiTConfig
        What `read_config` will return.

    Raises
    ------
    OutputError
        If the file can't be written.
    RuntimeError
        If tensors share memory.
    """
    contiguous = {key: tensor.detach().contiguous() for key, tensor in tensors.items()}
    try:
        save_file(contiguous, path, metadata={"config": json.dumps(vars(config))})
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path} can't be written ({error}). Choose another folder.") from error


def read_config(metadata: dict[str, str], source: str = "The file") -> MMDiTConfig:
    """Return the configuration that `save_safetensors` stored.

    Parameters
    ----------
    metadata : dict
        Of `read_safetensors`.
    source : str
        File that it came from, for the message.

    Returns
    -------
    MMDiTConfig

    Raises
    ------
    InputFileError
        If there is none, or it is no configuration.
    """
    try:
        return MMDiTConfig(**json.loads(metadata["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputFileError(
            f"{source} holds no configuration of a motion model ({error!r}). "
            "Use a file made by train-starter."
        ) from error


def cast_floats(state: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Cast the floating-point tensors of a state.

    Parameters
    ----------
    state : dict
        Tensors by name.
    dtype : torch.dtype
        Of the result's floating-point tensors.

    Returns
    -------
    dict
        A new one; integers, and tensors that have the type already, are those of `state`.
    """
    return {
        key: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }
