"""What is done to finished motion, and its files, on ten minutes of it."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
import torch

from moda_core.audio.level import frame_levels
from moda_core.editing.eyes import set_blinks, set_gaze
from moda_core.editing.fading import fade, make_loop
from moda_core.editing.gestures import look, nod, shake
from moda_core.editing.idling import idle
from moda_core.editing.joining import concat
from moda_core.editing.lips import close_in_silence, modulate_released_lips, scale_lips
from moda_core.editing.mixing import mix
from moda_core.editing.pose import AxisAdjustment, adjust_pose
from moda_core.editing.pose_keys import PoseKey, apply_pose_keys
from moda_core.editing.retiming import retime
from moda_core.editing.script.director import direct
from moda_core.editing.script.script_parser import parse_script
from moda_core.editing.script.script_words import SCRIPT_WORDS
from moda_core.editing.smoothing import SavitzkyGolay, smooth
from moda_core.motion.files.motion_file import load_motion
from moda_core.motion.motion import FPS, Motion, released_stats
from moda_core.motion.regions import MOTION_REGIONS
from moda_core.runtime.threads import one_thread
from tests.parity.synthetic_weights import normal

from .progress import Progress
from .timing import best_seconds

DURATION_S = 600
NUM_FRAMES = DURATION_S * FPS
SAMPLE_RATE = 44100
REQUIRED_SECONDS = 0.2


def random_motion(seed: int) -> Motion:
    """Return motion in which everything moves."""
    stats = released_stats()
    return Motion(stats.denormalize(0.5 * normal(seed, (NUM_FRAMES, 70))), stats.mean[:63])


def template() -> bytes:
    """Return a LivePortrait template of so many frames, with six arrays each."""
    shapes = {"scale": (1, 1), "R": (1, 3, 3), "exp": (1, 21, 3), "t": (1, 3)}
    shapes |= {"kp": (1, 21, 3), "x_s": (1, 21, 3)}
    ones = {key: np.ones(shape, np.float32) for key, shape in shapes.items()}
    ones["R"] = np.eye(3, dtype=np.float32)[None]
    ratios = {"c_eyes_lst": np.ones((1, 2), np.float32), "c_lip_lst": np.ones((1, 1), np.float32)}
    content = {"n_frames": NUM_FRAMES, "output_fps": FPS}
    content["motion"] = [{key: one.copy() for key, one in ones.items()} for _ in range(NUM_FRAMES)]
    content |= {key: [one.copy() for _ in range(NUM_FRAMES)] for key, one in ratios.items()}
    return pickle.dumps(content, 4)


def script() -> str:
    """Return an action for each second, all words in turn."""
    words = [
        " ".join([name, *(["0.5"] * len(word.numbers))]) for name, word in SCRIPT_WORDS.items()
    ]
    return " ".join(f"[{second} {words[second % len(words)]}]" for second in range(DURATION_S))


def file_workloads(motion: Motion, folder: Path) -> dict:
    """Return the saving and the loading of each kind of file."""
    (folder / "template.pkl").write_bytes(template())
    names = ["motion.safetensors", "motion.json"]
    for name in names:
        motion.save(folder / name)
    return {
        **{f"save {name}": lambda name=name: motion.save(folder / name) for name in names},
        **{
            f"load {name}": lambda name=name: load_motion(folder / name)
            for name in [*names, "template.pkl"]
        },
    }


def workloads() -> dict:
    """Return the work of each function, with everything that it can do asked for."""
    motion, *others = (random_motion(seed) for seed in range(5))
    other_rates = [retime(other, fps=30) for other in others]
    fast = retime(motion, fps=60)
    level = normal(9, (NUM_FRAMES,)).abs().clamp(max=1)
    sound = 0.1 * normal(10, (1, DURATION_S * SAMPLE_RATE))
    keys = [
        PoseKey(second, axis, 10.0 * (-1) ** second)
        for second in range(DURATION_S)
        for axis in ("pitch", "yaw", "roll")
    ]
    axis = AxisAdjustment(gain=1.5, offset_deg=3, limit_deg=12)
    weights = {region: 0.2 * index + 0.2 for index, region in enumerate(MOTION_REGIONS)}
    return {
        "mix": lambda: mix(
            motion, **dict(zip(MOTION_REGIONS, other_rates, strict=True)), weights=weights
        ),
        "pose": lambda: adjust_pose(motion, axis, axis, axis, 0.5, 0.5),
        "pose keys": lambda: apply_pose_keys(motion, keys, "replace"),
        "nod": lambda: nod(motion, 1),
        "shake": lambda: shake(motion, 1),
        "look": lambda: look(motion, 1),
        "blinks": lambda: set_blinks(motion, 60, 1),
        "gaze": lambda: set_gaze(motion, "wander"),
        "lips": lambda: scale_lips(motion, 1.5),
        "silence": lambda: close_in_silence(motion, level, 0.5),
        "released lips": lambda: modulate_released_lips(motion),
        "one euro": lambda: smooth(motion, **weights),
        "one euro of a head at 60 fps": lambda: smooth(fast, head=1.0),
        "savitzky-golay": lambda: smooth(motion, SavitzkyGolay(), **weights),
        "retime": lambda: retime(motion, fps=30),
        "retime, linear": lambda: retime(motion, fps=30, interpolation="linear"),
        "fade": lambda: fade(motion),
        "loop": lambda: make_loop(motion),
        "idle": lambda: idle(DURATION_S),
        "director": lambda: direct(motion, parse_script(script()).events),
        "level of the sound": lambda: frame_levels(sound, SAMPLE_RATE, NUM_FRAMES, FPS),
        "concat": lambda: concat(
            [
                Motion(motion.values[start : start + 100], motion.rest)
                for start in range(0, NUM_FRAMES, 100)
            ]
        ),
    }


@torch.inference_mode()
def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure on one core; return the figures. Motion is always float32 on the CPU."""
    where = torch.device("cpu")
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        works = workloads() | file_workloads(random_motion(0), Path(folder))
        progress, seconds = Progress("direct", len(works)), {}
        for name, work in works.items():
            progress(name)
            seconds[name] = best_seconds(work, where, 3)
    return {
        "frames": NUM_FRAMES,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "slowest_seconds": max(seconds.values()),
        "required_seconds": REQUIRED_SECONDS,
        "slowest_is_fast_enough": max(seconds.values()) < REQUIRED_SECONDS,
    }
