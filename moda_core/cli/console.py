"""What the command line shows: progress, and where the time went."""

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

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
