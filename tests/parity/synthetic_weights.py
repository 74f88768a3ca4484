"""Deterministic weights and inputs of the golden files, by the rule in their README.

A tensor is drawn from a generator seeded by the CRC of its name, so any part of a checkpoint can be
made alone and in any order.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch

MANIFESTS = Path(__file__).with_name("manifests")


def draw(name: str, shape, salt: str) -> np.ndarray:
    """Return standard normals for a tensor name, float32."""
    generator = np.random.Generator(np.random.PCG64(zlib.crc32((salt + name).encode())))
    return generator.standard_normal(tuple(shape)).astype(np.float32)


def weight(name: str, shape, salt: str = "") -> np.ndarray:
    """Return the synthetic value of one tensor of a motion checkpoint, float32."""
    x = draw(name, shape, salt)
    if name in ("null_audio_feat", "null_motion_feat"):
        return x
    if name.endswith("embedding_table.weight"):
        return np.float32(0.5) * x
    if x.ndim == 1 and name.endswith(".weight"):
        return np.float32(1) + np.float32(0.1) * x
    if x.ndim == 1 and name.endswith("bias"):
        return np.float32(0.02) * x
    fan = int(np.prod(shape[1:])) if x.ndim > 1 else 1
    return x / np.sqrt(np.float32(fan))


def motion_checkpoint(manifest: str, salt: str = "") -> dict[str, torch.Tensor]:
    """Return a whole motion checkpoint in the released layout.

    Parameters
    ----------
    manifest : {"moda_tiny", "moda_base"}
        Which of the stored lists of keys and shapes.
    salt : str
        Put before every name.
    """
    shapes = json.loads((MANIFESTS / f"{manifest}.json").read_text("utf-8"))
    return {key: torch.from_numpy(weight(key, shape, salt)) for key, shape in shapes.items()}


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
