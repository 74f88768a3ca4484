"""Same seed, same file: `talk` and a wide transformer, each in fresh processes.

The starter plays the beginning of the bundled example. The transformer is as wide as the released
one, so that its layers get the kernels of large layers, and has random weights.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from moda_core.example import PORTRAIT, SPEECH

from .progress import Progress

ROOT = Path(__file__).resolve().parents[2]
SECONDS = "0.4"
WIDE = """
import hashlib, torch
from dataclasses import replace
from moda_core.mmdit.config import RELEASED
from moda_core.mmdit.linear import CPUOperations, choose_kernels
from moda_core.mmdit.model import MotionMMDiT
from moda_core.runtime.layers import Layers
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion
torch.manual_seed(0)
config = replace(RELEASED, num_four_stream=1, num_double_stream=1, num_single_stream=1)
network = MotionMMDiT(config, Layers(CPUOperations)).eval().requires_grad_(False)
choose_kernels(network)
conditions = Conditions(torch.randn(40, 12, 768), torch.randn(63), torch.randn(1, 1, 70))
motion = sample_motion(network, torch.randn(768), conditions, SamplingOptions(num_steps=2))
print(hashlib.sha256(motion.numpy().tobytes()).hexdigest())
"""


def run(num_runs: str = "20", device: str = "cpu", dtype: str = "float32") -> dict:
    """Compare; return how many different results there were."""
    videos, motions = set(), set()
    progress = Progress("same-file", int(num_runs))
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "out.mp4"
        talk = ["-m", "moda_core", "talk", PORTRAIT, SPEECH, "-o", video, "--seconds", SECONDS]
        for _ in range(int(num_runs)):
            progress("talk, and a wide transformer")
            subprocess.run(
                [sys.executable, *map(str, talk)], cwd=ROOT, check=True, capture_output=True
            )
            videos.add(hashlib.sha256(video.read_bytes()).hexdigest())
            done = subprocess.run(
                [sys.executable, "-c", WIDE], cwd=ROOT, check=True, capture_output=True, text=True
            )
            motions.add(done.stdout.strip())
    figures = {"runs": int(num_runs), "videos": len(videos), "motions": len(motions)}
    return {**figures, "required": {"videos": 1, "motions": 1}}
