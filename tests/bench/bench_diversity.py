"""How varied poses and expressions are against the agreement of lips and sound.

The starter and the bundled speech, finished with blinks and sway. For each setting of MoDA
Diversity: the variance of the head's angles within a take, its deviation between takes, that of
brows and gaze, jerk, and what becomes of the lips: their agreement with the sound and how far the
jaw moves away from that of the default, in standard deviations.
"""

import numpy as np
import torch
from torch import Tensor

from moda_core.audio.waveform import load_clip
from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.example import SPEECH
from moda_core.motion.controls import CONTROLS, read, rest_expression
from moda_core.motion.motion import ANGLES, EXPRESSION
from moda_core.runtime.threads import one_thread
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.diversity import Diversity
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.ranking import best_agreement, spoken_levels
from moda_core.sampling.sample import sample_takes

from .progress import Progress

NOISE, TEMPERATURE = (0.0, 0.5, 1.5, 2.0), (0.5, 1.0)  # beside the default
SEEDS, LONG_SEEDS = (1, 2, 3), tuple(range(1, 13))
JAW = CONTROLS.index("jaw")
EYES_AND_BROWS = [CONTROLS.index(name) for name in ("brow", "worry", "frown", "gaze")]


@one_thread()
def run(long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    model, features = load_starter_model(device), encode_speech(SPEECH)
    speech, rate = load_clip(SPEECH)
    levels = spoken_levels(speech, rate, features)
    seeds = LONG_SEEDS if long else SEEDS
    conditions = Conditions(features.values, torch.zeros(63), torch.zeros(1, 1, 70))

    def finished(diversity: Diversity) -> Tensor:
        options = SamplingOptions(diversity=diversity)
        takes = sample_takes(model.network, model.null_audio, conditions, options, seeds).cpu()
        pairs = zip(takes, seeds, strict=True)
        return torch.stack([model.finish(take, features, seed) for take, seed in pairs])

    settings = [("pose_noise", value) for value in NOISE]
    settings += [("expression_noise", value) for value in NOISE]
    settings += [("pose_temperature", value) for value in TEMPERATURE]
    settings += [("expression_temperature", value) for value in TEMPERATURE]
    progress = Progress("diversity", 1 + len(settings))
    progress("default")
    usual = finished(Diversity())
    curves = {"default": compare(usual, usual, levels)}
    for name, value in settings:
        progress(f"{name} {value:g}")
        takes = finished(Diversity(**{name: value}))
        curves.setdefault(name, {})[f"{value:g}"] = compare(takes, usual, levels)
    return {"dtype": dtype, "seeds": len(seeds), **curves}


def compare(takes: Tensor, usual: Tensor, levels: np.ndarray) -> dict:
    """Return the figures of takes, (B, N, 70), beside those of the default."""
    shown, shown_usual = (
        read(each[..., EXPRESSION] - rest_expression()) for each in (takes, usual)
    )
    jaw, jaw_usual = (each[..., JAW].double() for each in (shown, shown_usual))
    face, face_usual = (each[..., EYES_AND_BROWS].var(dim=1) for each in (shown, shown_usual))
    figures = {
        "pose_variance_deg": takes[..., ANGLES].var(dim=1).mean(),
        "pose_between_takes_deg": takes[..., ANGLES].std(dim=0).mean(),
        "eyes_and_brows_variance_over_default": (face.mean(dim=0) / face_usual.mean(dim=0)).mean(),
        "lip_agreement": np.mean([best_agreement(each.numpy(), levels)[0] for each in jaw]),
        "jaw_change": (jaw - jaw_usual).square().mean().sqrt() / jaw_usual.std(),
        "pose_jerk_over_default": jerk(takes[..., ANGLES]) / jerk(usual[..., ANGLES]),
        "eyes_and_brows_jerk_over_default": jerk(shown[..., EYES_AND_BROWS])
        / jerk(shown_usual[..., EYES_AND_BROWS]),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def jerk(curves: Tensor) -> Tensor:
    """Return the root mean square of the third difference of curves (B, N, C)."""
    return curves.diff(n=3, dim=1).square().mean().sqrt()
