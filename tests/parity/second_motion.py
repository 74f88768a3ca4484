"""Arrays of a second folder: the motion model and the speech encoder."""

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor, nn

from moda_core.audio.hubert import SpeechEncoder
from moda_core.mmdit.config import RELEASED
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion

from . import closed_forms as forms
from .audio_cases import BASE, encoder
from .motion_cases import TINY, assemble, build, tiny_shapes
from .synthetic_weights import synthetic_state, waveform

EMOTIONS = np.eye(9, dtype=np.float32)

Arrays = dict[str, np.ndarray]


def tensor(values: np.ndarray) -> Tensor:
    """Return an array as the product takes it, in float32 unless it is whole numbers."""
    values = np.asarray(values)
    return torch.tensor(values if values.dtype.kind in "iu" else values.astype(np.float32))


def scheduler(case: dict) -> Arrays:
    """Noise levels and trajectories for 3, 7 and 12 steps, in float64."""
    arrays = {"sigmas_table": np.arange(1, 1001) / 1000}
    for num_steps in (3, 7, 12):
        times = np.linspace(1000, 1, num_steps)
        sigma = times / 1000
        following = np.append(sigma[1:], 0)
        trajectory, clean = [forms.normals(case["x_init"]).astype(np.float64)], []
        for step in range(num_steps):
            x = trajectory[-1]
            velocity = np.sin(1.3 * x) + 0.25 * step
            clean.append(x - sigma[step] * velocity)
            trajectory.append(x + (following[step] - sigma[step]) * velocity)
        stem = f"N{num_steps}"
        arrays |= {f"{stem}_timesteps": times, f"{stem}_sigma": sigma}
        arrays |= {f"{stem}_sigma_prev": following, f"{stem}_dt": following - sigma}
        arrays |= {f"{stem}_traj": np.stack(trajectory), f"{stem}_pred_x0": np.stack(clean)}
    return arrays


def velocity(network: nn.Module, entry: dict) -> Tensor:
    """Return what a transformer makes of the inputs that an entry describes."""
    motion, audio, ref_kp = (forms.normals(entry[key]) for key in ("motion", "audio", "ref_kp"))
    inputs = (motion, entry["times"], audio, ref_kp[:, 0], EMOTIONS[entry["emo"]])
    return network(*(tensor(values) for values in inputs))


def inside(network: nn.Module, part: nn.Module, entry: dict) -> Tensor:
    """Return what a part of a transformer puts out, of several streams the first."""
    outputs = []
    hook = part.register_forward_hook(lambda module, args, output: outputs.append(output))
    velocity(network, entry)
    hook.remove()
    return outputs[0] if isinstance(outputs[0], Tensor) else outputs[0][0]


def dit_tiny(case: dict) -> Arrays:
    """Velocities of a transformer of 96 channels and 4 heads, and what happens inside it."""
    config = type(TINY)(**vars(TINY) | {"width": 96, "num_heads": 4})
    network, _ = assemble(config, synthetic_state(tiny_shapes(config), case["salt"]))
    parts = {
        "motion": network.motion_embedder,
        "time": network.time_embedder,
        "emo": network.emotion_embedder,
        "identity": network.identity_embedder,
        "four1_x": network.four_stream_blocks[1],
        "double3_x": network.double_stream_blocks[3],
        "single4_x": network.single_stream_blocks[4],
    }
    entry = case["cases"]["inside"]
    angles = forms.rope_angles(23, 24)
    return {
        **{f"{name}_out": velocity(network, entry) for name, entry in case["cases"].items()},
        **{f"inside_mid_{name}": inside(network, part, entry) for name, part in parts.items()},
        "inside_mid_audio": inside(network, network.audio_embedder, entry)[:, :, None],
        "rope_cos_d24_n23": np.cos(angles),
        "rope_sin_d24_n23": np.sin(angles),
        "timestep_freq_emb": forms.time_features([1000, 889, 1, 0.5]),
    }


def dit_base(case: dict) -> Arrays:
    """One velocity of the full-size transformer."""
    return {"out": velocity(build(RELEASED, "moda_base", case["salt"])[0], case)}


