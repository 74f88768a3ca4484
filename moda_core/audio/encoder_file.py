"""A speech encoder in a single safetensors file, without a configuration."""

import re
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

from ..errors import InputFileError
from ..weights.file_format import SAFETENSORS, weights_format
from ..weights.file_guess import guess_network
from ..weights.safetensors_header import read_header
from .encoder_config import BASES, SUPPORTED, EncoderConfig

# The encoder of the released motion model: the name of its folder or file, or part of its path.
ENCODER = "chinese-hubert-base"
SUFFIX = ".safetensors"

# Prefixes of transformers for an encoder with a head for some task.
PREFIXES = ("", "hubert.", "wav2vec2.")
# Without a prefix the two kinds can't be distinguished, and needn't be: for equal sizes,
# transformers runs the same layers on the same keys.
DEFAULT_KIND = "hubert"
# Every HuBERT and wav2vec 2.0 has these keys, but not FOREIGN, which is WavLM's.
FRONT_END = "feature_extractor.conv_layers."
REQUIRED = (
    f"{FRONT_END}0.conv.weight",
    "feature_projection.projection.weight",
    "encoder.pos_conv_embed.conv.bias",
    "encoder.layer_norm.weight",
    "encoder.layers.0.attention.q_proj.weight",
)
FOREIGN = "encoder.layers.0.attention.rel_attn_embed.weight"
LAYER = re.compile(r"encoder\.layers\.(\d+)\.")
BATCH_NORM = "encoder.pos_conv_embed.batch_norm.weight"
# As in all published base models, and transformers' default without a preprocessor_config.json.
NORMALIZE = True


def encoder_name(path: str | Path) -> str:
    """Return the name of an encoder, by which a motion model recognises its own.

    Parameters
    ----------
    path : str or Path
        Its folder or file, relative to the folder of encoders; with either slash.

    Returns
    -------
    str
        `ENCODER` if the path contains it, in any case; else the last part of the path without
        ``.safetensors``.
    """
    parts = str(path).replace("\\", "/")
    if ENCODER in parts.lower():
        return ENCODER
    name = parts.rstrip("/").rpartition("/")[2]
    return name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of all tensors, by key, from the header of a safetensors file."""
    if weights_format(path) != SAFETENSORS:
        raise InputFileError(
            f"'{path}' is not a safetensors file. Name the folder with it and its config.json."
        )
    return read_header(path).shapes


def encoder_prefix(keys: Iterable[str]) -> str | None:
    """Return the prefix of the keys of a HuBERT or wav2vec 2.0, which may be empty.

    None for other networks and other names than transformers'; `keys` are those of a whole file.
    """
    names = set(keys)
    for prefix in PREFIXES:
        if all(prefix + key in names for key in REQUIRED) and prefix + FOREIGN not in names:
            return prefix
    return None


def identify_encoder(shapes: Mapping[str, tuple[int, ...]], source: str) -> EncoderConfig:
    """Identify the encoder in a file by the shapes of its tensors; `source` is its name.

    Raises InputFileError if it is not a HuBERT or wav2vec 2.0, or not a base model.
    """
    prefix = encoder_prefix(shapes)
    if prefix is None:
        raise InputFileError(f"'{source}' holds {_other_network(shapes)}. Use {SUPPORTED}.")
    bare = {key.removeprefix(prefix): shape for key, shape in shapes.items()}
    model_type = prefix.removesuffix(".") or DEFAULT_KIND
    architecture = dict(BASES[model_type])
    names = ("num_hidden_layers", "hidden_size", "feat_extract_norm")
    found, base = _measure(bare), tuple(architecture[name] for name in names)
    if found != base:
        raise InputFileError(
            f"'{source}' holds a speech encoder of {_describe(*found)}, where a base model has "
            f"{_describe(*base)}. Use {SUPPORTED}."
        )
    if "conv_pos_batch_norm" in architecture:
        architecture["conv_pos_batch_norm"] = BATCH_NORM in bare
    return EncoderConfig(model_type, architecture, NORMALIZE)


def _other_network(shapes: Mapping[str, tuple[int, ...]]) -> str:
    if any(FRONT_END in key for key in shapes):
        first = ", ".join(list(shapes)[:2])
        return f"a speech encoder of another kind or under other names (its first keys are {first})"
    return f"no speech encoder: it looks like {guess_network(shapes)}"


def _measure(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, int, str]:
    """Return the number of layers, their width, and the norm of the convolutions."""
    layers = {match[1] for match in map(LAYER.match, shapes) if match}
    norm = "layer" if f"{FRONT_END}1.layer_norm.weight" in shapes else "group"
    return len(layers), prod(shapes["encoder.layer_norm.weight"]), norm


def _describe(num_layers: int, width: int, norm: str) -> str:
    return f"{num_layers} layers of {width} channels behind convolutions with {norm} norm"
