"""Jobs shared among processes of this machine, each of which loads its models once.

`run_jobs` turns jobs into results, in the order in which they end. Another way to run them, such as
on a cluster, is another function of that form, a `RunJobs` of `batch.py`, around `Worker.run`.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from .job import FAILED, Job, Result

if TYPE_CHECKING:
    from .worker import Worker

ATTEMPTS = 2  # at a job during which the process itself ended
TICK_S = 0.5
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# On Linux workers are forked from a process that has nothing but the libraries, which are so loaded
# once, and while the jobs are being read. Elsewhere a fork is not safe with them.
METHOD = "forkserver" if sys.platform == "linux" else "spawn"


def num_cores() -> int:
    """Return how many cores this process may use; `OMP_NUM_THREADS` lowers it."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1


def warm_up() -> None:
    """Begin to load in the background what workers need."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        multiprocessing.set_forkserver_preload([f"{__package__}.preload"])
        with _one_thread():
            forkserver.ensure_running()


@dataclass
class _Process:
    process: multiprocessing.Process
    connection: Connection
    subject: str = ""
    job: Job | None = None
    started_at: float = 0.0

    def give(self, job: Job | None) -> None:
        """Send a job, or None to end the process."""
        self.job, self.started_at = job, time.monotonic()
        self.subject = job.subject if job else ""
        with suppress(OSError):  # it has just ended, which the next `wait` tells
            self.connection.send(job)


class Waiting:
    """Jobs that wait; those of one portrait go to one worker as far as that keeps all busy."""

    def __init__(self, jobs: Sequence[Job]):
        self._jobs: dict[str, deque[Job]] = {}
        self._count = 0
        for job in jobs:
            self.add(job)

    def __len__(self) -> int:
        return self._count

    def add(self, job: Job) -> None:
        """Add a job."""
        self._jobs.setdefault(job.subject, deque()).append(job)
        self._count += 1

    def take(self, subject: str, elsewhere: set[str]) -> Job:
        """Remove and return a job: of a subject, else of none of those that others have."""
        if subject not in self._jobs:
            free = next((each for each in self._jobs if each not in elsewhere), None)
            if free is None:
                free = max(self._jobs, key=lambda each: len(self._jobs[each]))
            subject = free
        job = self._jobs[subject].popleft()
        self._count -= 1
        if not self._jobs[subject]:
            del self._jobs[subject]
        return job


def run_jobs(
    jobs: Sequence[Job],
    make_worker: Callable[[], "Worker"],
    on_tick: Callable[[list[float]], None],
    num_workers: int,
    threads: int,
) -> Iterator[Result]:
    """Yield the results of jobs; closing the iterator ends the workers at once.

    A job during which its process ends, for lack of memory for example, is tried once more in a new
    one, then has failed.

    Parameters
    ----------
    make_worker : callable () -> Worker
        Called in each process; can be sent to it.
    on_tick : callable (list of float)
        Called a few times a second with how long each running job has taken, in seconds.
    num_workers : int
        At least 1.
    threads : int
        Each process's share.
    """
    warm_up()
    waiting, attempts, processes, ended = Waiting(jobs), {}, [], []

    def start() -> None:
        processes.append(_start(make_worker, threads))

    def feed(worker: _Process) -> None:
        others = {each.subject for each in processes if each is not worker}
        worker.give(waiting.take(worker.subject, others))

    def replace_dead(worker: _Process) -> Iterator[Result]:
        processes.remove(worker)
        worker.process.join()
        job, code = worker.job, worker.process.exitcode
        attempts[job.id] = attempts.get(job.id, 0) + 1
        if attempts[job.id] < ATTEMPTS:
            waiting.add(job)
        else:
            seconds = round(time.monotonic() - worker.started_at, 3)
            yield Result(job.id, job.line, job.output, FAILED, seconds, _end_of_process(code))
        if waiting:
            start()
            feed(processes[-1])

    try:
        for _ in range(min(num_workers, len(jobs))):
            start()
            feed(processes[-1])
        while processes:
            by_connection = {worker.connection: worker for worker in processes}
            for connection in wait(list(by_connection), TICK_S):
                worker = by_connection[connection]
                try:
                    result = connection.recv()
                except (EOFError, OSError):
                    yield from replace_dead(worker)
                    continue
                if waiting:
                    feed(worker)
                else:
                    processes.remove(worker)
                    ended.append(worker)
                    worker.give(None)
                yield result
            now = time.monotonic()
            on_tick([now - worker.started_at for worker in processes])
    finally:
        for worker in processes:
            worker.process.kill()
        for worker in processes + ended:
            worker.process.join()
            worker.connection.close()


def _start(make_worker: Callable[[], "Worker"], threads: int) -> _Process:
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context(METHOD)
    process = context.Process(target=_work, args=(theirs, threads))
    process.start()
    theirs.close()  # so that its end is noticed
    with suppress(OSError):
        ours.send(make_worker)
    return _Process(process, ours)


def _work(connection: Connection, threads: int) -> None:
    """Answer jobs until there are no more, in a process of its own."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started this ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker = connection.recv()()
    import torch  # perhaps loaded before this process began

    torch.set_num_threads(threads)
    while (job := connection.recv()) is not None:
        connection.send(worker.run(job))


def _end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, however that was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _end_of_process(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        how = f"was ended by the signal {name}"
    else:
        how = f"ended with the status {code}"
    return (
        f"The worker {how} during this job, {ATTEMPTS} times. If memory ran out, use fewer workers."
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let libraries of processes that are started in the block make no threads of their own."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
