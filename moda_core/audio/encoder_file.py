"""A speech encoder that is one safetensors file, without a configuration beside it."""

import re
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

from ..errors import InputFileError
from ..weights.file_format import SAFETENSORS, weights_format
from ..weights.file_guess import guess_network
from ..weights.safetensors_header import read_header
from .encoder_config import BASES, SUPPORTED, EncoderConfig

# The speech encoder that the released model was trained on: the name of its folder or file, or a
# part of the path to it.
ENCODER = "chinese-hubert-base"
SUFFIX = ".safetensors"

# What transformers puts in front of the keys of an encoder with a head for some task.
PREFIXES = ("", "hubert.", "wav2vec2.")
# Without a prefix nothing tells the two kinds apart, and nothing that we compute differs: for
# equal sizes, transformers runs the same layers on the same keys.
DEFAULT_KIND = "hubert"
# Every HuBERT and wav2vec 2.0 has these, and not the last, which is WavLM's.
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
# Of the published base models, HuBERT and wav2vec 2.0 alike; and what transformers does unless
# a preprocessor_config.json says otherwise.
NORMALIZE = True


def encoder_name(path: str | Path) -> str:
    """Return the name of an encoder, which tells a motion model whether it is the right one.

    Parameters
    ----------
    path : str or Path
        Of its folder or file, relative to where encoders are kept; with either slash.

    Returns
    -------
    str
        `ENCODER` if that is in the path, in whatever case; else the last part of the path,
        without ``.safetensors``.
    """
    parts = str(path).replace("\\", "/")
    if ENCODER in parts.lower():
        return ENCODER
    name = parts.rstrip("/").rpartition("/")[2]
    return name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the header of a safetensors file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        Shapes by key. No tensor is read.

    Raises
    ------
    InputFileError
        If the file is missing, damaged, or not safetensors.
    """
    if weights_format(path) != SAFETENSORS:
        raise InputFileError(
            f"'{path}' is no safetensors file. Name the folder that holds it and its config.json."
        )
    return read_header(path).shapes


def encoder_prefix(keys: Iterable[str]) -> str | None:
    """Tell whether keys are those of a HuBERT or wav2vec 2.0 of any size.

    Parameters
    ----------
    keys : iterable of str
        Of a whole file.

    Returns
    -------
    str or None
        What stands in front of the encoder's keys, ``"hubert."``, ``"wav2vec2."`` or nothing; None
        for other networks and for other names than transformers'.
    """
    names = set(keys)
    for prefix in PREFIXES:
        if all(prefix + key in names for key in REQUIRED) and prefix + FOREIGN not in names:
            return prefix
    return None


def identify_encoder(shapes: Mapping[str, tuple[int, ...]], source: str) -> EncoderConfig:
    """Tell by its shapes what encoder a file holds.

    Parameters
    ----------
    shapes : mapping
        By key, see `read_shapes`.
    source : str
        The file, for messages.

    Returns
    -------
    EncoderConfig
        Of a base model. The waveform is normalised, as no file says otherwise.

    Raises
    ------
    InputFileError
        If it is no HuBERT or wav2vec 2.0, or not a base model.
    """
    prefix = encoder_prefix(shapes)
    if prefix is None:
        raise InputFileError(f"'{source}' holds {_other_network(shapes)}. Use {SUPPORTED}.")
    bare = {key.removeprefix(prefix): shape for key, shape in shapes.items()}
    model_type = prefix.removesuffix(".") or DEFAULT_KIND
    architecture = dict(BASES[model_type])
    found, base = _measure(bare), _base_sizes(architecture)
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


def _base_sizes(architecture: dict) -> tuple[int, int, str]:
    names = ("num_hidden_layers", "hidden_size", "feat_extract_norm")
    return tuple(architecture[name] for name in names)


def _describe(num_layers: int, width: int, norm: str) -> str:
    return f"{num_layers} layers of {width} channels behind convolutions with {norm} norm"
