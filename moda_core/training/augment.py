"""Augmentation of log-mel power as in real recordings: voice, microphone, room, noise, music."""

import math
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..audio.log_mel import (
    LOUD_WITHIN,
    NUM_BANDS,
    POWER_FLOOR,
    QUIETEST_REFERENCE,
    log_mel_spectrogram,
    loudness_reference,
)
from ..audio.speech_preparation import SAMPLE_RATE
from .music import compose_music
from .played_music import play_music

LOG_FLOOR = math.log(POWER_FLOOR)
REVERB_STEPS = 40  # 10 ms each
BAND = torch.linspace(0, 1, NUM_BANDS)  # place of each band on the mel scale


@dataclass(frozen=True)
class Backgrounds:
    """Log-mel power (steps, 64) of sounds without speech, at loudness 0."""

    noise: Tensor
    hum: Tensor
    music: Tensor

    @classmethod
    def make(
        cls, seed: int, num_composed: int = 12, num_played: int = 36, seconds: float = 30.0
    ) -> "Backgrounds":
        """Make a minute of noise and of hum, and pieces of synthetic and of played music.

        Raises a `MoDAError` if music is to be played and fluidsynth is missing.
        """
        random = np.random.default_rng([seed, 11])
        noise = 0.1 * random.standard_normal(60 * SAMPLE_RATE)
        hums = (_hum(random, 5.0) for _ in range(24))
        pieces = chain(
            (compose_music(seconds, random) for _ in range(num_composed)),
            (play_music(seconds, random) for _ in range(num_played)),
        )
        return cls(
            *(
                torch.cat([_at_unit_loudness(sound) for sound in sounds])
                for sounds in ([noise], hums, pieces)
            )
        )


