"""Progress and the table of times."""

import io
import subprocess
import sys

import pytest

from moda_core.cli.console import ProgressBar, write_line
from moda_core.runtime.stopwatch import STAGES, Stopwatch, peak_memory


class Console(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def run(terminal, total=100):
    stream = Console(terminal)
    progress = ProgressBar("motion", stream)
    for done in range(1, total + 1):
        progress(done, total)
    return stream.getvalue()


def test_without_a_terminal_there_is_a_line_at_every_quarter():
    lines = run(terminal=False).splitlines()

    assert lines == ["motion: 25 %", "motion: 50 %", "motion: 75 %", "motion: 100 %"]


def test_on_a_terminal_the_bar_ends_full():
    shown = run(terminal=True)

    assert "\r" in shown
    assert shown.endswith("\n")
    assert "[" + "#" * 30 + "] 100/100" in shown


def test_a_name_with_braces_is_shown_as_it_is():
    stream = Console(terminal=True)

    ProgressBar("net{x}", stream)(1, 1)

    assert stream.getvalue().startswith("\rnet{x}  [")


def test_bytes_are_counted_in_megabytes():
    stream = Console(terminal=True)

    ProgressBar("net-200", stream, is_bytes=True)(2_400_000, 2_400_000)

    assert "] 2/2 MB" in stream.getvalue()


def test_the_time_left_does_not_count_what_was_there_before(monkeypatch):
    clock = iter([0.0, 10.0, 20.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    stream = Console(terminal=True)
    bar = ProgressBar("net-200", stream, is_bytes=True)

    bar(90, 100)
    bar(95, 100)

    assert stream.getvalue().endswith("00:20 left ")


def test_the_end_is_told_once():
    stream = Console(terminal=False)
    progress = ProgressBar("motion", stream)

    for _ in range(3):
        progress(4, 4)

    assert stream.getvalue() == "motion: 100 %\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", b"na\\xefve \\u2713\n"),
        ("cp1252", b"na\\xefve \\u2713\n"),
        ("utf-8", "na\u00efve \u2713\n".encode()),
    ],
)
def test_output_is_ascii_where_the_console_is_not_utf8(encoding, expected):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)

    write_line("na\u00efve \u2713", stream)

    assert stream.buffer.getvalue() == expected


def test_table_names_every_stage_speed_and_memory(monkeypatch):
    monkeypatch.setenv("MODA_STARTED_AT", "100")
    monkeypatch.setattr("time.time", lambda: 111.0)
    stopwatch = Stopwatch()
    stopwatch.seconds = dict(zip(STAGES, (1.0, 0.5, 1.5, 6.0, 2.0), strict=True))

    table = stopwatch.table(num_frames=250, fps=25)

    assert all(stage in table for stage in STAGES)
    assert "25.0 frames a second" in table
    assert "1.00 of real time" in table
    assert "peak memory" in table


def test_stages_add_up(monkeypatch):
    clock = iter([0.0, 2.0, 10.0, 13.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    stopwatch = Stopwatch()

    for _ in range(2):
        with stopwatch.stage("render"):
            pass

    assert stopwatch.seconds["render"] == 5.0


def test_peak_memory_grows_with_what_is_held():
    code = (
        "from moda_core.runtime.stopwatch import peak_memory\n"
        "before = peak_memory(); held = bytearray(300 * 2**20); held[:: 2**12] = b'x' * 76800\n"
        "print(peak_memory() - before)"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert 280 * 2**20 < int(result.stdout) < 400 * 2**20


def test_peak_memory_on_windows_is_unknown_without_psutil(monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setitem(sys.modules, "psutil", None)

    assert peak_memory() is None
