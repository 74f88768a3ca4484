"""The configuration of a speech encoder, from a folder in the format of transformers."""

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputFileError
from ..weights.input_file import check_input_file
from .speech_preparation import SAMPLE_RATE

CONFIG_FILE, PREPROCESSOR_FILE = "config.json", "preprocessor_config.json"
SUPPORTED = "HuBERT base and wav2vec 2.0 base, of any language"

# A base model. A config.json may leave out values that equal these; no others are read.
BASE = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "feat_extract_norm": "group",
    "feat_extract_activation": "gelu",
    "conv_dim": [512, 512, 512, 512, 512, 512, 512],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_bias": False,
    "num_conv_pos_embeddings": 128,
    "num_conv_pos_embedding_groups": 16,
    "do_stable_layer_norm": False,
}
HUBERT_BASE = BASE | {"feat_proj_layer_norm": True, "conv_pos_batch_norm": False}
BASES = {"hubert": HUBERT_BASE, "wav2vec2": BASE | {"add_adapter": False}}
LARGEST = 1 << 13  # of any number; base models stay below half of it
# Must be as in a base model: the features depend on them as much as on the sizes.
FIXED = (
    "hidden_act",
    "feat_extract_norm",
    "feat_extract_activation",
    "conv_stride",
    "conv_kernel",
    "do_stable_layer_norm",
    "add_adapter",
)


@dataclass(frozen=True)
class EncoderConfig:
    """Kind and sizes of a speech encoder, by transformers' names.

    With `normalize`, waveforms are first brought to mean 0 and variance 1.
    """

    model_type: str
    architecture: dict
    normalize: bool


def read_encoder_config(folder: Path) -> EncoderConfig:
    """Read and check ``config.json`` and, if present, ``preprocessor_config.json`` of a folder.

    Raises
    ------
    InputFileError
        If the first is missing, one is damaged, or the model is not supported.
    """
    path = folder / CONFIG_FILE
    if not folder.is_dir():
        raise InputFileError(f"'{folder}' is not a folder. Name the folder of a speech encoder.")
    if not path.is_file():
        raise InputFileError(
            f"'{folder}' holds no {CONFIG_FILE}. Put the one that was published with the encoder "
            "next to its weights."
        )
    config = read_json(path)
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or model_type not in BASES:
        raise InputFileError(f"'{path}' describes a model of type {model_type!r}. Use {SUPPORTED}.")
    architecture = {
        name: _checked(path, name, config.get(name), default)
        for name, default in BASES[model_type].items()
    }
    _check_divisible(path, architecture)
    return EncoderConfig(model_type, architecture, _read_normalize(folder / PREPROCESSOR_FILE))


def read_json(path: Path) -> dict:
    """Read a JSON object, or raise InputFileError."""
    check_input_file(path, "configuration")
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputFileError(f"'{path}' is not valid JSON ({error}). Download it again.") from error
    if not isinstance(values, dict):
        raise InputFileError(f"'{path}' is not a model configuration. Download it again.")
    return values


def _checked(path: Path, name: str, value: object, default: object) -> object:
    """Return a value of a base model; raise InputFileError for any other."""
    if value is None:
        return default
    fits = type(value) is type(default) and (name not in FIXED or value == default)
    if fits and isinstance(default, list):
        fits = len(value) == len(default) and all(
            type(item) is int and 0 < item <= LARGEST for item in value
        )
    elif fits and not isinstance(default, (bool, str)):
        fits = 0 < value <= LARGEST
    if not fits:
        raise InputFileError(
            f"'{path}' sets {name} to {value!r}; a base model has {default!r}. Use {SUPPORTED}."
        )
    return value


def _check_divisible(path: Path, architecture: dict) -> None:
    width, heads = architecture["hidden_size"], architecture["num_attention_heads"]
    groups = architecture["num_conv_pos_embedding_groups"]
    if width % heads or width % groups:
        raise InputFileError(
            f"'{path}' sets hidden_size to {width}, which {heads} heads and {groups} groups do not "
            "divide. Download it again."
        )


def _read_normalize(path: Path) -> bool:
    if not path.exists():
        return True
    values = read_json(path)
    sample_rate = values.get("sampling_rate", SAMPLE_RATE)
    if sample_rate != SAMPLE_RATE:
        raise InputFileError(
            f"'{path}' asks for {sample_rate} samples a second instead of {SAMPLE_RATE}. "
            f"Use {SUPPORTED}."
        )
    return bool(values.get("do_normalize", True))
