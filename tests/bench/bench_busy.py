"""Time of `talk` on the example with a busy loop on each core, over that on an idle machine.

The loops take half of each core, so twice the time is a fair share. Threads that spin while they
wait for one another take far more.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moda_core.example import PORTRAIT, SPEECH

from .progress import Progress
from .timing import num_cores

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 2
REQUIRED = 2.0
LIMIT_S = 120  # after which a loop ends in any case

# Ends at its limit, or when its stdin does: with its parent at the latest.
LOOP = """
import os, sys, threading, time
end = time.monotonic() + float(sys.argv[1])
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print("running", flush=True)
while time.monotonic() < end:
    pass
"""


@contextmanager
def busy_loops(count: int, limit_s: float = LIMIT_S) -> Iterator[list[subprocess.Popen]]:
    """Keep `count` processes computing during the block; yield them once all run."""
    command = [sys.executable, "-c", LOOP, str(limit_s)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    loops = [subprocess.Popen(command, **pipes) for _ in range(count)]
    try:
        for loop in loops:
            loop.stdout.readline()
        yield loops
    finally:
        for loop in loops:
            loop.communicate()


def talk_seconds(video: Path, device: str) -> float:
    """Return the seconds of one `talk`, start of the process included."""
    command = [sys.executable, "-m", "moda_core", "talk", str(PORTRAIT), str(SPEECH)]
    command += ["-o", str(video), "--device", device]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    cores = num_cores()
    progress = Progress("busy", 2 * REPEATS)
    seconds = {"idle": [], "busy": []}
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "out.mp4"
        for _ in range(REPEATS):
            for name, num_loops in (("idle", 0), ("busy", cores)):
                progress(f"talk with {num_loops} busy loops")
                with busy_loops(num_loops):
                    seconds[name].append(talk_seconds(video, device))
    idle_s, busy_s = (min(times) for times in seconds.values())
    return {
        "dtype": "float32",
        "busy_loops": cores,
        "idle_s": idle_s,
        "busy_s": busy_s,
        "ratio": busy_s / idle_s,
        "required_at_most": REQUIRED,
    }
