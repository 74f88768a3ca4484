"""Whether the seven emotions can be told apart on the rendered picture, with the lips masked.

Held-out sentences are spoken under every emotion and rendered. Brows, eyes, mouth corners and pose
are measured on the pictures, and a nearest-mean classifier that learnt the measures of half of the
sentences names the emotion of the other half.
"""

from pathlib import Path

import numpy as np
import torch

from moda_core.bundles.starter import STARTER_WEIGHTS
from moda_core.emotion.labels import EMOTIONS
from moda_core.motion.controls import rest_expression
from moda_core.motion.motion import EXPRESSION, Motion, released_stats
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import limit_size, read_image
from moda_core.portrait.portrait import Portrait
from moda_core.warp.warp_renderer import WarpRenderer

from .bench_starter import emotion_figures, emotion_motions, load_trained
from .held_out_speech import espeak_test_clips
from .picture_measures import as_array, measure
from .progress import Progress

SHOWN = [label for label in EMOTIONS if label not in ("neutral", "none")]
FRAME_STEP = 10  # one rendered frame in this many
NUM_CLIPS = 10
EXAMPLE = Path(__file__).resolve().parents[2] / "moda_core" / "example" / "portrait.jpg"
REQUIRED = {"accuracy": 0.90, "jaw_correlation_over_none": 0.90}


def rest_frame() -> torch.Tensor:
    """Return one frame at rest, shape (1, 70)."""
    values = torch.zeros(1, 70)
    values[:, 63:67] = released_stats().mean[63:67]
    values[:, EXPRESSION] = rest_expression()
    return values


def picture_figures(renderer: WarpRenderer, portrait: Portrait, motion: torch.Tensor) -> np.ndarray:
    """Render some frames of motion (N, 70) and measure them, shape (frames, measures)."""
    shown = Motion(torch.cat([rest_frame(), motion[::FRAME_STEP]]), rest_expression())
    frames = torch.cat(list(renderer.frames(portrait, shown))).numpy()
    measures = [measure(frames[0], frame, portrait.landmarks) for frame in frames[1:]]
    return np.stack([as_array(values) for values in measures])


def nearest_mean(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the label of the nearest class mean, in units of the spread within classes."""
    means = np.stack([train[labels == label].mean(axis=0) for label in np.unique(labels)])
    within = np.concatenate([train[labels == i] - mean for i, mean in enumerate(means)])
    scale = within.std(axis=0) + 1e-3
    distance = (((test[:, None] - means[None]) / scale) ** 2).sum(axis=2)
    return distance.argmin(axis=1)


def guesses(measures: list[list[np.ndarray]], whole_clips: bool) -> np.ndarray:
    """Return (guess, truth) pairs; each half of the clips is judged by what the other half taught.

    Parameters
    ----------
    measures : list of list of array, shape (frames, measures)
        By clip, then by emotion.
    whole_clips : bool
        Judge the mean over a clip instead of single frames.
    """
    pairs = []
    for tested in (0, 1):
        parts = []
        for half in (1 - tested, tested):
            rows, labels = [], []
            for clip in measures[half::2]:
                for label, values in enumerate(clip):
                    rows.append(values.mean(axis=0, keepdims=True) if whole_clips else values)
                    labels += [label] * len(rows[-1])
            parts.append((np.concatenate(rows), np.array(labels)))
        (train, train_labels), (test, truth) = parts
        pairs.append(np.stack([nearest_mean(train, train_labels, test), truth], axis=1))
    return np.concatenate(pairs)


def run(portrait: str = "", device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    image = limit_size(read_image(portrait or EXAMPLE))
    renderer = WarpRenderer(device)
    face = renderer.portrait(image, find_face(image))
    starter, clips = load_trained(STARTER_WEIGHTS), espeak_test_clips()[:NUM_CLIPS]
    progress, measured = Progress("emotions", len(clips) * len(SHOWN) + 1), []
    for clip, label, motion in emotion_motions(starter, clips, SHOWN):
        progress(f"{label}, {clip.name}")
        measured.append(picture_figures(renderer, face, motion))
    by_clip = [measured[i : i + len(SHOWN)] for i in range(0, len(measured), len(SHOWN))]
    clip_pairs, frame_pairs = guesses(by_clip, True), guesses(by_clip, False)
    progress("jaws")
    jaws = emotion_figures(starter, clips)
    return {
        "dtype": "float32",
        "clips": len(clips),
        "accuracy": float((clip_pairs[:, 0] == clip_pairs[:, 1]).mean()),
        "accuracy_by_single_frame": float((frame_pairs[:, 0] == frame_pairs[:, 1]).mean()),
        "mistakes": sorted({f"{SHOWN[t]} as {SHOWN[g]}" for g, t in clip_pairs if g != t}),
        "jaw_correlation_over_none": min(jaws[e]["jaw_correlation_over_none"] for e in SHOWN),
        "required": REQUIRED,
    }
