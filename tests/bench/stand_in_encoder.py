"""A speech encoder with random weights, for tests and measurements of everything but its values."""

import torch

from moda_core.audio.encoder_config import BASES, EncoderConfig
from moda_core.audio.encoder_folder import build_encoder, build_network
from moda_core.audio.hubert import SpeechEncoder

TINY_SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}


def random_encoder(sizes: dict | None = None, model_type: str = "hubert") -> SpeechEncoder:
    """Return an encoder with the same random weights at every call.

    Parameters
    ----------
    sizes : dict, optional
        What differs from a base model; default `TINY_SIZES`.
    model_type : {"hubert", "wav2vec2"}
    """
    sizes = TINY_SIZES if sizes is None else sizes
    config = EncoderConfig(model_type, BASES[model_type] | sizes, normalize=True)
    generator = torch.Generator().manual_seed(0)
    state = {}
    for key, tensor in build_network(config).state_dict().items():
        spread = tensor.shape[1:].numel() ** -0.5 if tensor.ndim > 1 else 0.1
        noise = spread * torch.randn(tensor.shape, generator=generator)
        is_gain = tensor.ndim == 1 and key.endswith("weight")
        state[key] = 1 + noise if is_gain else noise
    return build_encoder(config, state, "random", "the random weights")
