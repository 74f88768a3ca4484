"""Speech of flite's voices, built from human recordings, with times of its sounds."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ..errors import MoDAError
from .espeak import Phone

# Voices from recorded speakers: two American men, a Scottish man, an American woman.
VOICES = ("kal", "rms", "awb", "slt")
PAUSE = "pau"


def available() -> bool:
    """Return whether the program flite is installed."""
    return shutil.which("flite") is not None


def require() -> None:
    """Raise a `MoDAError` that names the package unless flite is installed."""
    if not available():
        raise MoDAError(
            "The program 'flite' was not found. Install it with 'apt install flite' (Debian) or "
            "'brew install flite' (macOS)."
        )


def parse_phones(listing: str) -> list[Phone]:
    """Read the phones that ``flite -psdur`` prints."""
    phones, start = [], 0.0
    for word in listing.split():
        name, separator, end = word.rpartition(":")
        try:
            end_s = float(end)
        except ValueError:
            separator = ""
        if not separator:
            raise MoDAError(f"flite printed {word!r} instead of 'phone:end'. Use flite 2.2.")
        if end_s > start:
            phones.append(Phone("" if name == PAUSE else name, start, end_s))
            start = end_s
    return phones


def say(
    text: str, voice: str, stretch: float = 1.0, note_hz: float | None = None
) -> tuple[np.ndarray, int, list[Phone]]:
    """Speak a text, or sing it on one note if `note_hz` is given.

    Returns float32 samples (num_samples,), their rate and timed sounds.
    """
    require()
    if voice not in VOICES:
        raise MoDAError(f"flite's voice {voice!r} is not known here. Use one of {VOICES}.")
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        options = ["-voice", voice, "--setf", f"duration_stretch={stretch:g}", "-psdur"]
        if note_hz is not None:
            pitch = (f"int_f0_target_mean={note_hz:g}", "int_f0_target_stddev=0")
            options += [word for setting in pitch for word in ("--setf", setting)]
        done = subprocess.run(
            ["flite", *options, "-t", text, "-o", str(path)], capture_output=True, text=True
        )
        if done.returncode != 0 or not path.exists():
            raise MoDAError(f"flite failed with voice {voice!r}: {done.stderr.strip()}")
        waveform, sample_rate = soundfile.read(path, dtype="float32")
    return waveform, sample_rate, parse_phones(done.stdout)
