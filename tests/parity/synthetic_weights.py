"""Deterministic weights and inputs of the golden files, by the rule in their README.

A tensor is drawn from a generator seeded by the CRC of its name, so any part of a checkpoint can be
made alone and in any order.
"""

import json
import zlib
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import torch

CORE_MANIFESTS = Path(__file__).parents[2] / "moda_core" / "weights" / "manifests"
TEST_MANIFESTS = Path(__file__).with_name("manifests")

# Lists of keys and shapes, and what stands before a key in the name that seeds its tensor.
MANIFESTS = {
    "moda_tiny": (TEST_MANIFESTS / "moda_tiny.json", ""),
    "moda_base": (CORE_MANIFESTS / "motion_model.json", ""),
    "hubert_small": (TEST_MANIFESTS / "hubert_small.json", "hubert_small/"),
    "hubert_base": (TEST_MANIFESTS / "hubert_base.json", "hubert_base/"),
    "stitching_retargeting_module": (CORE_MANIFESTS / "stitching_retargeting_module.json", ""),
    **{
        name: (CORE_MANIFESTS / f"{name}.json", f"{name}/")
        for name in (
            "appearance_feature_extractor",
            "motion_extractor",
            "warping_module",
            "spade_generator",
        )
    },
}
STITCHING_GROUPS = ("retarget_shoulder", "retarget_mouth", "retarget_eye")
SIGMAS = "scheduler.sigmas"  # keeps its true values

# The first pattern that a name matches decides: mean, factor of the normals, of their size or not.
AFFINE = (
    (("null_audio_feat", "null_motion_feat"), 0.0, 1.0),
    (("*running_mean",), 0.0, 0.1),
    (("*embedding_table.weight",), 0.0, 0.5),
    (("*grn.gamma",), 0.0, 0.5),
    (("*grn.beta",), 0.0, 0.1),
    (("*weight.original0", "*weight_g"), 1.0, 0.1),
    (("*fc_scale.bias",), 1.2, 0.02),
)
AFFINE_VECTORS = ((("*.weight",), 1.0, 0.1), (("*bias",), 0.0, 0.02))
GAINS = (
    ("*feature_extractor.conv_layers.*.conv.weight", 2.0),
    ("*fc_scale.weight", 0.1),
    ("*fc_t.weight", 0.1),
    ("*fc_exp.weight", 0.02),
    ("*fc_kp.weight", 0.3),
    ("*conv_img.0.weight", 0.3),
    ("*attention.q_proj.weight", 1.5),
    ("*attention.k_proj.weight", 1.5),
    ("*attention.out_proj.weight", 0.3),
    ("*feed_forward.output_dense.weight", 0.5),
)
DEPTH_GAIN = np.float32(1e-3)  # of the expression's z, entries 2, 5, 8, ...


def draw(name: str, shape, salt: str) -> np.ndarray:
    """Return standard normals for a tensor name, float32."""
    generator = np.random.Generator(np.random.PCG64(zlib.crc32((salt + name).encode())))
    return generator.standard_normal(tuple(shape)).astype(np.float32)


def weight(name: str, shape, salt: str = "") -> np.ndarray:
    """Return the synthetic value of one tensor.

    Parameters
    ----------
    name : str
        Key in the checkpoint, with the prefix of its file.
    shape : sequence of int
    salt : str
        Put before the name.

    Returns
    -------
    array, float32
        The left vector of a spectral norm, `*weight_u`, is none of these: it depends on another
        tensor, see `spectral_left`. Counts of batches are int64.
    """
    if name.endswith("num_batches_tracked"):
        return np.zeros(tuple(shape), np.int64)
    x = draw(name, shape, salt)
    if name.endswith("running_var"):
        return np.float32(0.5) + np.float32(0.25) * np.abs(x)
    rules = AFFINE + (AFFINE_VECTORS if x.ndim == 1 else ())
    for patterns, mean, factor in rules:
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            value = np.float32(mean) + np.float32(factor) * x
            return _flatten_depth(value) if name.endswith("fc_exp.bias") else value
    if name.endswith("weight_v"):
        v = x.astype(np.float64)
        return (v / np.linalg.norm(v)).astype(np.float32)
    return _scaled_by_fan(name, x)


def _scaled_by_fan(name: str, x: np.ndarray) -> np.ndarray:
    fan = int(np.prod(x.shape[1:])) if x.ndim > 1 else 1
    value = x / np.sqrt(np.float32(fan))
    for pattern, gain in GAINS:
        if fnmatchcase(name, pattern):
            value = value * np.float32(gain)
    return _flatten_depth(value) if name.endswith("fc_exp.weight") else value


def _flatten_depth(value: np.ndarray) -> np.ndarray:
    flattened = value.copy()
    flattened[2::3] *= DEPTH_GAIN
    return flattened


