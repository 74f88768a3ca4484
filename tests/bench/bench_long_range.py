"""Half an hour in one run: drift, repetition, emotion and lips, by how windows are laid out.

The starter speaks speech of which nothing is repeated, under several emotions, with windows in a
chain, all at once, and in a chain that is anchored at pauses; the rolling windows of a stream
speak under the first emotion. All take the steps of a stream, three of the second order, with
which lips and head move as with ten of the first. Each run has a process of its own, so that its
memory is its own.

`python run.py bench long-range [MINUTES] [PICTURE]`: PICTURE is where to draw the head's yaw.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d
from torch import Tensor

from moda_core.audio.features import AudioFeatures
from moda_core.audio.level import frame_levels
from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.emotion.labels import emotion_weights
from moda_core.motion.motion import FPS, MOTION_DIM
from moda_core.plot.panels import Curve, Panel, draw_panels
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import limit_size, read_image
from moda_core.runtime.stopwatch import peak_memory
from moda_core.runtime.threads import one_thread
from moda_core.sampling.anchor import PauseAnchor
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.motion_model import MotionModel
from moda_core.sampling.options import WINDOWS
from moda_core.sampling.ranking import rank_takes
from moda_core.sampling.rolling import STARTER_PLAN, AudioContext, RollingSampler
from moda_core.sampling.sample import sample_motion
from moda_core.sampling.window_plan import OVERLAP, STRIDE, count_windows
from moda_core.warp.warp_renderer import WarpRenderer

from .bench_emotions import EXAMPLE, nearest_mean, picture_figures
from .long_range_measures import drift_figures, join_figures, repetition_figures
from .long_speech import long_speech
from .progress import Progress

MINUTES, LONG_MINUTES = 4, 30
SHOWN = ("happiness", "sadness", "anger")
SEED = 42
STREAM = "stream"
MINUTE = 60 * FPS
PARTS = 15  # of a minute, from each of which the emotion is told
BLUE, WHITE = (91, 176, 227), (240, 240, 240)
REQUIRED = {"emotion_in_last_minute": 0.95, "jerk_at_joins_over_elsewhere": 1.1}


@dataclass(frozen=True, eq=False)
class Run:
    """What one process returns: normalised motion (N, 70), seconds of a core, and peak bytes."""

    motion: Tensor
    seconds: float
    memory: int


@one_thread()
def sample(windows: str, emotion: str, speech: AudioFeatures) -> Run:
    """Sample one performance."""
    model, curve = load_starter_model(), EmotionCurve.constant(emotion_weights(emotion))
    begun = time.process_time()
    if windows == STREAM:
        motion = sample_rolling(model, speech.values, curve)
    else:
        rest = torch.zeros(63), torch.zeros(1, 1, MOTION_DIM)
        conditions = Conditions(speech.values, *rest, curve, voiced=speech.voiced)
        options = replace(STARTER_PLAN.options, windows=windows, seed=SEED)
        motion = sample_motion(model.network, model.null_audio, conditions, options)
    return Run(motion, time.process_time() - begun, peak_memory())


def sample_rolling(model: MotionModel, features: Tensor, curve: EmotionCurve) -> Tensor:
    """Sample the motion (T, 70) of features as a stream does."""
    start = torch.zeros(63), torch.zeros(1, 1, MOTION_DIM)
    sampler = RollingSampler(model, *start, STARTER_PLAN, SEED)
    context = AudioContext(model.network.config.audio_context, STARTER_PLAN.past)
    sampler.emotion, take = curve, STARTER_PLAN.take
    parts = []
    for first in range(0, len(features) - take + 1, take):
        heard = features[first : first + take + STARTER_PLAN.ahead]
        parts.append(sampler(context(heard, take), take))
    return torch.cat(parts)


def in_a_process(*arguments) -> Run:
    """Sample in a process of its own, so that its peak of memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(sample, *arguments).result()


class EmotionTeller:
    """Tells the emotion of a minute from pictures, as `bench emotions` does."""

    def __init__(self):
        image = limit_size(read_image(EXAMPLE))
        self.renderer, self.stats = WarpRenderer("cpu"), load_starter_model().stats
        self.portrait = self.renderer.portrait(image, find_face(image))

    def measures(self, minute: Tensor) -> np.ndarray:
        """Return the mean measures of each part of normalised motion (1500, 70)."""
        shown = self.stats.denormalize(minute[::2])  # measured at every tenth of these
        pictures = picture_figures(self.renderer, self.portrait, shown)
        return np.stack([part.mean(axis=0) for part in np.array_split(pictures, PARTS)])

    def kept(self, motions: list[Tensor]) -> dict[str, float]:
        """Return how often emotions are told in the first and in the last minute of motions.

        Every other part of the first minute teaches what they look like.
        """
        first, last = (
            [self.measures(motion[minute]) for motion in motions]
            for minute in (slice(0, MINUTE), slice(-MINUTE, None))
        )
        taught = np.concatenate([parts[::2] for parts in first])
        labels = np.repeat(np.arange(len(motions)), len(first[0][::2]))
        asked = np.repeat(np.arange(len(motions)), len(first[0][1::2]))
        figures = {}
        for name, parts in (("first_minute", first), ("last_minute", last)):
            shown = np.concatenate([each[1::2] for each in parts])
            figures[name] = round(float((nearest_mean(taught, labels, shown) == asked).mean()), 3)
        return figures