def sample_tiny(case: dict) -> Arrays:
    """Clips of a tiny transformer, and a window of one that no entry describes."""
    network, null_audio = build(TINY, "moda_tiny", case["salt"])
    stored = {
        "noise": forms.noise(case["noise"], 2),
        "prev_motion": forms.normals(case["prev_motion"]),
        "ref_kp": forms.normals(case["ref_kp"]),
        "null_audio_feat": null_audio.reshape(1, 1, 1, 1, -1),
    }

    def clip(audio: np.ndarray, emotion: int, **options) -> Tensor:
        identity, previous = tensor(stored["ref_kp"][0]), tensor(stored["prev_motion"])
        noise = list(tensor(stored["noise"]).split(1))
        curve = EmotionCurve.constant(tensor(EMOTIONS[emotion]))
        asked = Conditions(tensor(audio), identity, previous, curve, noise=noise)
        return sample_motion(network, null_audio, asked, SamplingOptions(**options))

    clips = {}
    for name, entry in case["cases"].items():
        threshold = entry["dynamic_threshold"]
        clips[name] = clip(
            forms.normals(entry["audio"]),
            entry["emo"],
            num_steps=entry["steps"],
            cfg_scale=entry["cfg_scale"],
            pad_mode=entry["audio_pad_mode"],
            dynamic_threshold=threshold and tuple(threshold),
        )
    audio = np.zeros((80, 12, 768), np.float32)
    audio[:72] = forms.normals({"seed": 6080 + 72, "shape": [72, 12, 768]})
    raw = clip(audio, 5, num_steps=2, cfg_scale=1.7, smooth=False)[None]
    window = "subclip_T72_cfg1.7_emo5"
    return (
        stored | clips | {f"{window}_raw": raw, f"{window}_smoothed": forms.smoothed(raw.numpy())}
    )


def stages(network: SpeechEncoder, speech: np.ndarray) -> Arrays:
    """Return what a sound is made into before and after silence is added."""
    centered = (speech - speech.mean(dtype=np.float64)).astype(np.float64)
    normalized = centered / np.sqrt((centered**2).mean() + 1e-7)
    padded = forms.with_edges(normalized)
    vectors = network.convolve(tensor(padded))
    arrays = {
        "loaded_pcm": speech,
        "normalised_first1500": normalized[:1500],
        "padded_len": len(padded),
        "padded_first120": padded[:120],
        "padded_last90": padded[-90:],
        "conv_feat_shape": (1, *vectors.shape),
        "conv_feat_first5": vectors[:, :5],
    }
    silence, edged = np.zeros(50 * 640, np.float32), forms.emphasized(speech)
    for mode, parts in (("pre", [silence, edged]), ("both", [silence, edged, silence])):
        sound = np.concatenate(parts)
        arrays |= {
            f"silent_{mode}_len": len(sound),
            f"silent_{mode}_addframes": 50,
            f"silent_{mode}_wav_first300": sound[:300],
            f"silent_{mode}_wav_mid": sound[20000:20250],
            f"silent_{mode}_emb": network.encode(tensor(sound)),
        }
    return arrays


def audio_small(case: dict) -> Arrays:
    """Features of an encoder of 24 channels, and the stages of one of its sounds."""
    architecture = BASE | {
        "hidden_size": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "intermediate_size": 40,
        "conv_dim": [16] * 7,
        "num_conv_pos_embeddings": 32,
        "num_conv_pos_embedding_groups": 3,
    }
    network = encoder("hubert_smaller/", architecture, case["salt"])
    speech = {
        name: forms.pcm16(waveform(entry["seed"], entry["n"]))
        for name, entry in case["cases"].items()
    }
    loud = 0.8 * np.sign(np.sin(2 * np.pi * 1900 * np.arange(5000) / 16000 + 0.7))
    stereo = case["resampled"]
    left, right = (waveform(seed, stereo["n"], stereo["sr"]) for seed in stereo["seeds"])
    mono = (forms.pcm16(left) + forms.pcm16(stereo["right_gain"] * right)) / 2
    return {
        **{name: network.encode(tensor(samples)) for name, samples in speech.items()},
        **stages(network, speech["emb_1.4s"]),
        "loud_preemph_pcm_first150": forms.emphasized(forms.pcm16(loud))[:150],
        "resampled_48000_stereo": resample_poly(mono, 1, 3),
    }


def audio_base(case: dict) -> Arrays:
    """Features of the full-size encoder."""
    speech = forms.pcm16(waveform(case["wav"]["seed"], case["wav"]["n"]))
    return {"emb": encoder(case["prefix"], BASE, case["salt"]).encode(tensor(speech))}
