"""A batch from its lines to its results: what is done is skipped, the rest is run."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...errors import OutputError
from .job import FAILED, Job, Result
from .job_file import Line
from .plan import UNFINISHED, Shard, plan
from .progress import BatchProgress, failures, table
from .results import Results
from .worker import Worker

# Runs jobs: (jobs, make_worker, on_tick) -> results, in the order in which they end.
OnTick = Callable[[list[float]], None]
RunJobs = Callable[[Sequence[Job], Callable[[], Worker], OnTick], Iterator[Result]]


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch: how many failed, a sentence for each failure, and a table."""

    num_failed: int
    failures: list[str]
    table: str


def run_batch(
    lines: Sequence[Line],
    folder: Path,
    inputs: Path,
    run_jobs: RunJobs,
    num_workers: int,
    common: Mapping[str, object] | None = None,
    shard: Shard | None = None,
    retry_failed: bool = False,
) -> BatchResult:
    """Run what is not done yet of a batch.

    Parameters
    ----------
    lines, inputs, common, shard
        See `plan`.
    folder : Path
        Where videos and results lie; made if it must be.
    run_jobs : callable
        Runs the jobs, such as `pool.run_jobs` with its workers.
    retry_failed : bool
        Whether to run again what failed before.

    Raises
    ------
    OutputError
        If the folder can't be written to.
    KeyboardInterrupt
        If the user stopped it; says how much is done.
    """
    start, shard = time.monotonic(), shard or Shard()
    _make_folder(folder)
    jobs, ended = plan(lines, folder, inputs, common, shard)
    results = Results(folder, shard.suffix)
    for result in ended:
        if results.failure(result.id) != result.sentence:
            results.append(result)
    to_run, failed_before, num_there = _left(jobs, results, retry_failed)
    progress, new = BatchProgress(to_run, num_workers), []
    try:
        with _empty_folder(folder / f"{UNFINISHED}{shard.suffix}") as unfinished:
            make_worker = partial(Worker, folder, unfinished)
            with closing(run_jobs(to_run, make_worker, progress.tick)) as running:
                for result in running:
                    results.append(result)
                    new.append(result)
                    progress.end(result)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Stopped; {len(new)} of {len(to_run)} jobs have ended. The same command goes on from "
            "here."
        ) from None
    ended = [*ended, *failed_before, *new]
    num_failed = sum(result.status == FAILED for result in ended)
    shown = table(ended, num_there, to_run, time.monotonic() - start)
    return BatchResult(num_failed, failures(ended, results.path), shown)


def _left(
    jobs: Sequence[Job], results: Results, retry_failed: bool
) -> tuple[list[Job], list[Result], int]:
    """Return the jobs to run, results of those that failed before, and how many are done."""
    to_run, failed, num_done = [], [], 0
    for job in jobs:
        sentence = results.failure(job.id)
        if results.done_output(job) is not None:
            num_done += 1
        elif sentence is not None and not retry_failed:
            failed.append(Result(job.id, job.line, job.output, FAILED, 0.0, sentence))
        else:
            to_run.append(job)
    return to_run, failed, num_done


@contextmanager
def _empty_folder(path: Path) -> Iterator[Path]:
    """Make a folder for the block; what a killed run has left there goes."""
    shutil.rmtree(path, ignore_errors=True)
    _make_folder(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder '{path}' can't be made ({error.strerror}). Name another place with -o."
        ) from error
