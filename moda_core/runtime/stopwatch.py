"""The time of a run by stages, and its peak memory."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STAGES = ("set-up", "audio", "motion", "render", "encode")


class Stopwatch:
    """Adds up the seconds of each stage of a run; the set-up started with `run.py`."""

    def __init__(self):
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.started_at = float(os.environ.get("MODA_STARTED_AT", time.time()))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage of `STAGES`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def end_set_up(self) -> None:
        """Count all time since the start as set-up."""
        self.seconds["set-up"] = time.time() - self.started_at

    def table(self, num_frames: int, fps: float) -> str:
        """Return lines with the stages' times in seconds, the speed, and the peak memory in MiB."""
        lines = [f"{name:<8}{seconds:>8.1f} s" for name, seconds in self.seconds.items()]
        total = time.time() - self.started_at
        work = total - self.seconds["set-up"]
        lines.append(f"{'total':<8}{total:>8.1f} s")
        speed = num_frames / max(work, 1e-9)
        lines.append(
            f"{num_frames} frames, {speed:.1f} frames a second after set-up "
            f"({speed / fps:.2f} of real time), {num_frames / max(total, 1e-9):.1f} with it"
        )
        memory = peak_memory()
        lines.append(f"peak memory {memory / 2**20:.0f} MiB" if memory else "peak memory unknown")
        return "\n".join(lines)


def peak_memory() -> int | None:
    """Return the largest resident memory of this process so far.

    Returns
    -------
    int or None
        Bytes; None where it is not known.
    """
    if sys.platform == "win32":
        try:
            import psutil
        except ImportError:
            return None
        return psutil.Process().memory_info().peak_wset
    try:
        # Not `getrusage`, whose peak on Linux includes that of the parent process.
        status = Path("/proc/self/status").read_text("utf-8")
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    except (OSError, TypeError):
        import resource  # absent on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
