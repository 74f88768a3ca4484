"""How exactly a motion comes back from the noise that was found for it.

The starter model and two windows of the bundled speech, all of it if `long`. A sampled motion and a
finished one, with blinks and sway, are taken back to noise and sampled again through the whole
chain of windows. Errors are in standard deviations of the training set, over the dims that move.
"""

from dataclasses import replace

import torch

from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.emotion.labels import emotion_weights
from moda_core.example import SPEECH
from moda_core.motion.controls import rest_expression
from moda_core.motion.motion import FPS, Motion
from moda_core.runtime.threads import one_thread
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.inversion import invert_flow, moving_dims, normalized_motion
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion

from .progress import Progress

NUM_FRAMES = 144  # two windows
STEPS = (10, 25)
REQUIRED = {"error_at_50_steps": 1e-2}


@one_thread()
def run(*, long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. `long` takes the whole speech."""
    model, features = load_starter_model(device), encode_speech(SPEECH)
    if not long:
        values = features.values[:NUM_FRAMES]
        features = replace(features, values=values, duration_s=NUM_FRAMES / FPS)
    rest, identity, start = rest_expression(), torch.zeros(63), torch.zeros(1, 1, 70)
    moving = moving_dims(model.stats)

    progress = Progress("inversion", 2 * (len(STEPS) + 1) + 2)

    def sample(conditions: Conditions, options: SamplingOptions) -> torch.Tensor:
        return sample_motion(model.network, model.null_audio, conditions, options).cpu()

    def figures(
        target: torch.Tensor, conditions: Conditions, options: SamplingOptions
    ) -> dict[str, float]:
        found = invert_flow(model.network, model.null_audio, conditions, target, options)
        noise = found.for_clip(len(features), options.seed)
        again = sample(replace(conditions, noise=noise), found.run_options(options))
        error = (again - target)[:, moving]
        return {
            "error": float(error.square().mean().sqrt()),
            "largest": float(error.abs().max()),
            "iterations_per_step": round(found.iterations, 2),
            "noise_std": float(found.windows.std()),
        }

    def both(emotion: str, **chosen) -> dict:
        options, name = SamplingOptions(**chosen), ", ".join(f"{k} {v}" for k, v in chosen.items())
        progress(f"{emotion}, {name}")
        curve = EmotionCurve.constant(emotion_weights(emotion))
        conditions = Conditions(features.values, identity, start, curve)
        sampled = sample(conditions, options)
        finished = Motion(model.finish(sampled, features, options.seed), rest)
        finished = normalized_motion(model.stats, rest, finished, features)
        return {
            f"sampled, {emotion}, {name}": figures(sampled, conditions, options),
            f"finished, {emotion}, {name}": figures(finished, conditions, options),
        }

    table, at_50_steps = {}, {}
    for emotion in ("none", "happiness"):
        for steps in STEPS:
            table |= both(emotion, num_steps=steps)
        at_50_steps |= both(emotion, num_steps=50)
    at_50_steps |= both("none", num_steps=50, schedule="even")
    strong = both("none", num_steps=50, cfg_scale=3.0)
    return {
        "dtype": "float32",
        "frames": len(features),
        "error_at_50_steps": max(found["error"] for found in at_50_steps.values()),
        "round_trips": table | at_50_steps | strong,
        "required": REQUIRED,
    }
