"""A voice with pauses, and noise under it, for tests of cleaning."""

import numpy as np

RATE = 16000
RATES = (8000, 16000, 22050, 44100, 48000, 96000)


def voice(seconds: float = 6.0, rate: int = RATE) -> np.ndarray:
    """Return syllables of a voice of 150 Hz (T,), with a second of pause every three seconds."""
    time = np.arange(round(seconds * rate)) / rate
    harmonics = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2 * time), 0, 1) * (time % 3 < 2)
    return (0.1 * harmonics * syllables).astype(np.float32)


def in_pauses(seconds: float = 6.0, rate: int = RATE) -> np.ndarray:
    """Mark the samples (T,) in the voice's pauses, 0.2 s after its last syllable."""
    return np.arange(round(seconds * rate)) / rate % 3 > 2.2


def hiss(below_db: float, seconds: float = 6.0, rate: int = RATE) -> np.ndarray:
    """Return white noise (T,), this far below the voice's loudest tenth."""
    loud = np.sqrt(np.quantile(voice(seconds, rate) ** 2, 0.9))
    noise = np.random.default_rng(0).standard_normal(round(seconds * rate))
    return (loud * 10 ** (-below_db / 20) * noise).astype(np.float32)


def decibels(samples: np.ndarray) -> float:
    """Return the power of samples in dB of full scale."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))
