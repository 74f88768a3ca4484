"""Golden cases of the speech encoder (spec A)."""

import tempfile
from pathlib import Path

import numpy as np
import torch

from moda_core.audio.encoder_config import BASES, EncoderConfig
from moda_core.audio.encoder_folder import build_encoder, build_network
from moda_core.audio.hubert import SpeechEncoder
from moda_core.audio.speech_preparation import (
    normalize_piece,
    pad_edges,
    prepare_speech,
)
from moda_core.audio.waveform import decode_blocks

from ..sound_files import write_sound
from .statements import in_names, stated
from .synthetic_weights import synthetic_state, waveform

BASE = BASES["hubert"]
MODEL = (
    "hidden {}, {} layers, {} heads, intermediate {}, conv_dim {}x{}, pos conv kernel {} groups {}"
)
PREFIXED = "weight names prefixed "
# `cases.json` does not state the place of the samples in the middle.
MIDDLE_START = 20000

Arrays = dict[str, np.ndarray]


def small_architecture(text: str) -> dict:
    """Return the architecture of the encoder that a text describes."""
    hidden, layers, heads, inner, num_convs, channels, kernel, groups = stated(MODEL, text)
    return BASE | {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "conv_dim": [channels] * num_convs,
        "num_conv_pos_embeddings": kernel,
        "num_conv_pos_embedding_groups": groups,
    }


def encoder(prefix: str, architecture: dict, salt: str) -> SpeechEncoder:
    """Return an encoder with synthetic weights."""
    config = EncoderConfig("hubert", architecture, normalize=True)
    shapes = {key: tensor.shape for key, tensor in build_network(config).state_dict().items()}
    state = synthetic_state(shapes, salt, prefix)
    return build_encoder(config, state, "hubert", "the synthetic checkpoint")


def through_a_file(samples: np.ndarray, sample_rate: int) -> torch.Tensor:
    """Write samples, shape (T,) or (T, channels), as 16-bit WAV, and read it as the product does.

    Returns
    -------
    Tensor, shape (T',), float32
        Mono at 16 kHz.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = write_sound(Path(folder) / "speech.wav", samples, sample_rate)
        return torch.from_numpy(np.concatenate(list(decode_blocks(path))))


def stereo(case: dict) -> np.ndarray:
    """Return a sound of two different channels at another rate, shape (T, 2)."""
    left, right = (waveform(seed, case["n"], case["sr"]) for seed in case["seeds"])
    return np.stack([left, case["right_gain"] * right], axis=1)


def loud(text: str) -> tuple[np.ndarray, int]:
    """Return the square wave that a text describes, which is near full scale, and its rate."""
    template = "{}*sign(sin(2*pi*{}*k/{}+{})), k<{}"
    level, frequency, sample_rate, phase, num_samples = stated(template, text)
    turns = frequency * np.arange(num_samples) / sample_rate
    return level * np.sign(np.sin(2 * np.pi * turns + phase)), sample_rate


def ends(name: str, values: torch.Tensor, golden: Arrays) -> Arrays:
    """Return the stored beginnings and ends of an array, whose names state their lengths."""
    first = in_names(f"{name}_first{{}}", golden)
    last = in_names(f"{name}_last{{}}", golden)
    return {key: values[:length] for key, (length,) in first.items()} | {
        key: values[-length:] for key, (length,) in last.items()
    }


def stages(network: SpeechEncoder, speech: torch.Tensor, golden: Arrays) -> Arrays:
    """Return what a piece is made into before the transformer sees it."""
    normalized = normalize_piece(speech)
    padded = pad_edges(normalized)
    vectors = network.convolve(padded)
    return {
        "loaded_pcm": speech,
        "padded_len": len(padded),
        "conv_feat_shape": (1, *vectors.shape),
        **ends("normalised", normalized, golden),
        **ends("padded", padded, golden),
        **{key: part.T for key, part in ends("conv_feat", vectors.T, golden).items()},
    }


def silences(network: SpeechEncoder, speech: torch.Tensor, golden: Arrays) -> Arrays:
    """Return prepared speech and its features for each stored place of the silence."""
    computed = {}
    for mode in {name.split("_")[1] for name in golden if name.startswith("silent_")}:
        prepared, added = prepare_speech([speech.numpy()], len(speech), mode)
        computed |= {
            f"silent_{mode}_len": len(prepared),
            f"silent_{mode}_addframes": max(added),
            f"silent_{mode}_emb": network.encode(prepared),
            **ends(f"silent_{mode}_wav", prepared, golden),
        }
        middle = f"silent_{mode}_wav_mid"
        if middle in golden:
            computed[middle] = prepared[MIDDLE_START:][: len(golden[middle])]
    return computed


def audio_small(case: dict, golden: Arrays) -> Arrays:
    """Features of a small encoder, with and without silence, and every stage before them."""
    model, sample_rate = case["model"], 1000 * stated("{} kHz", case["wav"])[0]
    prefix = model[model.index(PREFIXED) + len(PREFIXED) :]
    network = encoder(prefix, small_architecture(model), case["salt"])
    speech = {
        name: through_a_file(waveform(entry["seed"], entry["n"], sample_rate), sample_rate)
        for name, entry in case["cases"].items()
    }
    unprepared = through_a_file(*loud(case["loud"]))
    emphasized, _ = prepare_speech([unprepared.numpy()], len(unprepared))
    resampled = case["resampled"]
    computed = {name: network.encode(samples) for name, samples in speech.items()}
    # The stages and silences are of the case that is stored as a sound, too.
    for name in [key for key in speech if case["cases"][key]["n"] == len(golden["loaded_pcm"])]:
        computed |= stages(network, speech[name], golden) | silences(network, speech[name], golden)
    return {
        **computed,
        **ends("loud_preemph_pcm", emphasized, golden),
        f"resampled_{resampled['sr']}_stereo": through_a_file(stereo(resampled), resampled["sr"]),
    }


def audio_base(case: dict, golden: Arrays) -> Arrays:
    """Features of the full-size encoder."""
    network = encoder(case["prefix"], BASE, case["salt"])
    # `cases.json` does not state the rate here.
    speech = through_a_file(waveform(case["wav"]["seed"], case["wav"]["n"], 16000), 16000)
    return {"emb": network.encode(speech)}
