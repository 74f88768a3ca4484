"""Golden cases of the speech encoder (spec A)."""

import tempfile
from pathlib import Path

import numpy as np
import torch

from moda_core.audio.encoder_config import BASES, EncoderConfig
from moda_core.audio.encoder_folder import build_encoder, encoder_state
from moda_core.audio.hubert import SpeechEncoder
from moda_core.audio.speech_preparation import (
    normalize_piece,
    pad_edges,
    prepare_speech,
)
from moda_core.audio.waveform import decode_blocks

from ..sound_files import write_sound
from .synthetic_weights import checkpoint_state, waveform

BASE = BASES["hubert"]
SMALL = BASE | {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "conv_dim": [32] * 7,
    "num_conv_pos_embedding_groups": 4,
}

Arrays = dict[str, np.ndarray]


def encoder(manifest: str, architecture: dict, salt: str) -> SpeechEncoder:
    """Return an encoder with synthetic weights."""
    state = encoder_state(checkpoint_state(manifest, salt), "hubert")
    config = EncoderConfig("hubert", architecture, normalize=True)
    return build_encoder(config, state, manifest, "the synthetic checkpoint")


def through_a_file(samples: np.ndarray, sample_rate: int = 16000) -> torch.Tensor:
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


def loud() -> np.ndarray:
    """Return a tone that pre-emphasis drives far beyond full scale."""
    return 0.9 * np.sign(np.sin(2 * np.pi * 3000 * np.arange(8000) / 16000 + 0.3))


def stages(network: SpeechEncoder, speech: torch.Tensor) -> Arrays:
    """Return what a piece is made into before the transformer sees it."""
    normalized = normalize_piece(speech)
    padded = pad_edges(normalized)
    vectors = network.convolve(padded)
    return {
        "loaded_pcm": speech,
        "normalised_first2000": normalized[:2000],
        "padded_len": len(padded),
        "padded_first200": padded[:200],
        "padded_last200": padded[-200:],
        "conv_feat_shape": (1, *vectors.shape),
        "conv_feat_first8": vectors[:, :8],
    }


def silences(network: SpeechEncoder, speech: torch.Tensor) -> Arrays:
    """Return prepared speech and its features for each place of the silence."""
    computed = {}
    for mode in ("post", "pre", "both"):
        prepared, added = prepare_speech([speech.numpy()], len(speech), mode)
        computed |= {
            f"silent_{mode}_len": len(prepared),
            f"silent_{mode}_addframes": max(added),
            f"silent_{mode}_wav_first400": prepared[:400],
            f"silent_{mode}_wav_mid": prepared[20000:20400],
            f"silent_{mode}_emb": network.encode(prepared),
        }
    return computed


def audio_small(case: dict, golden: Arrays) -> Arrays:
    """Features of a small encoder, with and without silence, and every stage before them."""
    network = encoder("hubert_small", SMALL, case["salt"])
    speech = {
        name: through_a_file(waveform(entry["seed"], entry["n"]))
        for name, entry in case["cases"].items()
    }
    middle = speech[sorted(speech, key=lambda name: len(speech[name]))[1]]
    unprepared = through_a_file(loud())
    emphasized, _ = prepare_speech([unprepared.numpy()], len(unprepared))
    resampled = case["resampled"]
    computed = {name: network.encode(samples) for name, samples in speech.items()}
    computed |= stages(network, middle) | silences(network, middle)
    computed["loud_preemph_pcm_first200"] = emphasized[:200]
    computed["resampled_44100_stereo"] = through_a_file(stereo(resampled), resampled["sr"])
    return {name: value for name, value in computed.items() if name in golden}


def audio_base(case: dict, golden: Arrays) -> Arrays:
    """Features of the full-size encoder."""
    network = encoder("hubert_base", BASE, case["salt"])
    speech = through_a_file(waveform(case["wav"]["seed"], case["wav"]["n"]))
    return {"emb": network.encode(speech)}
