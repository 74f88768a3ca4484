"""How long the rest of a batch will take, and the table at its end."""

from collections import Counter
from collections.abc import Sequence

from ..console import ProgressBar, clock
from .job import DONE, FAILED, Job, Result

SHOWN_FAILURES = 20


class Estimate:
    """Time left, from the time that each second of sound has taken so far.

    What was done by earlier runs, what failed, and the start of the workers do not count. Jobs
    whose length is unknown count like the mean of the others.

    Parameters
    ----------
    jobs : sequence of Job
        Those of this run.
    """

    def __init__(self, jobs: Sequence[Job], num_workers: int):
        known = [job.sound_s for job in jobs if job.sound_s is not None]
        mean = sum(known) / len(known) if known else 1.0
        self._sizes = {job.id: mean if job.sound_s is None else job.sound_s for job in jobs}
        self._left, self._num_workers = sum(self._sizes.values()), num_workers
        self._done, self._seconds = 0.0, 0.0

    def end(self, result: Result) -> None:
        """Take in the result of a job."""
        size = self._sizes.pop(result.id)
        self._left -= size
        if result.status == DONE:
            self._done += size
            self._seconds += result.seconds

    def seconds_left(self, running: Sequence[float] = ()) -> float | None:
        """Return how many seconds are left, or None before the first clip is done.

        `running` has the seconds that each running job has taken so far.
        """
        if not self._done:
            return None
        mean_s = self._seconds / self._done * self._left / max(len(self._sizes), 1)
        work_s = mean_s * len(self._sizes) - sum(min(spent, mean_s) for spent in running)
        return work_s / max(1, min(self._num_workers, len(self._sizes)))


class BatchProgress:
    """A progress bar over the clips of a run."""

    def __init__(self, jobs: Sequence[Job], num_workers: int):
        self._bar, self._total, self._ended = ProgressBar("clips"), len(jobs), 0
        self._estimate = Estimate(jobs, num_workers)

    def end(self, result: Result) -> None:
        """Show that a job has ended."""
        self._estimate.end(result)
        self._ended += 1
        self._bar(self._ended, self._total, self._estimate.seconds_left())

    def tick(self, running: list[float]) -> None:
        """Show the time left again."""
        if self._ended < self._total:
            self._bar(self._ended, self._total, self._estimate.seconds_left(running))


def table(results: Sequence[Result], num_there: int, jobs: Sequence[Job], wall_s: float) -> str:
    """Return the table at the end of a run.

    Parameters
    ----------
    results : sequence of Result
        Of this run, with the lines that are no jobs, and failures of earlier runs.
    num_there : int
        Clips that were done before.
    jobs : sequence of Job
        Those of this run.
    wall_s : float
        What the run took, in seconds.
    """
    count = Counter(result.status for result in results)
    made = {result.id for result in results if result.status == DONE}
    sound_s = sum(job.sound_s or 0.0 for job in jobs if job.id in made)
    lines = [
        f"{'done':<16}{count[DONE]:>8}",
        f"{'done before':<16}{num_there:>8}",
        f"{'failed':<16}{count[FAILED]:>8}",
        f"{'time':<16}{clock(wall_s):>8}",
    ]
    if made:
        lines.append(f"{'speech':<16}{clock(sound_s):>8}, {sound_s / wall_s:.2f} of real time")
    return "\n".join(lines)


def failures(results: Sequence[Result], path) -> list[str]:
    """Return a sentence for each failure, with its line's number; the rest is in a file."""
    failed = sorted((each for each in results if each.status == FAILED), key=lambda e: e.line)
    lines = [f"Line {each.line}: {each.sentence}" for each in failed[:SHOWN_FAILURES]]
    if len(failed) > SHOWN_FAILURES:
        lines.append(f"{len(failed) - SHOWN_FAILURES} more failures are listed in '{path}'.")
    return lines
