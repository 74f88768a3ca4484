"""Frames a second of the geometric renderer on a 512x512 portrait, all controls moving."""

import math
import time

import numpy as np
import torch

from moda_core.face.landmarks import FaceLandmarks
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.motion.motion import Motion, released_stats
from moda_core.warp.warp_renderer import DTYPES, WarpRenderer
from tests.faces import face_from

from .progress import Progress

SIZE, NUM_FRAMES, CHUNK, REPEATS = 512, 48, 8, 3


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Time `WarpRenderer.frames`, compositing and uint8 included.

    Parameters
    ----------
    device : str
    dtype : str
        Half types are timed in float32, because coordinates need it.

    Returns
    -------
    dict
        With ``fps`` (the median over repeats) and what it was measured on.
    """
    wanted = getattr(torch, dtype)
    used = wanted if wanted in DTYPES else torch.float32
    renderer = WarpRenderer(device, used)
    portrait = renderer.portrait(_noise_image(), _centred_landmarks())
    motion = _talking_motion(NUM_FRAMES)
    list(renderer.frames(portrait, _talking_motion(CHUNK), CHUNK))
    progress, speeds = Progress("render-starter", REPEATS), []
    for _ in range(REPEATS):
        progress(f"{NUM_FRAMES} frames")
        start = time.perf_counter()
        count = sum(chunk.shape[0] for chunk in renderer.frames(portrait, motion, CHUNK))
        speeds.append(count / (time.perf_counter() - start))
    return {
        "bench": "render-starter",
        "device": str(renderer.device),
        "dtype": str(used).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "size": [SIZE, SIZE],
        "eye_distance": round(portrait.landmarks.eye_distance, 1),
        "frames": NUM_FRAMES,
        "fps": round(float(np.median(speeds)), 1),
        "fps_of_repeats": [round(speed, 1) for speed in speeds],
    }


def _noise_image() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (SIZE, SIZE, 3), generator=generator, dtype=torch.uint8)


def _centred_landmarks() -> FaceLandmarks:
    """A face that fills the picture as a portrait's does: eyes 98 pixels apart."""
    points = [(207, 205), (305, 205), (221, 307), (291, 307), (256, 307), (256, 307)]
    return face_from(points)


def _talking_motion(num_frames: int) -> Motion:
    time_s = torch.arange(num_frames) / 25
    controls = torch.stack(
        [0.5 * torch.sin(time_s * (3 + index) + index) for index in range(len(CONTROLS))], dim=1
    )
    values = torch.zeros(num_frames, 70)
    values[:, :63] = rest_expression() + compose(controls.abs())
    values[:, 63:67] = released_stats().mean[63:67]
    for index, limit in enumerate((5.0, 8.0, 4.0)):
        values[:, 67 + index] = limit * torch.sin(time_s * math.tau * (0.2 + 0.1 * index))
    return Motion(values, rest_expression())
