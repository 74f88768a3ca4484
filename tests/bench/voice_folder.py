"""Folders of recordings with the times of their sounds, see `align_speech`."""

import json
from pathlib import Path

import numpy as np

from moda_core.audio.recording import open_recording
from moda_core.training.espeak import Phone

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".opus")


def recordings_of(folder: Path) -> list[Path]:
    """Return the recordings of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def read_recording(path: Path) -> np.ndarray:
    """Return a recording as mono float32 (samples,) at 16 kHz."""
    return np.concatenate(
        [np.asarray(block, np.float32) for block in open_recording(path, None)[0]]
    )


def read_voices(folder: Path) -> list[tuple[str, np.ndarray, list[Phone]]]:
    """Return name, waveform and timed sounds of every recording with a JSON file beside it.

    Raises ValueError if there is none, or one is damaged.
    """
    voices = []
    for path in recordings_of(folder):
        times = path.with_suffix(".json")
        if not times.exists():
            continue
        try:
            phones = [
                Phone(str(symbol), float(start), float(end))
                for symbol, start, end in json.loads(times.read_text("utf-8"))["phones"]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"'{times}' holds no list \"phones\" of [symbol, start, end] ({error!r}). "
                "Make it with tests/bench/align_speech.py."
            ) from error
        voices.append((path.stem, read_recording(path), phones))
    if not voices:
        raise ValueError(
            f"'{folder}' holds no recording with a JSON file of its sounds beside it. "
            "Make them with tests/bench/align_speech.py."
        )
    return voices
