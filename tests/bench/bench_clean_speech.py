"""The starter's lips under noise against those of the clean recording, with and without cleaning.

`python run.py bench clean-speech [SPEECH ...] [--long]`; clean recordings, else the bundled one.
Distances are root mean square, in standard deviations of the clean recording's lips; a mouth that
does not move has about 1. `--long` measures more settings.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.signal import resample

from moda_core.audio.cleaning.clean_speech import Cleaning, clean_speech
from moda_core.audio.log_mel import log_mel_features
from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.bundles.starter import STARTER_WEIGHTS
from moda_core.example import SPEECH
from moda_core.training.music import compose_music

from .bench_starter import load_trained, read_speech
from .bench_unvoiced import noises
from .bench_voices import shipped_lips
from .channels import add_below
from .progress import Progress
from .starter_measures import correlation

LEVELS_DB = (10, 5, 0)  # of the noise below the loud speech
LIPS = ("jaw", "closure", "width")
# Only one voice is bundled. Others talk at other pitches and speeds, and begin elsewhere.
BABBLE_SPEEDS = (0.8, 0.88, 0.94, 1.07, 1.15, 1.25)
SETTINGS = {"without": None, "default": Cleaning()}
MORE_SETTINGS = {
    "strength 1": Cleaning(strength=1.0),
    "changing": Cleaning(noise="changing"),
    "high-pass 80 Hz": Cleaning(high_pass_hz=80.0, strength=0.0),
}
TIMED_S = 60
Hear = Callable[[np.ndarray], np.ndarray]  # the lips (N, 3) of a waveform
REQUIRED = {"clean_change": 0.01}


def babble(num_samples: int) -> np.ndarray:
    """Return six voices that talk at once (num_samples,)."""
    speech, voices = read_speech(SPEECH), np.zeros(num_samples)
    for index, speed in enumerate(BABBLE_SPEEDS):
        voice = resample(speech, round(len(speech) / speed))
        voices += np.resize(np.roll(voice, 23757 * (index + 1)), num_samples)
    return voices


def kinds(num_samples: int) -> dict[str, np.ndarray]:
    """Return the kinds of noise (num_samples,) by name."""
    seconds = num_samples / SAMPLE_RATE + 1
    music = compose_music(seconds, np.random.default_rng([1, 4714]))[:num_samples]
    return {**noises(num_samples), "babble": babble(num_samples), "music": music}


def cleaned(waveform: np.ndarray, cleaning: Cleaning | None) -> np.ndarray:
    """Return a waveform (samples,) as the node gives it on."""
    if cleaning is None:
        return waveform
    return clean_speech(torch.from_numpy(waveform)[None], SAMPLE_RATE, cleaning).waveform[0].numpy()


def compare(lips: np.ndarray, clean: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the correlation and the distance of lips (N, 3) with those of the clean recording."""
    distance = np.sqrt(((lips - clean) ** 2).mean(axis=0)) / clean.std(axis=0)
    return {
        name: {"correlation": correlation(lips[:, index], clean[:, index]), "distance": value}
        for index, (name, value) in enumerate(zip(LIPS, distance.tolist(), strict=True))
    }


def clean_change(speech: np.ndarray, lips: np.ndarray, cleaning: Cleaning, hear: Hear) -> dict:
    """Return what cleaning changes in clean speech: its features, and its lips (N, 3)."""
    after = cleaned(speech, cleaning)
    before, features = (log_mel_features([each]).numpy() for each in (speech, after))
    change = np.sqrt(((features - before) ** 2).mean()) / before.std()
    compared = compare(hear(after), lips)
    return {"features": float(change), **{name: compared[name]["distance"] for name in LIPS}}


def time_over_speech(speech: np.ndarray, cleaning: Cleaning) -> float:
    """Return the seconds that cleaning takes for a second of noisy speech."""
    noisy = add_below(speech, noises(len(speech))["pink noise"], 5)
    minute = np.resize(noisy, TIMED_S * SAMPLE_RATE)
    start = time.perf_counter()
    cleaned(minute, cleaning)
    return (time.perf_counter() - start) / TIMED_S


def averaged(rows: list[dict]) -> dict:
    """Return the means of nested figures, rounded."""
    if not isinstance(rows[0], dict):
        return round(float(np.mean(rows)), 4)
    return {key: averaged([row[key] for row in rows]) for key in rows[0]}


def run(*paths: str, device: str = "cpu", dtype: str = "float32", long: bool = False) -> dict:
    """Measure the shipped starter on recordings; return the figures, averaged over these."""
    torch.set_num_threads(1)
    starter = load_trained(STARTER_WEIGHTS)
    settings = {**SETTINGS, **(MORE_SETTINGS if long else {})}
    recordings = [read_speech(Path(path)) for path in paths or (SPEECH,)]
    names = list(kinds(SAMPLE_RATE))
    progress = Progress("clean-speech", len(recordings) * (len(names) + 1))

    def hear(waveform: np.ndarray) -> np.ndarray:
        return shipped_lips(starter, np.ascontiguousarray(waveform, np.float32), seed=0)

    rows, changes = [], []
    for speech in recordings:
        progress("clean")
        clean, row = hear(speech), {}
        changes.append(
            {n: clean_change(speech, clean, each, hear) for n, each in settings.items() if each}
        )
        for kind, noise in kinds(len(speech)).items():
            progress(kind)
            row[kind] = {
                f"{level} dB": {
                    name: compare(hear(cleaned(add_below(speech, noise, level), each)), clean)
                    for name, each in settings.items()
                }
                for level in LEVELS_DB
            }
        rows.append(row)
    noise = averaged(rows)
    means = averaged([level for kind in noise.values() for level in kind.values()])
    timed = {n: time_over_speech(recordings[0], each) for n, each in settings.items() if each}
    return {
        "recordings": len(recordings),
        "noise": noise,
        "mean": means,
        "clean_change": averaged(changes),
        "seconds_for_a_second": averaged([timed]),
        "required": REQUIRED,
    }
