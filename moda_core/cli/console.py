"""What the command line shows: progress, and where the time went."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

STAGES = ("set-up", "audio", "motion", "render", "encode")
BAR_WIDTH = 30
REDRAW_S = 0.1
QUIET_STEP = 0.25  # share of the work between two lines where there is no terminal


def write_line(text: str = "", stream: TextIO | None = None) -> None:
    """Write one line, in ASCII where the stream is not UTF-8: other letters are spelled out.

    Parameters
    ----------
    text : str
        Without the line's end.
    stream : file, optional
        Default stdout.
    """
    stream = stream or sys.stdout
    utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8"
    stream.write((text if utf8 else text.encode("ascii", "backslashreplace").decode()) + "\n")
    stream.flush()


def shell_word(path: str | Path) -> str:
    """Return a path as it is written on a command line of this system."""
    text = str(path)
    return subprocess.list2cmdline([text]) if sys.platform == "win32" else shlex.quote(text)


class ProgressBar:
    """A bar on a terminal, a line at every quarter elsewhere.

    Parameters
    ----------
    what : str
        Name of the work.
    stream : file, optional
        Default stderr.
    """

    def __init__(self, what: str, stream: TextIO | None = None):
        self.what, self.stream = what, stream or sys.stderr
        self.started = self.drawn = time.monotonic()
        self.reported = 0.0
        self.first = 0  # what was done before this run

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` parts are finished."""
        if self.stream.isatty():
            self._draw(done, total)
        elif done / total >= min(self.reported + QUIET_STEP, 1) > self.reported:
            self.reported = done / total
            write_line(f"{self.what}: {100 * done // total} %", self.stream)

    def _draw(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.drawn < REDRAW_S and done < total:
            return
        self.drawn = now
        filled = BAR_WIDTH * done // total
        left = (now - self.started) * (total - done) / max(done - self.first, 1)
        left = f"{left:.0f}" if done > self.first else "?"
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        count = self._count(done, total)
        self.stream.write(f"\r{self.what:<8}[{bar}] {count}, {left} s left ")
        self.stream.write("\n" if done == total else "")
        self.stream.flush()

    def _count(self, done: int, total: int) -> str:
        return f"{done}/{total}"


class ByteBar(ProgressBar):
    """A bar of bytes, of which some may be there from an earlier run."""

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` bytes are there."""
        self.first = min(self.first or done, done)
        super().__call__(done, total)

    def _count(self, done: int, total: int) -> str:
        return f"{done / 1e6:.0f}/{total / 1e6:.0f} MB"


class Stopwatch:
    """Adds up the seconds of each stage of a run; set-up began when `run.py` did."""

    def __init__(self):
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.started_at = float(os.environ.get("MODA_STARTED_AT", time.time()))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block to a stage.

        Parameters
        ----------
        name : str
            One of `STAGES`.

        Yields
        ------
        None

        Raises
        ------
        KeyError
            At the end of the block, if there is no such stage.
        """
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def end_set_up(self) -> None:
        """Count everything since the start to the set-up."""
        self.seconds["set-up"] = time.time() - self.started_at

    def table(self, num_frames: int, fps: float) -> str:
        """Describe the stages' times, the speed and the peak memory.

        Parameters
        ----------
        num_frames : int
            Frames that were made.
        fps : float
            Frames a second of the video, above 0.

        Returns
        -------
        str
            Lines of text: seconds, frames a second, and MiB.
        """
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
        return _peak_memory_windows()
    try:
        # Not `getrusage`, whose peak on Linux includes that of the parent process.
        status = Path("/proc/self/status").read_text("utf-8")
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    except (OSError, TypeError):
        import resource  # absent on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _peak_memory_windows() -> int | None:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = [("cb", wintypes.DWORD), ("PageFaultCount", wintypes.DWORD)] + [
            (name, ctypes.c_size_t)
            for name in (
                "PeakWorkingSetSize",
                "WorkingSetSize",
                "QuotaPeakPagedPoolUsage",
                "QuotaPagedPoolUsage",
                "QuotaPeakNonPagedPoolUsage",
                "QuotaNonPagedPoolUsage",
                "PagefileUsage",
                "PeakPagefileUsage",
            )
        ]

    counters = Counters(cb=ctypes.sizeof(Counters))
    process = ctypes.windll.kernel32.GetCurrentProcess
    process.restype = wintypes.HANDLE
    read = ctypes.windll.psapi.GetProcessMemoryInfo
    read.argtypes = (wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD)
    found = read(process(), ctypes.byref(counters), counters.cb)
    return counters.PeakWorkingSetSize if found else None
