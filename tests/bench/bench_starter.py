"""Evaluation of a starter: sampled motion against targets, silence, noise and real speech.

`python run.py bench starter WEIGHTS [SPEECH]`; needs espeak-ng, and flite for half of the figures.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor

from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.bundles.starter import CLOSURE_THRESHOLD, load_starter_model
from moda_core.emotion.labels import EMOTIONS, NONE_INDEX
from moda_core.motion.controls import CONTROLS, OPENING, read, rest_expression
from moda_core.motion.motion import FPS
from moda_core.training.dataset import FLITE_VOICES, Clip, espeak_clips
from moda_core.training.targets import LIP_COLUMNS, speech_energy
from moda_core.training.trained import TrainedStarter
from moda_core.weights.checkpoint import read_safetensors

from .held_out_speech import espeak_test_clips, flite_test_clips, language_test_clips
from .progress import Progress
from .starter_measures import (
    EnergyComparator,
    compare_lips,
    correlation,
    count_blinks,
    peak_distances,
    pose_figures,
)

JAW, LID = CONTROLS.index("jaw"), CONTROLS.index("blink_left")
PAUSE_LEVEL = 0.08  # of the loud frames' level; quieter frames are pauses
COMPARATOR_CLIPS = 200


def load_trained(path: Path) -> TrainedStarter:
    """Read weights that `TrainedStarter.save` wrote."""
    model = load_starter_model(path=path)
    threshold = float(read_safetensors(path)[0][CLOSURE_THRESHOLD])
    return TrainedStarter(model.network, model.null_audio, model.stats, threshold)


def controls_of(motion: Tensor) -> np.ndarray:
    """Return the controls (N, 12) that motion (N, 70) shows."""
    return read(motion[:, :63] - rest_expression()).numpy()


def sample_lips(starter: TrainedStarter, clips: list[Clip]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return jaw, closure and width of each clip, of the model alone and as shipped."""
    motions = (starter.sample(clip.waveform, seed=seed) for seed, clip in enumerate(clips))
    return [tuple(controls_of(motion)[:, LIP_COLUMNS] for motion in pair) for pair in motions]


def lip_figures(
    clips: list[Clip], sampled: list[tuple[np.ndarray, np.ndarray]], comparator: EnergyComparator
) -> dict:
    """Compare sampled lips with the targets of their clips, and with the comparators."""
    target = np.concatenate([clip.controls[:, LIP_COLUMNS].numpy() for clip in clips])
    alone, shipped = (np.concatenate(lips) for lips in zip(*sampled, strict=True))
    figures = {
        "voices": sorted({clip.name for clip in clips}),
        "clips": len(clips),
        "seconds": len(target) / FPS,
        "model_alone": compare_lips(alone, target),
        "as_shipped": compare_lips(shipped, target),
        **comparator.compare(clips),
    }
    energy = figures["lagged_energy"]["jaw"]["correlation"]
    figures["jaw_above_energy"] = figures["as_shipped"]["jaw"]["correlation"] - energy
    return figures


def flite_figures(starter: TrainedStarter, comparator: EnergyComparator) -> dict[str, dict]:
    """Return figures of flite's voices that were not trained on, together and one by one."""
    clips = flite_test_clips()
    if not clips:
        return {}
    sampled = sample_lips(starter, clips)
    figures = {"flite_unseen_voices": lip_figures(clips, sampled, comparator)}
    for voice in sorted({clip.name for clip in clips}):
        chosen = [index for index, clip in enumerate(clips) if clip.name == voice]
        figures[voice.replace(" ", "_")] = lip_figures(
            [clips[index] for index in chosen], [sampled[index] for index in chosen], comparator
        )
    return figures


def silence_figures(starter: TrainedStarter, seconds: int = 8) -> dict[str, float]:
    """Return the mean jaw opening on digital silence and on white noise at -50 dB."""
    noise = 10 ** (-50 / 20) * np.random.default_rng(0).standard_normal(seconds * SAMPLE_RATE)
    quiet = {"silence": np.zeros(len(noise), np.float32), "noise": noise.astype(np.float32)}
    figures = {}
    for name, waveform in quiet.items():
        alone, shipped = (controls_of(motion)[:, JAW] for motion in starter.sample(waveform))
        figures[f"{name}_mean_jaw"] = float(shipped.mean())
        figures[f"{name}_mean_jaw_model_alone"] = float(alone.mean())
    return figures


