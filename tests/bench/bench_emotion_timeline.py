"""When the face changes to the next emotion of a timeline, against the time asked for.

The starter model and the bundled speech, finished with blinks and sway. A nearest-mean classifier
learns every emotion on other speech; it names the emotion of each frame from brows, eyes, smile and
pose, without the jaw, the lips' closure and their width. The switch between two emotions is where
names before and after go wrong least often.
"""

from itertools import pairwise

import numpy as np
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.emotion.labels import EMOTIONS, emotion_weights
from moda_core.emotion.timeline import TRANSITION_S, EmotionTimeline, parse_timeline
from moda_core.example import SPEECH
from moda_core.motion.controls import CONTROLS, read, rest_expression
from moda_core.motion.motion import EXPRESSION, FPS
from moda_core.runtime.threads import one_thread
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion

from .progress import Progress

CLASSES = [label for label in EMOTIONS if label != "none"]
UNSPOKEN = [index for index, name in enumerate(CONTROLS) if name not in ("jaw", "close", "width")]
TIMES_S = (0.0, 2.5, 5.0, 8.2)
FIXED = ("0.0 neutral, 2.5 happiness, 5.0 anger",)
NUM_RANDOM = 20
REQUIRED = {"largest_error_s": 0.25}


def measures(values: torch.Tensor) -> np.ndarray:
    """Return what is seen of motion (N, 70) apart from speech, (N, 12)."""
    controls = read(values[:, EXPRESSION] - rest_expression())[:, UNSPOKEN]
    return torch.cat([controls, values[:, 67:]], dim=1).numpy()


def learn(examples: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of classes, (C, M), and the spread within them, (M,)."""
    means = np.stack([rows.mean(axis=0) for rows in examples])
    within = np.concatenate([rows - mean for rows, mean in zip(examples, means, strict=True)])
    return means, within.std(axis=0) + 1e-3


def switch_frame(guesses: np.ndarray, before: int, after: int) -> float:
    """Return the frame from which guesses are rather `after` than `before`."""
    wrong_before = np.append(0, np.cumsum(guesses != before))
    wrong_after = np.append(0, np.cumsum(guesses != after))
    wrong = wrong_before + wrong_after[-1] - wrong_after
    return float(np.flatnonzero(wrong == wrong.min()).mean())


def timelines() -> list[str]:
    """Return timelines to try, the same ones every time."""
    random, texts = np.random.default_rng(0), list(FIXED)
    for _ in range(NUM_RANDOM):
        labels = [CLASSES[index] for index in random.permutation(len(CLASSES))[: len(TIMES_S)]]
        times = np.array(TIMES_S) + random.uniform(-0.5, 0.5, len(TIMES_S)) * (
            np.array(TIMES_S) > 0
        )
        texts.append(
            ", ".join(f"{time:.2f} {label}" for time, label in zip(times, labels, strict=True))
        )
    return texts


def switch_errors(guesses: np.ndarray, timeline: EmotionTimeline) -> list[float]:
    """Return by how many seconds each switch, sought between its neighbours, comes late."""
    keys = [(key.time_s, int(key.weights[: len(CLASSES)].argmax())) for key in timeline.keys]
    edges_s = [time_s for time_s, _ in keys] + [len(guesses) / FPS]
    errors = []
    for place, ((_, before), (time_s, after)) in enumerate(pairwise(keys)):
        first, last = round(edges_s[place] * FPS), round(edges_s[place + 2] * FPS)
        frame = first + switch_frame(guesses[first:last], before, after)
        errors.append(frame / FPS - time_s)
    return errors


@one_thread()
def run(
    transition: str = str(TRANSITION_S),
    cfg_scale: str = "1.2",
    device: str = "cpu",
    dtype: str = "float32",
) -> dict:
    """Measure; return the figures."""
    model, features = load_starter_model(device), encode_speech(SPEECH).values

    def motion(values: torch.Tensor, emotion: EmotionCurve, seed: int) -> np.ndarray:
        options = SamplingOptions(seed=seed, cfg_scale=float(cfg_scale))
        conditions = Conditions(values, torch.zeros(63), torch.zeros(1, 1, 70), emotion)
        sampled = sample_motion(model.network, model.null_audio, conditions, options).cpu()
        spoken = AudioFeatures(values, model.encoder, len(values) / FPS)
        return measures(model.finish(sampled, spoken, seed))

    other = features.flip(0)  # sounds of the same loudness that were never said
    texts = timelines()
    progress = Progress("emotion-timeline", 1 + len(texts))
    progress("examples of each emotion")
    examples = [
        motion(other, EmotionCurve.constant(emotion_weights(label)), 1) for label in CLASSES
    ]
    means, scale = learn(examples)
    errors, by_timeline = [], {}
    for seed, text in enumerate(texts):
        progress(text)
        timeline = parse_timeline(text)
        amounts = timeline.curve(len(features), FPS, float(transition))
        found = motion(features, EmotionCurve(amounts), 100 + seed)
        distance = (((found[:, None] - means) / scale) ** 2).sum(axis=2)
        own = switch_errors(distance.argmin(axis=1), timeline)
        by_timeline[text] = [round(error, 3) for error in own]
        errors += own
    return {
        "dtype": "float32",
        "switches": len(errors),
        "largest_error_s": float(np.abs(errors).max()),
        "mean_error_s": float(np.mean(errors)),
        "mean_absolute_error_s": float(np.abs(errors).mean()),
        "within_0.25_s": float((np.abs(errors) <= 0.25).mean()),
        "errors_s": by_timeline,
        "required": REQUIRED,
    }
