"""Memory that the full-size speech encoder takes on a piece of 60 s, above its weights."""

import ctypes
import json
import subprocess
import sys
import time
from pathlib import Path

import torch

from moda_core.runtime.stopwatch import peak_memory

from .progress import Progress
from .stand_in_encoder import random_encoder

REQUIRED_MB = 600
SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]


def reset_peak() -> None:
    """Give back what the allocator holds, and make the peak of memory that of now."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def measure(device: str, dtype: str) -> dict:
    """Encode noise in this process; return the figures."""
    torch.manual_seed(0)
    encoder = random_encoder(sizes={}).to(device, getattr(torch, dtype))
    waveform = 0.1 * torch.randn(16000 * SECONDS)
    encoder.encode(waveform[:16000])  # what libraries set up once does not count
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    else:
        reset_peak()
        before = peak_memory()
    start = time.perf_counter()
    features = encoder.encode(waveform)
    seconds = time.perf_counter() - start
    after = torch.cuda.max_memory_allocated() if on_gpu else peak_memory()
    return {
        "above_weights_mb": (after - before) / 1e6,
        "of_it_features_mb": 0 if on_gpu else features.nbytes / 1e6,
        "seconds_per_10_s": 10 * seconds / SECONDS,
    }


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure in a process of its own; return the figures."""
    if sys.platform != "linux":
        raise RuntimeError("The peak of memory can only be reset on Linux.")
    Progress("audio-memory", 1)(f"encode {SECONDS} s of noise")
    command = [sys.executable, "-m", __name__, device, dtype]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return {**json.loads(result.stdout.splitlines()[-1]), "required_at_most_mb": REQUIRED_MB}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(*sys.argv[1:])) + "\n")
