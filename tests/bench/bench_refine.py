"""Worst lip sync and worst jerk of speech with noise, before and after weak frames are refined.

The starter and the bundled speech, with noise of the speech's own spectrum below it. Agreement is
smoothed over 0.2 s as for the choice of weak frames, and measured against the sound that the node
hears, with its noise, and against the clean speech, which it never does. A decile is the mean of
the worst tenth of the frames.
"""

import time

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from moda_core.audio.waveform import load_clip
from moda_core.bundles.load import load_starter
from moda_core.bundles.pipeline import perform
from moda_core.bundles.refinement import refine_motion
from moda_core.bundles.starter import encode_speech
from moda_core.example import PORTRAIT, SPEECH
from moda_core.motion.motion import Motion
from moda_core.runtime.threads import one_thread
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.ranking import spoken_levels
from moda_core.sampling.request import SamplingRequest
from moda_core.sampling.weak_frames import SMOOTHING, FrameJudge

from .progress import Progress

SNR_DB = (10.0, 5.0, 0.0)
SEEDS, LONG_SEEDS = (1, 2, 3), tuple(range(1, 9))
NEW_SEED = 1000  # above the seed that the motion was sampled with
REPEATS = 3  # of the speech, 35 s, in the long form
DECILE = 10


@one_thread()
def run(rounds: str = "1", long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    starter, seeds = load_starter(device), LONG_SEEDS if long else SEEDS
    portrait = starter.portrait(PORTRAIT)
    speech, rate = load_clip(SPEECH)
    speech = speech.repeat(1, REPEATS if long else 1)
    progress, found = Progress("refine", len(SNR_DB) * len(seeds)), {}
    for decibels in SNR_DB:
        cases = []
        for seed in seeds:
            progress(f"{decibels:g} dB, seed {seed}")
            sound = with_noise(speech, decibels, seed)
            cases.append(measure(starter.model, portrait, (sound, speech, rate), seed, int(rounds)))
        found[f"{decibels:g} dB"] = {
            name: np.round(np.mean([case[name] for case in cases], axis=0), 4).tolist()
            for name in cases[0]
        }
    return {"dtype": dtype, "rounds": int(rounds), "seeds": len(seeds), "before_after": found}


def measure(model, portrait, sounds: tuple[Tensor, Tensor, int], seed: int, rounds: int) -> dict:
    """Return pairs (before, after) and other figures of one speech and seed."""
    sound, clean, rate = sounds
    features = encode_speech((sound, rate))
    heard, spoken = (spoken_levels(each, rate, features) for each in (sound, clean))
    started = time.perf_counter()
    motion = perform(model, features, portrait, request_of(seed))
    sampling_s = time.perf_counter() - started
    started = time.perf_counter()
    request = request_of(NEW_SEED + seed)
    refined = refine_motion(model, motion, features, portrait, heard, request, rounds=rounds)
    refining_s = time.perf_counter() - started
    attempts = [attempt for each in refined.rounds for attempt in each]
    touched = np.zeros(len(motion), bool)
    for attempt in attempts:
        touched[attempt.span.around(len(motion))] = True
    outside = (refined.motion.values - motion.values).abs()[~torch.from_numpy(touched)]
    return {
        **deciles(motion, refined.motion, heard, model.stats, ""),
        **deciles(motion, refined.motion, spoken, model.stats, "_to_clean_speech"),
        "parts_better": sum(attempt.better for attempt in attempts) / max(len(attempts), 1),
        "sampled_again": float(touched.mean()),
        "change_of_held_frames": float(outside.max()) if len(outside) else 0.0,
        "time_over_sampling": refining_s / sampling_s,
    }


def deciles(before: Motion, after: Motion, levels: np.ndarray, stats, against: str) -> dict:
    """Return the worst tenth and the mean of agreement and jerk, before and after."""
    judge = FrameJudge(before.values, before.rest, levels, stats)
    agreement, jerk = (
        [measured(each.values) for each in (before, after)]
        for measured in (judge.agreement, lambda values: judge.jerk(values).mean(axis=1))
    )
    figures = {
        f"worst_agreement{against}": [worst(-each) * -1 for each in agreement],
        f"agreement{against}": [float(each.mean()) for each in agreement],
    }
    if not against:
        figures["worst_jerk"] = [worst(each) for each in jerk]
        figures["jerk"] = [float(each.mean()) for each in jerk]
    return figures


def worst(values: np.ndarray) -> float:
    """Return the mean of the largest tenth of smoothed values."""
    smooth = np.sort(gaussian_filter1d(values, SMOOTHING, mode="nearest"))
    return float(smooth[-max(len(smooth) // DECILE, 1) :].mean())


def with_noise(speech: Tensor, decibels: float, seed: int) -> Tensor:
    """Add noise with the spectrum of speech, (C, T), this far below it."""
    generator = torch.Generator().manual_seed(seed)
    spectrum = torch.fft.rfft(speech)
    phase = 2 * torch.pi * torch.rand(spectrum.shape, generator=generator)
    noise = torch.fft.irfft(torch.polar(spectrum.abs(), phase), n=speech.shape[-1])
    return speech + noise * (speech.std() / noise.std()) * 10 ** (-decibels / 20)


def request_of(seed: int) -> SamplingRequest:
    """Return the request of a run with the defaults."""
    return SamplingRequest(SamplingOptions(seed=seed))
