"""Whether the starter's mouth opens and closes on the syllables of singing.

`python run.py bench singing [WEIGHTS]`; flite's unseen voices sing held-out sentences, a word on a
note, with long vowels and vibrato. Needs flite.
"""

from pathlib import Path

import numpy as np
import torch
from scipy.signal import find_peaks

from moda_core.bundles.starter import STARTER_WEIGHTS
from moda_core.motion.motion import FPS
from moda_core.training import flite
from moda_core.training.dataset import Clip, make_clip, to_16_khz
from moda_core.training.espeak import Phone
from moda_core.training.targets import LIP_COLUMNS
from moda_core.training.visemes import flite_to_ipa

from .bench_starter import load_trained
from .bench_voices import LEAD_S, shipped_lips, speech_frames, voice_figures
from .held_out_speech import FLITE_VOICES, TEST_SENTENCES
from .progress import Progress

SCALE_HZ = {"rms": 110.0, "slt": 220.0}  # the lowest note of each voice
STEPS = (0, 2, 4, 5, 7, 9, 12)  # semitones
STRETCH = 2.4
VIBRATO_HZ, VIBRATO_S = 5.5, 8e-4  # three quarters of a semitone to each side
NUM_SENTENCES = 8
OPENED, DIPPED = 0.1, 0.05  # of the jaw's range, and over the valleys beside a peak
NEAR_FRAMES = 3
EDGE_S = 0.05  # of silence that flite puts around a word and that a singer leaves out
REQUIRED = {"syllables_opened": 0.8, "consonants_closed": 0.8}


def with_vibrato(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Move the pitch of a sound (samples,) up and down by shifting its time."""
    time = np.arange(len(waveform)) / sample_rate
    shifted = time + VIBRATO_S * np.sin(2 * np.pi * VIBRATO_HZ * time)
    return np.interp(shifted, time, waveform).astype(np.float32)


def sing(text: str, voice: str, random: np.random.Generator) -> tuple[Clip, list[Phone]]:
    """Sing a text, each word on a note of its own; return the clip and its timed sounds."""
    pieces, phones, start_s = [], [], 0.0
    for word in text.split():
        note = SCALE_HZ[voice] * 2 ** (random.choice(STEPS) / 12)
        waveform, rate, spoken = flite.say(word, voice, STRETCH, note)
        first = max(spoken[0].end_s - EDGE_S, 0.0) if not spoken[0].symbol else 0.0
        ends = spoken[-1].start_s + EDGE_S if not spoken[-1].symbol else spoken[-1].end_s
        pieces.append(waveform[int(first * rate) : int(ends * rate)])
        phones += [
            Phone(p.symbol, p.start_s - first + start_s, min(p.end_s, ends) - first + start_s)
            for p in spoken
            if p.symbol
        ]
        start_s += len(pieces[-1]) / rate
    waveform, phones = to_16_khz(
        with_vibrato(np.concatenate(pieces), rate), rate, flite_to_ipa(phones)
    )
    return make_clip(f"flite {voice}", waveform, phones, random, lead_s=LEAD_S), phones


def extremes(curve: np.ndarray, prominence: float) -> np.ndarray:
    """Return the frames where a curve peaks by at least `prominence`."""
    return find_peaks(curve, prominence=prominence)[0]


def found_share(wanted: np.ndarray, found: np.ndarray) -> float:
    """Return how many of the wanted frames have a found one within `NEAR_FRAMES`."""
    if not len(wanted):
        return 1.0
    if not len(found):
        return 0.0
    return float((np.abs(wanted[:, None] - found[None]).min(axis=1) <= NEAR_FRAMES).mean())


def syllable_figures(jaw: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Compare openings and closings of jaws (frames,): found ones, and ones that are wrong."""
    opened, wanted = extremes(jaw, DIPPED), extremes(target, OPENED)
    closed, wanted_closed = extremes(-jaw, DIPPED), extremes(-target, OPENED)
    return {
        "syllables": len(wanted),
        "syllables_opened": round(found_share(wanted, opened), 3),
        "consonants_closed": round(found_share(wanted_closed, closed), 3),
        "openings_without_syllable": round(1 - found_share(opened, extremes(target, DIPPED)), 3),
    }


def run(weights: str = "", device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    flite.require()
    torch.set_num_threads(1)
    starter = load_trained(Path(weights or STARTER_WEIGHTS))
    random, progress = np.random.default_rng(4715), Progress("singing", 2)
    progress("singing")
    texts = TEST_SENTENCES[:NUM_SENTENCES]
    sung = [sing(text, voice, random) for voice in FLITE_VOICES for text in texts]
    progress("lips")
    lips = np.concatenate(
        [shipped_lips(starter, clip.waveform, seed) for seed, (clip, _) in enumerate(sung)]
    )
    target = np.concatenate([clip.controls[:, LIP_COLUMNS].numpy() for clip, _ in sung])
    speech = np.concatenate([speech_frames(phones, len(clip)) for clip, phones in sung])
    return {
        "seconds": round(len(target) / FPS, 1),
        **voice_figures(lips, target, speech),
        **syllable_figures(lips[:, 0], target[:, 0]),
        "required": REQUIRED,
    }