def figures_of(runs: list[Run], levels: np.ndarray) -> dict:
    """Return the figures of one layout of windows, of runs under several emotions."""
    takes = torch.stack([run.motion for run in runs])
    ranked = rank_takes(takes, levels[: takes.shape[1]], load_starter_model().stats)
    return {
        "drift": drift_figures(takes),
        "repetition": repetition_figures(takes),
        "joins": join_figures(takes),
        "lips_with_sound": round(float(np.mean([take.lips for take in ranked])), 3),
        "core_seconds_a_minute": sum(run.seconds for run in runs)
        / (takes.shape[0] * takes.shape[1] / MINUTE),
        "peak_mb": max(run.memory for run in runs) / 1e6,
    }


def anchored_frames(voiced: Tensor) -> list[int]:
    """Return the first frames of the windows that start anew in a pause."""
    anchor = PauseAnchor(torch.zeros(1, 1, MOTION_DIM), voiced, OVERLAP)
    firsts = range(STRIDE, STRIDE * count_windows(len(voiced)), STRIDE)
    return [first for first in firsts if anchor.share(first) == 1]


def draw(path: str, runs: dict[str, list[Run]]) -> None:
    """Draw the yaw of the first run of each layout, and its mean over a minute."""
    panels = []
    for name, (run, *_) in runs.items():
        yaw = load_starter_model().stats.denormalize(run.motion)[:, 68].numpy()
        curves = [
            Curve("yaw", yaw, BLUE, "+ left"),
            Curve("mean over a minute", uniform_filter1d(yaw, MINUTE), WHITE, style="wide"),
        ]
        panels.append(Panel(name, "degrees", curves, -8, 8))
    draw_panels(panels, FPS, len(yaw), (820, 140 * len(panels))).save(path, optimize=True)


def run(
    minutes: str = "",
    picture: str = "",
    *,
    long: bool = False,
    device: str = "cpu",
    dtype: str = "float32",
) -> dict:
    """Measure; return the figures. `long` takes half an hour, where `minutes` does not say it."""
    length = float(minutes or (LONG_MINUTES if long else MINUTES))
    sound = torch.from_numpy(long_speech(60 * length))[None]
    speech = encode_speech((sound, SAMPLE_RATE))
    levels = frame_levels(sound, SAMPLE_RATE, len(speech), FPS)
    progress = Progress("long-range", len(SHOWN) * len(WINDOWS) + 1 + len(WINDOWS))
    runs: dict[str, list[Run]] = {name: [] for name in (*WINDOWS, STREAM)}
    for emotion in SHOWN:
        for windows in (*WINDOWS, STREAM) if emotion == SHOWN[0] else WINDOWS:
            progress(f"{windows}, {emotion}")
            runs[windows].append(in_a_process(windows, emotion, speech))
    if picture:
        draw(picture, runs)
    figures = {name: figures_of(each, levels) for name, each in runs.items()}
    figures["anchored"]["joins_in_pauses"] = join_figures(
        torch.stack([each.motion for each in runs["anchored"]]), anchored_frames(speech.voiced)
    )
    teller = EmotionTeller()
    for windows in WINDOWS:
        progress(f"{windows}, pictures")
        figures[windows]["emotion"] = teller.kept([each.motion for each in runs[windows]])
    for each in figures.values():
        for name in ("core_seconds_a_minute", "peak_mb"):
            each[f"{name}_over_chain"] = each[name] / figures["chain"][name]
    told = [figures[windows]["emotion"]["last_minute"] for windows in WINDOWS]
    return {
        "dtype": "float32",
        "minutes": length,
        "emotions": SHOWN,
        "pauses": round(1 - float(speech.voiced.float().mean()), 3),
        "emotion_in_last_minute": min(told),
        "jerk_at_joins_over_elsewhere": max(figures[name]["joins"]["jerk"] for name in WINDOWS),
        **figures,
        "required": REQUIRED,
    }
