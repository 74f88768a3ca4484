"""Whether an emotion is seen, and grows with its intensity, on pictures with the lips masked.

Ten held-out sentences, twenty if `long`, are spoken (where espeak-ng is missing, parts of the
bundled speech) with no emotion and with each of seven at several intensities, and rendered. Brows,
eyes, corners of the mouth and pose are measured on the pictures; what one half of the sentences
teaches judges the other half.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr

from moda_core.audio.features import AudioFeatures
from moda_core.audio.log_mel import log_mel_features
from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.emotion.labels import emotion_weights
from moda_core.errors import MoDAError
from moda_core.example import SPEECH
from moda_core.motion.motion import FPS
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import limit_size, read_image
from moda_core.runtime.threads import one_thread
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion
from moda_core.warp.warp_renderer import WarpRenderer

from .bench_emotion_timeline import measures
from .bench_emotions import EXAMPLE, SHOWN, nearest_mean, picture_figures
from .held_out_speech import espeak_test_clips
from .progress import Progress

NUM_CLIPS, LONG_CLIPS, PART_FRAMES = 10, 20, 80
INTENSITIES = (0.0, 0.5, 1.0, 1.5)
FRAME_STEP = 2  # on top of that of `picture_figures`
REQUIRED = {"least_accuracy_against_none": 0.90, "least_rank_correlation": 0.9}


class Seen(NamedTuple):
    """Means over the frames of a clip, (M,), or of several, (clips, M)."""

    picture: np.ndarray
    motion: np.ndarray


def sentences(count: int) -> tuple[str, list[torch.Tensor]]:
    """Return where pieces of speech come from, and their features."""
    try:
        return "espeak-ng", [log_mel_features([c.waveform]) for c in espeak_test_clips()[:count]]
    except MoDAError:
        values = encode_speech(SPEECH).values
        starts = np.linspace(0, len(values) - PART_FRAMES, count).round().astype(int)
        return "bundled speech", [values[start : start + PART_FRAMES] for start in starts]


def halves(count: int):
    """Yield (taught, tested) indices of clips."""
    for tested in (0, 1):
        yield np.arange(1 - tested, count, 2), np.arange(tested, count, 2)


def accuracy(none: np.ndarray, shown: np.ndarray) -> float:
    """Return how many of the clips' means, (clips, M) each, are told apart by nearest mean."""
    hits = []
    for taught, tested in halves(len(none)):
        train = np.concatenate([none[taught], shown[taught]])
        test = np.concatenate([none[tested], shown[tested]])
        guesses = nearest_mean(train, np.repeat([0, 1], len(taught)), test)
        hits.append(guesses == np.repeat([0, 1], len(tested)))
    return float(np.concatenate(hits).mean())


def distances(levels: np.ndarray) -> np.ndarray:
    """Return how far clips lie along the emotion's direction, (clips, intensities).

    `levels` is (clips, intensities, M); the direction is that from intensity 0 to 1, in units of
    the spread between clips.
    """
    found = np.zeros(levels.shape[:2])
    for taught, tested in halves(len(levels)):
        means = levels[taught].mean(axis=0)
        scale = (levels[taught] - means).std(axis=(0, 1)) + 1e-3
        direction = (means[INTENSITIES.index(1.0)] - means[0]) / scale
        offsets = (levels[tested] - means[0]) / scale
        found[tested] = offsets @ direction / np.linalg.norm(direction)
    return found


def growth(levels: np.ndarray) -> dict:
    """Return how measures (clips, intensities, M) grow: clip by clip, and all clips together."""
    along = distances(levels)
    order = [spearmanr(INTENSITIES, row).statistic for row in along]
    together = spearmanr(np.tile(INTENSITIES, len(along)), along.ravel()).statistic
    return {
        "rank_correlation": float(np.mean(order)),
        "rank_correlation_of_all_clips": float(together),
        "distance": [round(float(value), 3) for value in along.mean(axis=0)],
    }


@one_thread()
def run(
    cfg_scale: str = "1.2",
    emotion_scale: str = "",
    *,
    long: bool = False,
    device: str = "cpu",
    dtype: str = "float32",
) -> dict:
    """Measure; return the figures. `long` takes more sentences."""
    count = LONG_CLIPS if long else NUM_CLIPS
    progress = Progress("emotion-intensity", 1 + len(SHOWN) * (len(INTENSITIES) - 1))
    image = limit_size(read_image(EXAMPLE))
    renderer = WarpRenderer(device)
    face = renderer.portrait(image, find_face(image))
    model, (source, clips) = load_starter_model(device), sentences(count)

    def seen(values: torch.Tensor, label: str, intensity: float, seed: int) -> Seen:
        sampled = sample_motion(
            model.network,
            model.null_audio,
            Conditions(
                values,
                torch.zeros(63),
                torch.zeros(1, 1, 70),
                EmotionCurve.constant(emotion_weights(label), intensity),
            ),
            SamplingOptions(
                seed=seed,
                cfg_scale=float(cfg_scale),
                emotion_scale=float(emotion_scale) if emotion_scale else None,
            ),
        ).cpu()
        spoken = AudioFeatures(values, model.encoder, len(values) / FPS)
        motion = model.finish(sampled, spoken, seed)
        picture = picture_figures(renderer, face, motion[::FRAME_STEP]).mean(axis=0)
        return Seen(picture, measures(motion).mean(axis=0))

    def all_seen(label: str, intensity: float) -> Seen:
        progress(f"{label}, intensity {intensity:g}")
        found = [seen(values, label, intensity, seed) for seed, values in enumerate(clips)]
        return Seen(*(np.stack(values) for values in zip(*found, strict=True)))

    none = all_seen("none", 1.0)
    figures = {}
    for label in SHOWN:
        # Intensity 0 is `none` to the bit, see the tests of guidance.
        shown = [all_seen(label, level) for level in INTENSITIES[1:]]
        figures[label] = {
            "accuracy_against_none": [accuracy(none.picture, found.picture) for found in shown],
            **growth(np.stack([found.picture for found in (none, *shown)], axis=1)),
            "of_motion": growth(np.stack([found.motion for found in (none, *shown)], axis=1)),
        }
    at_one = [found["accuracy_against_none"][1] for found in figures.values()]
    return {
        "dtype": "float32",
        "speech": source,
        "clips": len(clips),
        "intensities": INTENSITIES,
        "least_accuracy_against_none": min(at_one),
        "least_rank_correlation": min(found["rank_correlation"] for found in figures.values()),
        "emotions": figures,
        "required": REQUIRED,
    }
