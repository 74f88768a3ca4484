"""All windows at once against the chain: time and drift over minutes of speech, ten if `long`.

The starter model and the bundled speech, repeated. Drift is how far the pose's mean over the last
minute lies from that over the first, in standard deviations of the training set; one run's drift
holds its chance, so several seeds are averaged, too. `spread` is that of the means of minutes.
"""

import time
from contextlib import nullcontext

import torch

from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.example import SPEECH
from moda_core.motion.motion import FPS, HEAD
from moda_core.runtime.threads import one_thread
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_takes

from .progress import Progress

MINUTES, LONG_MINUTES = 4, 10
DRIFT_SEEDS = (42, 43, 44, 45)
REPEATS = 2
REQUIRED = {"times_faster": 1.3, "drift_of_joint": 0.2}


def pose_figures(takes: torch.Tensor) -> dict:
    """Return how much the pose drifts in takes of shape (takes, N, 70)."""
    minute = 60 * FPS
    means = takes[:, :, HEAD].unflatten(1, (-1, minute)).mean(dim=2)  # (takes, minutes, 7)
    drift = means[:, -1] - means[:, 0]
    return {
        "drift": float(drift[0].square().mean().sqrt()),
        "drift_by_dim": [round(float(value), 3) for value in drift[0]],
        "drift_by_dim_mean_of_seeds": [round(float(value), 3) for value in drift.mean(dim=0)],
        "spread": float(means.std(dim=1).square().mean().sqrt()),
        "pose_std": float(takes[:, :, HEAD].std(dim=1).square().mean().sqrt()),
    }


def change_figures(motion: torch.Tensor, overlap: int) -> dict:
    """Return the frame-to-frame change of motion (N, D), and that where windows begin."""
    change = (motion[1:] - motion[:-1]).square().mean(dim=1).sqrt()
    stride = 80 - overlap
    return {
        "change": float(change.mean()),
        "change_at_borders": float(change[stride - 1 :: stride].mean()),
    }


def run(
    minutes: str = "", *, long: bool = False, device: str = "cpu", dtype: str = "float32"
) -> dict:
    """Measure; return the figures. `long` takes more speech, where `minutes` does not say it."""
    length = float(minutes or (LONG_MINUTES if long else MINUTES))
    model = load_starter_model(device, getattr(torch, dtype))
    features, num_frames = encode_speech(SPEECH).values, round(length * 60 * FPS)
    features = features.repeat(-(-num_frames // len(features)), 1, 1)[:num_frames]
    conditions = Conditions(features, torch.zeros(63), torch.zeros(1, 1, 70))
    works = ("chain", "joint", "joint_one_thread")
    progress = Progress("joint-windows", REPEATS * len(works) + 2)
    seconds, figures = dict.fromkeys(works, float("inf")), {}

    def sample(name: str, seeds: tuple[int, ...]) -> torch.Tensor:
        options = SamplingOptions(windows=name.split("_")[0])
        with one_thread() if name == "joint_one_thread" else nullcontext():
            return sample_takes(model.network, model.null_audio, conditions, options, seeds).cpu()

    for _ in range(REPEATS):
        for name in works:
            progress(name)
            start = time.perf_counter()
            sample(name, DRIFT_SEEDS[:1])
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    for name in ("chain", "joint"):
        progress(f"{name}, drift over {len(DRIFT_SEEDS)} seeds")
        takes = sample(name, DRIFT_SEEDS)
        moving = takes[0][:, model.stats.std > 0]
        figures[name] = pose_figures(takes) | change_figures(moving, SamplingOptions().overlap)
    return {
        "minutes": length,
        "threads_of_joint": torch.get_num_threads(),
        "seconds": seconds,
        "times_faster": seconds["chain"] / seconds["joint"],
        "times_faster_with_one_thread": seconds["chain"] / seconds["joint_one_thread"],
        "drift_of_joint": figures["joint"]["drift"],
        **figures,
        "required": REQUIRED,
    }
