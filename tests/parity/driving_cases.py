"""Golden cases of driving: keypoints of a face for every frame (spec F.6)."""

from dataclasses import replace

import numpy as np
import torch
from scipy.signal import lfilter

from moda_core.liveportrait.driving import DrivingOptions, driving_keypoints
from moda_core.motion.keypoints import refine_motion_info, transform_keypoints
from moda_core.motion.motion import (
    PITCH,
    ROLL,
    TRANSLATION,
    Motion,
    previous_motion,
    released_stats,
)

from .renderer_cases import stitching_network

Arrays = dict[str, np.ndarray]

# `cases.json` states none of these; their names say it, but for the weight of the average.
CASES = {
    "driven": DrivingOptions(),
    "driven_nostitch": DrivingOptions(stitching_strength=0.0),
    "driven_ema": DrivingOptions(),
}
AVERAGE_WEIGHT = 0.01  # of each new frame, in "driven_ema"
POSE = [*range(TRANSLATION.start, TRANSLATION.stop), *range(PITCH.start, ROLL.stop)]


def pose_average(curves: torch.Tensor, weight: float) -> torch.Tensor:
    """Return the exponential moving average (N, C) over time, which starts at the first frame."""
    curves = curves.double().numpy()
    start = (1 - weight) * curves[:1]
    average, _ = lfilter([weight], [1, weight - 1], curves, axis=0, zi=start)
    return torch.from_numpy(average).float()


def with_averaged_pose(motion: Motion) -> Motion:
    """Return the motion with translation and angles averaged as in "driven_ema"."""
    values = motion.values.clone()
    values[:, POSE] = pose_average(values[:, POSE], AVERAGE_WEIGHT)
    return replace(motion, values=values)


def driving_helpers(case: dict, golden: Arrays) -> Arrays:
    """Return the arrays of helpers.npz that belong to section F.6."""
    stored = {key[5:]: torch.from_numpy(golden[key]) for key in golden if key.startswith("info_")}
    info, stats = refine_motion_info(stored), released_stats()
    _, rescale_ratio = previous_motion(info, stats)
    values = stats.denormalize(torch.from_numpy(golden["motion_in"]))
    motion = Motion(values, info["exp"].reshape(63))
    source, network = transform_keypoints(info), stitching_network(case["salt"])
    computed = {}
    for name, options in CASES.items():
        played = with_averaged_pose(motion) if name == "driven_ema" else motion
        computed[f"{name}_x_s"] = source
        computed[f"{name}_x_d"] = driving_keypoints(
            info, source, rescale_ratio, played, network, options
        )
    return computed
