"""Which step of a benchmark is running, on stderr: stdout holds nothing but its figures."""

import sys
import time


class Progress:
    """Announces each step as it begins: `window: 3/6 plain products (41 s)`.

    Parameters
    ----------
    bench : str
        Name of the benchmark.
    num_steps : int
        Steps that it will announce.
    """

    def __init__(self, bench: str, num_steps: int):
        self.bench, self.num_steps = bench, num_steps
        self.step_index = 0
        self.started = time.monotonic()

    def __call__(self, step: str) -> None:
        """Announce the next step, with the seconds that went by before it."""
        self.step_index += 1
        count, elapsed_s = f"{self.step_index}/{self.num_steps}", time.monotonic() - self.started
        sys.stderr.write(f"{self.bench}: {count} {step} ({elapsed_s:.0f} s)\n")
        sys.stderr.flush()
