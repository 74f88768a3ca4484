"""How loud the noise under speech is, at each frequency and, where it changes, over time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .frames import Framing

STEADY, CHANGING = "steady", "changing"
NOISES = (STEADY, CHANGING)
# In each bin, even fluent speech leaves a fifth of the frames free, between harmonics and sounds.
FREE_SHARE = 0.2
# A lower share tells clean speech, which has no floor, from noisy speech with more certainty; as a
# floor it would be too high under hum, whose power does not vary.
CERTAIN_SHARE = 0.05
LOUD_SHARE = 0.95  # quantile of the power of frames that is the level of the speech
MOST_FRAMES = 3000  # that a floor is measured on
WINDOW_S, STEP_S = 4.0, 1.0  # of the floors of changing noise
SHORTEST_S = 1.0  # shorter sound may be one vowel, whose floor would be its own
SILENCE = 1e-14  # power per sample, relative to full scale, of noise that counts as none
MOST_BELOW_DB = 120.0  # that noise is said to lie below the speech


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """The mean power of the noise of a channel.

    Parameters
    ----------
    frames : array, shape (K,), float64
        The frames at which it was measured, rising.
    power : array, shape (K, bins)
        Mean power of the noise in each bin of a frame's spectrum.
    below_db : array, shape (K,)
        How far the noise lies below the speech, at most 120.
    """

    frames: np.ndarray
    power: np.ndarray
    below_db: np.ndarray

    def power_at(self, first: int, stop: int) -> np.ndarray:
        """Return the power of the noise in consecutive frames, (1 or stop - first, bins)."""
        if len(self.frames) == 1:
            return self.power
        place = np.interp(np.arange(first, stop), self.frames, np.arange(len(self.frames)))
        before = np.minimum(place.astype(int), len(self.frames) - 2)
        share = (place - before)[:, None]
        logs = np.log(self.power)
        return np.exp((1 - share) * logs[before] + share * logs[before + 1])

    def below_db_at(self, first: int, stop: int) -> np.ndarray:
        """Return how far the noise lies below the speech in consecutive frames (stop - first,)."""
        return np.interp(np.arange(first, stop), self.frames, self.below_db)


def measure_noise(samples: np.ndarray, framing: Framing, noise: str) -> NoiseFloor | None:
    """Measure the noise under the speech of a channel.

    Parameters
    ----------
    samples : array, shape (T,), float32
    noise : {"steady", "changing"}
        One floor of the whole sound, or one for each second, of the four seconds around it.

    Returns
    -------
    NoiseFloor or None
        None if the sound is shorter than a second.

    Raises
    ------
    ValueError
        If `noise` is unknown.

    Notes
    -----
    The floor is a low quantile of each bin's power over time (Stahl et al. 2000), not its mean: the
    mean, which other spectral gates take, has the speech in it and gates clean speech too.
    """
    if noise not in NOISES:
        raise ValueError(f"Expected the noise to be one of {', '.join(NOISES)}, got {noise!r}.")
    last = len(samples) - framing.length
    if len(samples) < SHORTEST_S * framing.sample_rate:
        return None
    starts = np.linspace(0, last, min(MOST_FRAMES, last // framing.hop + 1)).astype(int)
    power, silence = framing.powers_at(samples, starts), SILENCE * framing.length
    audible = _audible(power, silence)
    speech = np.quantile(audible.sum(axis=1), LOUD_SHARE)
    # In a few seconds, silence between words is all that tells clean speech from noise.
    parts = [(0.0, audible)] if noise == STEADY else _parts(samples, framing)
    frames, floors, levels = map(np.array, zip(*map(_measured, parts), strict=True))
    below_db = 10 * np.log10(max(speech, silence) / np.maximum(levels, silence))
    if speech <= silence:
        below_db = np.full_like(below_db, MOST_BELOW_DB)
    return NoiseFloor(frames, np.maximum(floors, silence), np.minimum(below_db, MOST_BELOW_DB))


def _audible(power: np.ndarray, silence: float) -> np.ndarray:
    """Return power (n, bins) without frames of digital silence, which tell nothing of the noise."""
    audible = power.sum(axis=1) > silence
    return power[audible] if audible.any() else power


def _measured(part: tuple[float, np.ndarray]) -> tuple[float, np.ndarray, float]:
    """Return the place of a part (place, power), the floor (bins,) of its noise and its level."""
    place, power = part
    floor, certain = (
        # Of noise, the power of a bin has an exponential distribution.
        np.quantile(power, share, axis=0) / -np.log1p(-share)
        for share in (FREE_SHARE, CERTAIN_SHARE)
    )
    return place, floor, certain.sum()


def _parts(samples: np.ndarray, framing: Framing) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the frame in the middle of each window of a sound, and the power of its frames."""
    size, step = (round(each * framing.sample_rate) for each in (WINDOW_S, STEP_S))
    size = min(size, len(samples))
    for start in range(0, len(samples) - size + step, step):
        start = min(start, len(samples) - size)
        starts = np.arange(start, start + size - framing.length + 1, framing.length // 2)
        yield (start + size / 2) / framing.hop, framing.powers_at(samples, starts)