def read_speech(path: Path) -> np.ndarray:
    """Return a recording as mono float32 at 16 kHz."""
    import soundfile

    waveform, rate = soundfile.read(path, dtype="float32", always_2d=True)
    divisor = np.gcd(SAMPLE_RATE, rate)
    return resample_poly(waveform.mean(axis=1), SAMPLE_RATE // divisor, rate // divisor).astype(
        np.float32
    )


def speech_figures(starter: TrainedStarter, waveform: np.ndarray) -> dict:
    """Return figures of real speech (samples,), whose true lips are unknown."""
    figures = {}
    for name, motion in zip(("model_alone", "as_shipped"), starter.sample(waveform), strict=True):
        controls = controls_of(motion)
        energy = speech_energy(waveform, len(controls))
        pause = energy < PAUSE_LEVEL
        gap = OPENING * controls[:, JAW].clip(0)
        width = controls[:, CONTROLS.index("width")]
        figures[name] = {
            "pause_gap": float(gap[pause].mean()) if pause.any() else None,
            "gap_p95": float(np.percentile(gap, 95)),
            **peak_distances(gap, energy),
            "envelope_correlation": correlation(gap, energy),
            "width_range": float(np.ptp(np.percentile(width, [2, 98]))),
            "blinks_per_minute": count_blinks(controls[:, LID]) * 60 * FPS / len(controls),
            **pose_figures(motion.numpy()),
        }
    return figures


def emotion_motions(
    starter: TrainedStarter, clips: Sequence[Clip], emotions: Sequence[str] = EMOTIONS
) -> Iterator[tuple[Clip, str, Tensor]]:
    """Yield the shipped motion of every clip under every emotion."""
    for seed, clip in enumerate(clips):
        for emotion in emotions:
            yield clip, emotion, starter.sample(clip.waveform, emotion, seed)[1]


def emotion_figures(starter: TrainedStarter, clips: list[Clip]) -> dict:
    """Return each emotion's mean controls and head, and how much of the jaw's speech remains."""
    jaws: dict[str, list[np.ndarray]] = {}
    shown: dict[str, list[np.ndarray]] = {}
    for _, emotion, motion in emotion_motions(starter, clips):
        controls = controls_of(motion)
        jaws.setdefault(emotion, []).append(controls[:, JAW])
        shown.setdefault(emotion, []).append(np.c_[controls, motion[:, 67:].numpy()])
    target = np.concatenate([clip.controls[:, JAW].numpy() for clip in clips])
    plain = correlation(np.concatenate(jaws[EMOTIONS[NONE_INDEX]]), target)
    names = [*CONTROLS, "pitch", "yaw", "roll"]
    figures = {}
    for emotion in jaws:
        mean = np.concatenate(shown[emotion]).mean(axis=0)
        figures[emotion] = {
            "jaw_correlation_over_none": correlation(np.concatenate(jaws[emotion]), target) / plain,
            **{name: round(float(value), 3) for name, value in zip(names, mean, strict=True)},
        }
    return figures


def run(
    weights: str, speech: str = "", seed: int = 1, device: str = "cpu", dtype: str = "float32"
) -> dict:
    """Measure weights, on a real recording as well if one is named; return the figures."""
    torch.set_num_threads(1)
    starter, progress = load_trained(Path(weights)), Progress("starter", 6)
    progress("fitting the comparator")
    comparator = EnergyComparator(espeak_clips(COMPARATOR_CLIPS, seed))
    progress("espeak-ng's unseen voices")
    synthetic = espeak_test_clips()
    sampled = sample_lips(starter, synthetic)
    figures = {
        "flite_voices_trained_on": list(FLITE_VOICES),
        "espeak_unseen_voices_and_sentences": lip_figures(synthetic, sampled, comparator),
    }
    progress("flite's unseen voices")
    figures |= flite_figures(starter, comparator)
    progress("languages")
    figures["languages"] = {
        language: lip_figures(clips, sample_lips(starter, clips), comparator)
        for language, clips in language_test_clips().items()
    }
    progress("silence")
    figures["quiet"] = silence_figures(starter)
    progress("emotions")
    figures["emotions"] = emotion_figures(starter, synthetic[:4])
    if speech:
        figures["real_speech"] = {"file": Path(speech).name}
        figures["real_speech"] |= speech_figures(starter, read_speech(Path(speech)))
    return figures
