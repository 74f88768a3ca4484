"""Keypoints and stitching of a minute of motion, all frames at once."""

import torch

from moda_core.liveportrait.driving import driving_keypoints
from moda_core.liveportrait.stitching import KeypointMLP
from moda_core.motion.keypoints import refine_motion_info, transform_keypoints
from moda_core.motion.motion import Motion, previous_motion, released_stats
from moda_core.runtime.layers import Layers
from tests.parity.synthetic_weights import normal

from .progress import Progress
from .timing import best_seconds

NUM_FRAMES = 1500
REQUIRED_SECONDS = 0.5


@torch.inference_mode()
def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    Progress("driving", 1)(f"{NUM_FRAMES} frames")
    where = torch.device(device)
    sizes = {"kp": 63, "exp": 63, "scale": 1, "t": 3, "pitch": 66, "yaw": 66, "roll": 66}
    raw = {key: normal(seed, (1, size), 0.1) for seed, (key, size) in enumerate(sizes.items())}
    raw["scale"] += 1.2
    info = {key: value.to(where) for key, value in refine_motion_info(raw).items()}
    _, rescale_ratio = previous_motion(info, released_stats())
    values = released_stats().denormalize(normal(9, (NUM_FRAMES, 70)))
    motion = Motion(values, info["exp"].reshape(63).cpu())
    torch.manual_seed(0)
    network = KeypointMLP(layers=Layers(device=where)).eval()
    source = transform_keypoints(info)

    seconds = best_seconds(
        lambda: driving_keypoints(info, source, rescale_ratio, motion, network), where
    )

    return {
        "frames": NUM_FRAMES,
        "seconds": seconds,
        "ms_per_frame": 1000 * seconds / NUM_FRAMES,
        "required_seconds": REQUIRED_SECONDS,
    }
