"""Synthetic clips: speech, its log-mel power and the matching performance."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor

from ..audio.log_mel import FRAMES_PER_VIDEO_FRAME, log_mel_spectrogram
from ..audio.speech_preparation import SAMPLE_RATE
from . import flite
from .espeak import Espeak, Phone
from .hibari import Hibari, draw_manner
from .sentences import passage
from .targets import SAMPLES_PER_FRAME, perform
from .visemes import flite_to_ipa, sound_classes

# Mostly English; the others add sounds and rhythms that it lacks.
LANGUAGES = (
    "en-us en-us en-us en en en-gb-scotland en-us-nyc en-gb-x-rp es fr de it pt-br pl nl sv tr ru"
)
VARIANTS = (
    "f1 f2 f3 f4 f5 m1 m2 m3 m4 m5 m6 m7 klatt klatt2 klatt4 Andy linda steph Alex Gene Storm "
    "belinda adam antonio benjamin boris caleb david ed edward iven john max michel miguel norbert "
    "pablo paul quincy rob robert sandro shelby travis zac Marco Mario Michael Mike Jacky Lee Hugo "
    "Henrique Diogo Andrea"
)
FLITE_VOICES = ("kal", "awb")  # recorded voices, so that the model learns from people too


@dataclass(frozen=True)
class Clip:
    """One utterance and its neutral performance.

    Parameters
    ----------
    name : str
        Voice, for reports.
    waveform : array, shape (samples,), float32
        Mono at 16 kHz, a whole number of video frames.
    log_mel : Tensor, shape (N, 4, 64), float32
    controls, head : Tensor, shapes (N, 12) and (N, 6)
        See `Performance`.
    sounds : Tensor, shape (N,), int64
        Class of the sound in the middle of every frame, see `sound_classes`.
    """

    name: str
    waveform: np.ndarray
    log_mel: Tensor
    controls: Tensor
    head: Tensor
    sounds: Tensor

    def __len__(self) -> int:
        return len(self.controls)


def make_clip(
    name: str,
    waveform: np.ndarray,
    phones: list[Phone],
    random: np.random.Generator,
    lead_s: float = 0.4,
    tail_s: float = 0.4,
) -> Clip:
    """Put silence around an utterance (samples,) and perform it."""
    lead, tail = (int(seconds * SAMPLE_RATE) for seconds in (lead_s, tail_s))
    waveform = np.pad(waveform.astype(np.float32), (lead, tail))
    waveform = waveform[: len(waveform) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME]
    lead_s = lead / SAMPLE_RATE
    moved = [Phone(phone.symbol, phone.start_s + lead_s, phone.end_s + lead_s) for phone in phones]
    acted = perform(waveform, moved, random)
    log_mel = log_mel_spectrogram([waveform]).unflatten(0, (-1, FRAMES_PER_VIDEO_FRAME))
    sounds = sound_classes(moved, len(log_mel))
    values = map(torch.from_numpy, (acted.controls, acted.head, sounds))
    return Clip(name, waveform, log_mel, *values)


def to_16_khz(
    waveform: np.ndarray, sample_rate: int, phones: list[Phone], speed: float = 1.0
) -> tuple[np.ndarray, list[Phone]]:
    """Resample, and play `speed` times as fast, which also raises pitch and formants."""
    divisor = np.gcd(SAMPLE_RATE, sample_rate)
    up, down = SAMPLE_RATE // divisor, sample_rate // divisor
    changed = round(down * speed * 20) if speed != 1 else down * 20
    ratio = down * 20 / changed
    resampled = resample_poly(waveform, up * 20, changed).astype(np.float32)
    return resampled, [Phone(p.symbol, p.start_s * ratio, p.end_s * ratio) for p in phones]


def espeak_clips(num_clips: int, seed: int) -> Iterator[Clip]:
    """Speak random passages with random voices of espeak-ng."""
    random, espeak = np.random.default_rng(seed), Espeak()
    languages, variants = LANGUAGES.split(), VARIANTS.split()
    for _ in range(num_clips):
        language = str(random.choice(languages))
        voice = f"{language}+{random.choice(variants)}"
        text = passage(random, language)
        prosody = draw_prosody(random)
        speed = float(random.choice([1.0, random.uniform(0.87, 1.15)]))
        waveform, phones = espeak.say(text, voice, *prosody)
        waveform, phones = to_16_khz(waveform, espeak.sample_rate, phones, speed)
        lead_s, tail_s = random.choice([0.0, 0.2, 0.4, 0.9], 2)
        tail_s += max(0.0, 3.4 - lead_s - len(waveform) / SAMPLE_RATE)
        yield make_clip(voice, waveform, phones, random, lead_s, tail_s)


def silent_clips(num_clips: int, seed: int) -> Iterator[Clip]:
    """Make clips without speech, of faces at rest."""
    random = np.random.default_rng([seed, 3])
    for _ in range(num_clips):
        silence = np.zeros(int(random.uniform(3.5, 6) * SAMPLE_RATE), np.float32)
        yield make_clip("silence", silence, [], random)


def draw_prosody(random: np.random.Generator) -> list[int]:
    """Draw words a minute, pitch and pitch range."""
    return [int(random.integers(*limits)) for limits in ((120, 235), (10, 92), (15, 92))]


def flite_clip(
    text: str, voice: str, random: np.random.Generator, stretch: float = 1.0, speed: float = 1.0
) -> Clip:
    """Speak a text with a flite voice and perform it."""
    waveform, sample_rate, phones = flite.say(text, voice, stretch)
    waveform, phones = to_16_khz(waveform, sample_rate, flite_to_ipa(phones), speed)
    tail_s = max(0.4, 3.4 - len(waveform) / SAMPLE_RATE)
    return make_clip(f"flite {voice}", waveform, phones, random, tail_s=tail_s)


def flite_train_clips(num_clips: int, seed: int) -> Iterator[Clip]:
    """Speak random passages with the flite voices of the training set."""
    random = np.random.default_rng([seed, 1])
    for index in range(num_clips):
        text = passage(random, "en")
        stretch, speed = random.uniform(0.85, 1.25), random.uniform(0.87, 1.15)
        yield flite_clip(text, FLITE_VOICES[index % len(FLITE_VOICES)], random, stretch, speed)


def hibari_clips(num_clips: int, seed: int) -> Iterator[Clip]:
    """Speak random passages with hibari-tts in random manners."""
    random, hibari = np.random.default_rng([seed, 7]), Hibari()
    for _ in range(num_clips):
        text, manner = passage(random, "en"), draw_manner(random)
        waveform, phones = hibari.say(text, manner, random)
        waveform = waveform * (random.uniform(0.3, 0.8) / max(np.abs(waveform).max(), 1e-3))
        waveform, phones = to_16_khz(waveform, hibari.sample_rate, phones)
        lead_s, tail_s = random.choice([0.0, 0.2, 0.4, 0.9], 2)
        tail_s += max(0.0, 3.4 - lead_s - len(waveform) / SAMPLE_RATE)
        yield make_clip("hibari", waveform, phones, random, lead_s, tail_s)
