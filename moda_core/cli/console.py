"""What the command line shows: progress, and where the time went."""

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

REDRAW_S = 0.1
QUIET_STEP = 0.25  # share of the work between two lines where there is no terminal


def write_line(text: str = "", stream: TextIO | None = None) -> None:
    """Write one line, in ASCII where the stream is not UTF-8: other letters are spelled out."""
    stream = stream or sys.stdout
    utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8"
    stream.write((text if utf8 else text.encode("ascii", "backslashreplace").decode()) + "\n")
    stream.flush()


def shell_word(path: str | Path) -> str:
    """Return a path as it is written on a command line of this system."""
    text = str(path)
    return subprocess.list2cmdline([text]) if sys.platform == "win32" else shlex.quote(text)


def clock(seconds: float) -> str:
    """Return a time as m:ss, or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class ProgressBar:
    """A bar on a terminal, a line at every quarter elsewhere.

    Parameters
    ----------
    what : str
        Name of the work.
    stream : file, optional
        Default stderr.
    is_bytes : bool
        Whether bytes are counted, of which some may be there from an earlier run.
    """

    def __init__(self, what: str, stream: TextIO | None = None, is_bytes: bool = False):
        self.what, self.stream, self.is_bytes = what, stream or sys.stderr, is_bytes
        self.started = self.drawn = time.monotonic()
        self.reported, self.first = 0.0, None

    def __call__(self, done: int, total: int, left_s: float | None = None) -> None:
        """Show that `done` of `total` parts are finished; `left_s` seconds are left, if known."""
        if self.first is None:
            self.first = done if self.is_bytes else 0
        if self.stream.isatty():
            self._draw(done, total, left_s)
        elif done / total >= min(self.reported + QUIET_STEP, 1) > self.reported:
            self.reported = done / total
            left = "" if left_s is None or done == total else f", {clock(left_s)} left"
            write_line(f"{self.what}: {100 * done // total} %{left}", self.stream)

    def _draw(self, done: int, total: int, left_s: float | None) -> None:
        from tqdm import tqdm

        now = time.monotonic()
        if now - self.drawn < REDRAW_S and done < total:
            return
        self.drawn = now
        count = f"{done / 1e6:.0f}/{total / 1e6:.0f} MB" if self.is_bytes else f"{done}/{total}"
        left = "{remaining}" if left_s is None else clock(left_s)
        form = "{desc:<8}[{bar:30}] " + count + f", {left} left "
        bar = {"prefix": self.what, "bar_format": form, "ascii": ".#", "initial": self.first}
        line = tqdm.format_meter(done, total, now - self.started, **bar)
        self.stream.write(f"\r{line}" + "\n" * (done == total))
        self.stream.flush()
