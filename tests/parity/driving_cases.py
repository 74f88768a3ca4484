"""Golden cases of driving: keypoints of a face for every frame (spec F.6)."""

import numpy as np
import torch

from moda_core.liveportrait.driving import DrivingOptions, driving_keypoints
from moda_core.motion.keypoints import refine_motion_info, transform_keypoints
from moda_core.motion.motion import Motion, previous_motion, released_stats

from .renderer_cases import stitching_network

Arrays = dict[str, np.ndarray]

# `cases.json` states none of these; their names say it, but for the weight of the average.
CASES = {
    "driven": DrivingOptions(),
    "driven_nostitch": DrivingOptions(stitching_strength=0.0),
    "driven_ema": DrivingOptions(pose_ema=0.01),
}


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
        computed[f"{name}_x_s"] = source
        computed[f"{name}_x_d"] = driving_keypoints(
            info, source, rescale_ratio, motion, network, options
        )
    return computed