def spectral_left(name: str, orig_shape, num_right: int, salt: str = "") -> np.ndarray:
    """Return the left vector of a spectral norm, which its weight and right vector determine.

    Parameters
    ----------
    name : str
        Of the vector, ending in ``weight_u``.
    orig_shape : sequence of int
        Shape of the layer's ``weight_orig``.
    num_right : int
        Entries of the layer's ``weight_v``.
    salt : str
        Put before every name.
    """
    stem = name.removesuffix("u")
    matrix = weight(f"{stem}orig", orig_shape, salt).reshape(orig_shape[0], -1)
    right = weight(f"{stem}v", (num_right,), salt)
    left = matrix.astype(np.float64) @ right.astype(np.float64)
    return (left / np.linalg.norm(left)).astype(np.float32)


def read_manifest(name: str) -> dict[str, list[int]]:
    """Return the keys and shapes of a file, by its name in `MANIFESTS`."""
    return json.loads(MANIFESTS[name][0].read_text("utf-8"))


def checkpoint_state(
    manifest: str, salt: str = "", prefix: str | None = None
) -> dict[str, torch.Tensor]:
    """Return a whole checkpoint in the released layout.

    Parameters
    ----------
    manifest : str
        Of `MANIFESTS`. The stitching file is flat: ``retarget_shoulder.mlp.0.weight``.
    salt : str
        Put before every name.
    prefix : str, optional
        Stands before a key in its name; default the golden files' own for the manifest.
    """
    prefix = MANIFESTS[manifest][1] if prefix is None else prefix
    return synthetic_state(read_manifest(manifest), salt, prefix)


def synthetic_state(shapes: dict, salt: str = "", prefix: str = "") -> dict[str, torch.Tensor]:
    """Return the checkpoint of these keys and shapes, as `checkpoint_state` does."""
    state = {}
    for key, shape in shapes.items():
        name = prefix + golden_name(key)
        if key == SIGMAS:
            value = np.arange(1, 1001, dtype=np.float32) / np.float32(1000)
        elif key.endswith("weight_u"):
            stem = key.removesuffix("u")
            value = spectral_left(name, shapes[f"{stem}orig"], shapes[f"{stem}v"][0], salt)
        else:
            value = weight(name, shape, salt)
        state[key] = torch.from_numpy(value)
    return state


def golden_name(key: str) -> str:
    """Return the name that seeds a key's tensor, less the prefix of its file."""
    group, _, rest = key.partition(".")
    return f"{group}/{rest}" if group in STITCHING_GROUPS else key


def motion_checkpoint(manifest: str, salt: str = "") -> dict[str, torch.Tensor]:
    """Return a whole motion checkpoint in the released layout.

    Parameters
    ----------
    manifest : {"moda_tiny", "moda_base"}
        Which of the stored lists of keys and shapes.
    salt : str
        Put before every name.
    """
    return checkpoint_state(manifest, salt)


def normal(seed: int, shape, scale: float = 1.0) -> torch.Tensor:
    """Return a seeded test input: float64 normals times `scale`, then float32."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return torch.from_numpy((generator.standard_normal(tuple(shape)) * scale).astype(np.float32))


def described(description: dict) -> torch.Tensor:
    """Return the input that an entry of `cases.json` describes by seed, shape and scale."""
    return normal(description["seed"], description["shape"], description.get("scale", 1.0))


def image(seed: int, height: int, width: int) -> np.ndarray:
    """Return a seeded test picture, smooth with noise, shape (height, width, 3), uint8."""
    generator = np.random.Generator(np.random.PCG64(seed))
    phase = generator.uniform(0, 2 * np.pi, (3, 3))
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = []
    for channel in range(3):
        across = np.sin(2 * np.pi * (channel + 1) * x / width + phase[channel, 0])
        down = np.cos(2 * np.pi * (2 - 0.5 * channel) * y / height + phase[channel, 1])
        diagonal = np.sin(2 * np.pi * (x + y) / 37.0 + phase[channel, 2])
        channels.append(127.5 + 55 * across * down + 35 * diagonal)
    noisy = np.stack(channels, axis=-1) + 6.0 * generator.standard_normal((height, width, 3))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def waveform(seed: int, num_samples: int, sample_rate: int = 16000) -> np.ndarray:
    """Return a seeded speech-like test sound, float64, shape (num_samples,)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    phase = generator.uniform(0, 2 * np.pi, 4)
    time = np.arange(num_samples, dtype=np.float64) / sample_rate
    turn = 2 * np.pi * time
    level = 0.55 + 0.45 * np.sin(2.7 * turn + phase[0])
    voice = 0.25 * np.sin(140 * turn + 3 * np.sin(0.9 * turn) + phase[1])
    voice += 0.12 * np.sin(730 * turn + phase[2]) + 0.06 * np.sin(2450 * turn + phase[3])
    return level * voice + 0.02 * generator.standard_normal(num_samples)
