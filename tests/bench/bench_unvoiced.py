"""How far the starter's mouth opens on sounds without a voice, and how little the level matters.

`python run.py bench unvoiced [MUSIC ...]`; files of music without singing, else synthetic music.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from scipy.signal import butter, sosfiltfilt

from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.bundles.starter import STARTER_WEIGHTS
from moda_core.training.music import compose_music
from moda_core.training.trained import TrainedStarter

from .bench_starter import JAW, controls_of, load_trained, read_speech
from .channels import coloured_noise
from .progress import Progress
from .starter_measures import correlation
from .voice_folder import read_recording

SECONDS = 8
MUSIC_S = 30
LEVELS_DB = (-10, -20, -30, -40, -50, -60)
SPEECH_LEVELS_DB = (-20, -40, -50)
ROOM_HZ = 500  # room tone is rumble of ventilation and traffic
SPEECH = Path(__file__).resolve().parents[2] / "moda_core" / "example" / "speech.flac"
REQUIRED = {"noise": 0.03, "silence": 0.0, "music": 0.10, "same_lips_at_levels": 0.97}


def noises(num_samples: int) -> dict[str, np.ndarray]:
    """Return noises (samples,) at 16 kHz of unit power."""
    time = np.arange(num_samples) / SAMPLE_RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * time + k) / k for k in range(1, 12))
    low = butter(2, ROOM_HZ, "low", fs=SAMPLE_RATE, output="sos")
    room = sosfiltfilt(low, coloured_noise(num_samples, 1, seed=8))
    sounds = {
        "white noise": coloured_noise(num_samples, 0),
        "pink noise": coloured_noise(num_samples, 1),
        "hum": hum,
        "room tone": room,
    }
    return {name: sound / sound.std() for name, sound in sounds.items()}


def mean_jaw(starter: TrainedStarter, waveform: np.ndarray) -> float:
    """Return the mean opening that the product shows for a sound."""
    return float(controls_of(starter.sample(waveform.astype(np.float32))[1])[:, JAW].mean())


def music_pieces(paths: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the beginnings of files by name, or synthetic pieces if there are none."""
    for path in paths:
        yield Path(path).name, read_recording(Path(path))[: MUSIC_S * SAMPLE_RATE]
    for seed in range(0 if paths else 3):
        # Training composes its pieces from other seeds.
        random = np.random.default_rng([seed, 4714])
        yield f"synthetic {seed + 1}", compose_music(MUSIC_S, random)


def run(*music: str, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure the shipped starter; return the figures."""
    torch.set_num_threads(1)
    starter, progress = load_trained(STARTER_WEIGHTS), Progress("unvoiced", 4)
    progress("noise")
    num_samples = SECONDS * SAMPLE_RATE
    noise = {
        name: {
            f"{level} dB": round(mean_jaw(starter, sound * 10 ** (level / 20)), 4)
            for level in LEVELS_DB
        }
        for name, sound in noises(num_samples).items()
    }
    progress("silence")
    silence = mean_jaw(starter, np.zeros(num_samples))
    progress("music")
    pieces = {name: round(mean_jaw(starter, piece), 4) for name, piece in music_pieces(music)}
    progress("levels")
    speech = read_speech(SPEECH)
    jaws = [
        controls_of(starter.sample((speech * 10 ** (level / 20)).astype(np.float32))[1])[:, JAW]
        for level in (0, *SPEECH_LEVELS_DB)
    ]
    return {
        "noise": noise,
        "largest_noise": max(max(row.values()) for row in noise.values()),
        "silence": round(silence, 4),
        "music": pieces,
        "same_lips_at_levels": {
            f"{level} dB": round(correlation(jaw, jaws[0]), 4)
            for level, jaw in zip(SPEECH_LEVELS_DB, jaws[1:], strict=True)
        },
        "required": REQUIRED,
    }
