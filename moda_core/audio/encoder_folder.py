"""Load a speech encoder in the format of transformers: a folder, or its weights alone."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..errors import InputFileError
from ..weights.checkpoint import cast_finite, check_layout, load_strict, read_checkpoint
from ..weights.converted import is_outdated
from ..weights.file_guess import guess_network
from .encoder_config import EncoderConfig, read_encoder_config
from .encoder_file import FRONT_END, encoder_name, identify_encoder, read_shapes
from .hubert import SpeechEncoder

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
# Parts of published files that are not the encoder, or are only used in training.
HEADS = (
    "lm_head.",
    "quantizer.",
    "project_q.",
    "project_hid.",
    "projector.",
    "classifier.",
    "layer_weights",
    "masked_spec_embed",
)
# Weight norm, under its old names and its new ones.
WEIGHT_NORM = {
    ".conv.weight_g": ".conv.parametrizations.weight.original0",
    ".conv.weight_v": ".conv.parametrizations.weight.original1",
}
BATCH_COUNT = "num_batches_tracked"


def load_audio_encoder(
    path: str | Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    name: str | None = None,
) -> SpeechEncoder:
    """Load a HuBERT or wav2vec 2.0 base model for evaluation.

    Parameters
    ----------
    path : str or Path
        A folder with ``config.json``, ``model.safetensors`` or ``pytorch_model.bin``, and usually
        ``preprocessor_config.json``; or one safetensors file.
    device : str or torch.device
        The encoder may be moved later: only its weights are bound to a device.
    dtype : torch.dtype
        Type of the weights and of the computation.
    name : str, optional
        Default: `encoder_name` of the last part of `path`.

    Raises
    ------
    InputFileError
        If a file is missing or damaged, the model is not supported, or its weights do not fit.
    """
    path = Path(path).absolute()
    config, weights = _find_weights(path)
    state = read_encoder(weights, config, dtype)
    name = name or encoder_name(path.name)
    return build_encoder(config, state, name, str(weights)).to(device, dtype)


def read_encoder(
    path: Path, config: EncoderConfig, dtype: torch.dtype = torch.float32
) -> dict[str, Tensor]:
    """Read the weights of an encoder, strictly.

    Parameters
    ----------
    path : Path
        Torch checkpoint or safetensors.
    config : EncoderConfig
        Configuration that the weights must fit.
    dtype : torch.dtype
        Type of the result, except weight norm, which is float32, and integer counts.

    Returns
    -------
    dict
        Finite tensors by the names of the network without heads.

    Raises
    ------
    InputFileError
        If the file is missing, damaged or of another network, or does not fit.
    """
    # Pages of a mapped file would stay in memory along with copies of another type.
    state = read_checkpoint(path, mapped=dtype == torch.float32)
    if not any(FRONT_END in key for key in state):
        raise InputFileError(
            f"'{path}' holds no speech encoder: it looks like {guess_network(state)}. "
            "Put the weights that belong to the configuration next to it."
        )
    state = encoder_state(state, config.model_type)
    check_layout(build_network(config), state, str(path))
    return {key: _cast(key, state.pop(key), dtype, path) for key in list(state)}


def build_encoder(
    config: EncoderConfig, state: dict[str, Tensor], name: str, source: str
) -> SpeechEncoder:
    """Build an encoder for evaluation from the tensors of `read_encoder`, without copying them."""
    network = build_network(config)
    load_strict(network, state, source)
    conv = network.encoder.pos_conv_embed.conv
    if parametrize.is_parametrized(conv, "weight"):  # some encoders have a batch norm instead
        # Constant at inference, and whatever moves weights can't handle a computed one.
        parametrize.remove_parametrizations(conv, "weight")
    return SpeechEncoder(network.eval().requires_grad_(False), name, config.normalize)


def _cast(key: str, tensor: Tensor, dtype: torch.dtype, path: Path) -> Tensor:
    if key.endswith(BATCH_COUNT):
        return tensor
    if not tensor.is_floating_point():
        raise InputFileError(
            f"'{path}': {key} holds {tensor.dtype} instead of floating-point numbers. "
            "Use the original weights."
        )
    is_norm = key.endswith(tuple(WEIGHT_NORM.values()))  # computed in float32
    return cast_finite(key, tensor, torch.float32 if is_norm else dtype, str(path))


def _find_weights(path: Path) -> tuple[EncoderConfig, Path]:
    """Return the configuration of the encoder and the file with its weights."""
    if path.is_file():
        return identify_encoder(read_shapes(path), str(path)), path
    config = read_encoder_config(path)
    for name in WEIGHT_FILES:
        if (path / name).exists() and not is_outdated(path / name):
            return config, path / name
    raise InputFileError(
        f"'{path}' holds no weights. Put {WEIGHT_FILES[0]} or {WEIGHT_FILES[-1]} into it."
    )


def encoder_state(state: dict[str, Tensor], model_type: str) -> dict[str, Tensor]:
    """Rename published weights to those of the bare network, and drop heads for other tasks."""
    prefix = f"{model_type}."
    renamed = {}
    for key, tensor in state.items():
        name = key.removeprefix(prefix)
        if name.startswith(HEADS):
            continue
        for old, new in WEIGHT_NORM.items():
            if name.endswith(old):
                name = name.removesuffix(old) + new
        renamed[name] = tensor
    return renamed


def build_network(config: EncoderConfig) -> nn.Module:
    """Build ``HubertModel`` or ``Wav2Vec2Model`` on the meta device; no layer drop, no mask."""
    from transformers import AutoModel, HubertConfig, Wav2Vec2Config

    kind = HubertConfig if config.model_type == "hubert" else Wav2Vec2Config
    settings = kind(
        **config.architecture,
        layerdrop=0.0,
        apply_spec_augment=False,
        mask_time_prob=0.0,
        mask_feature_prob=0.0,
    )
    with torch.device("meta"):
        return AutoModel.from_config(settings, attn_implementation="sdpa")
