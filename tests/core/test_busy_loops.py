"""The load that `bench busy` makes."""

import subprocess
import sys

from tests.bench.bench_busy import LIMIT_S, ROOT, busy_loops


def test_busy_loops_run_during_the_block_and_not_after_it():
    with busy_loops(2) as loops:
        during = [loop.poll() for loop in loops]

    assert during == [None, None]
    assert [loop.poll() for loop in loops] == [0, 0]


def test_a_busy_loop_ends_at_its_limit():
    with busy_loops(1, limit_s=0.1) as loops:
        status = loops[0].wait(timeout=60)

    assert status == 0


def test_a_busy_loop_ends_with_its_parent():
    parent = (
        "import os; from tests.bench.bench_busy import LIMIT_S, ROOT, busy_loops\n"
        "with busy_loops(1): os._exit(1)"
    )

    # The loop has the same stderr, so that this returns when both have ended.
    ended = subprocess.run(
        [sys.executable, "-c", parent], cwd=ROOT, capture_output=True, timeout=LIMIT_S / 2
    )

    assert (ended.returncode, ended.stderr) == (1, b"")