def _hum(random: np.random.Generator, seconds: float) -> np.ndarray:
    """Return the hum of mains or of a motor, over a little noise."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    base = random.choice([50.0, 60.0, random.uniform(80, 200)])
    levels = np.arange(1, 30) ** -random.uniform(0.3, 2) * random.uniform(0, 1, 29)
    phases = 2 * np.pi * np.outer(base * np.arange(1, 30), time) + random.uniform(0, 6, (29, 1))
    tone = levels @ np.sin(phases)
    hiss = random.standard_normal(len(time)) * 10 ** random.uniform(-5, -1)
    return 0.1 * (tone / tone.std() + hiss)


def _at_unit_loudness(waveform: np.ndarray) -> Tensor:
    log_mel = log_mel_spectrogram([waveform.astype(np.float32)])
    return log_mel - loudness_reference(log_mel)


def _uniform(shape: tuple[int, ...], low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=random)


def _chance(rows: int, share: float, random: torch.Generator) -> Tensor:
    return torch.rand(rows, generator=random) < share


def _curves(rows: int, knots: int, size: float, random: torch.Generator) -> Tensor:
    """Return smooth random curves over the bands, shape (rows, 1, 64)."""
    values = size * torch.randn(rows, 1, knots, generator=random)
    return F.interpolate(values, NUM_BANDS, mode="linear", align_corners=True)


def warp_formants(log_mel: Tensor, factor: Tensor) -> Tensor:
    """Stretch the bands of (B, S, 64) by factors (B,), as other lengths of the vocal tract do."""
    position = (torch.arange(NUM_BANDS) * factor[:, None]).clamp(max=NUM_BANDS - 1)
    lower = position.floor().long()
    upper = (lower + 1).clamp(max=NUM_BANDS - 1)
    weight = (position - lower)[:, None]
    steps = log_mel.shape[1]
    index = [band[:, None].expand(-1, steps, -1) for band in (lower, upper)]
    return torch.lerp(log_mel.gather(2, index[0]), log_mel.gather(2, index[1]), weight)


def random_channels(rows: int, random: torch.Generator) -> Tensor:
    """Return responses of microphones, lines and codecs in log power, shape (rows, 1, 64)."""

    def column(low: float, high: float) -> Tensor:
        return _uniform((rows, 1), low, high, random)

    def normal(size: float) -> Tensor:
        return size * torch.randn(rows, 1, generator=random)

    def sometimes(share: float) -> Tensor:
        return _chance(rows, share, random).float()[:, None]

    response = _curves(rows, 7, 0.8, random)[:, 0]
    pivot = column(0.1, 0.7)
    tilt = normal(3.0) * (BAND - pivot).clamp(min=0) / (1 - pivot) + normal(1.5) * (BAND - 0.5)
    low_pass = (BAND - column(0.42, 0.85)).clamp(min=0) * column(15, 60)
    high_pass = (column(0.03, 0.22) - BAND).clamp(min=0) * column(15, 50)
    cut = sometimes(0.25) * low_pass + sometimes(0.2) * high_pass
    return (response + sometimes(0.6) * tilt - cut.clamp(max=9))[:, None]


def add_room(power: Tensor, decay_s: Tensor, share: Tensor) -> Tensor:
    """Add an exponential tail of `decay_s` (B,) and a `share` (B,) to every sound of (B, S, 64)."""
    steps = torch.arange(REVERB_STEPS, 0, -1) * 0.01
    tail = torch.exp(-steps / decay_s[:, None])
    kernel = tail / tail.sum(dim=1, keepdim=True) * share[:, None]
    kernel = torch.cat([kernel, 1 - share[:, None]], dim=1)  # the last tap is the direct sound
    padded = F.pad(power.permute(2, 0, 1), (REVERB_STEPS, 0))  # (64, B, S + 40)
    return F.conv1d(padded, kernel[:, None], groups=len(share)).permute(1, 2, 0)


def _excerpts(bank: Tensor, rows: int, steps: int, random: torch.Generator) -> Tensor:
    """Return random excerpts of a bank of sounds, shape (rows, steps, 64)."""
    first = torch.randint(len(bank) - steps, (rows, 1), generator=random)
    return bank[first + torch.arange(steps)]


def _noise(bank: Backgrounds, alone: Tensor, steps: int, random: torch.Generator) -> Tensor:
    """Return coloured noise or hum that swells a little, of loudness near 0, in log power.

    Where no voice is heard, `alone` (rows,), it may be as dull as rumble, and hums more often.
    """
    rows = len(alone)
    rumble = alone & _chance(rows, 0.35, random)
    slope = torch.where(
        rumble, _uniform((rows,), -22, -7, random), _uniform((rows,), -7, 2, random)
    )
    colour = slope[:, None, None] * (BAND - 0.3) + _curves(rows, 5, 1.0, random)
    colour = colour - colour.logsumexp(dim=2, keepdim=True) + math.log(NUM_BANDS)
    noise = _excerpts(bank.noise, rows, steps, random) + colour
    hum = _excerpts(bank.hum, rows, steps, random)
    hum = hum + 0.4 * alone[:, None, None] * random_channels(rows, random)
    hums = torch.where(alone, _chance(rows, 0.5, random), _chance(rows, 0.25, random))
    noise = torch.where(hums[:, None, None], hum, noise)
    knots = 0.3 * torch.randn(rows, 1, steps // 100 + 2, generator=random)
    return noise + F.interpolate(knots, steps, mode="linear", align_corners=True).mT


def augment(
    log_mel: Tensor, reference: Tensor, bank: Backgrounds, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Make clean synthetic speech (B, S, 64) of loudness (B,) sound recorded.

    Returns log power (B, S, 64) and its loudness (B,). Silent clips get noise, music or nothing.
    """
    rows, steps, _ = log_mel.shape
    silent = reference <= QUIETEST_REFERENCE
    log_mel = warp_formants(log_mel, _uniform((rows,), 0.86, 1.16, random))
    before = log_mel.logsumexp(dim=2)
    power = torch.exp(log_mel + random_channels(rows, random))
    loud = (before > before.amax(dim=1, keepdim=True) - LOUD_WITHIN).float()
    change = ((power.sum(dim=2).log() - before) * loud).sum(dim=1) / loud.sum(dim=1)
    speech = torch.where(silent, reference, reference + change)
    share = _uniform((rows,), 0.05, 0.45, random) * _chance(rows, 0.35, random)
    power = add_room(power, _uniform((rows,), 0.03, 0.2, random), share)

    nothing = torch.full((rows,), LOG_FLOOR)
    with_noise = _chance(rows, 0.55, random)
    with_music = torch.where(silent, ~with_noise, _chance(rows, 0.22, random))
    with_music &= _chance(rows, 0.85, random) | ~silent
    alone = _uniform((rows,), -12.0, 7.0, random)
    noise = torch.where(silent, alone, speech - _uniform((rows,), 0.8, 10.0, random))
    music = torch.where(silent, alone, speech - _uniform((rows,), 0.7, 7.0, random))
    noise = torch.where(with_noise, noise, nothing)
    music = torch.where(with_music, music, nothing)
    power = power + torch.exp(_noise(bank, silent, steps, random) + noise[:, None, None])
    beds = _excerpts(bank.music, rows, steps, random) + 0.5 * random_channels(rows, random)
    power = power + with_music[:, None, None] * torch.exp(beds + music[:, None, None])

    loudest = torch.stack([speech, noise, music]).logsumexp(dim=0)
    loudest = loudest + 0.3 * torch.randn(rows, generator=random)
    return torch.log(power + POWER_FLOOR), loudest.clamp(min=QUIETEST_REFERENCE)
