"""Jobs shared among the workers of a Ray cluster, each of which loads its models once.

The interface is that of `pool.py`. Paths travel and frames never do: a worker reads inputs from
storage that all nodes see and writes videos there, under their final names only when complete. The
process that calls `run_jobs` hands out a job to each worker that has none and takes its result, so
what is in flight is bounded by the workers. A worker that ends is started again by Ray, where there
is room for it; what it was doing goes to others.
"""

import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import MoDAError
from .job import FAILED, Job, Result
from .pool import THREAD_VARIABLES, TICK_S, Waiting
from .ray_cluster import Share, variables

if TYPE_CHECKING:
    from .worker import Worker

ATTEMPTS = 3  # at a job during which its worker ended; nodes come and go
CHECKED_JOBS = 1000  # whose folders of inputs each node must see
START_S = 300.0  # until one worker of all runs

logger = logging.getLogger(__name__)


class RayWorker:
    """A worker in a process of its own on some node of the cluster."""

    def __init__(self, make_worker: Callable[[], "Worker"], threads: int):
        import ray
        import torch

        torch.set_num_threads(threads)
        self._worker = make_worker()
        self._node = f"{socket.gethostname()} ({ray.util.get_node_ip_address()})"

    def start(self, folders: Sequence[Path]) -> tuple[str, Path | None]:
        """Return the node's name, and the first folder that it needs and does not see."""
        needed = [self._worker.unfinished, *folders]
        return self._node, next((path for path in needed if not path.is_dir()), None)

    def run(self, job: Job) -> Result:
        """Make a clip; a failure names the node."""
        result = self._worker.run(job)
        if result.status != FAILED:
            return result
        return replace(result, sentence=f"On the node {self._node}: {result.sentence}")


@dataclass
class _Actor:
    """What this process knows of a worker."""

    handle: Any
    node: str = "?"
    subject: str = ""
    job: Job | None = None
    started_at: float = 0.0


def run_jobs(
    jobs: Sequence[Job],
    make_worker: Callable[[], "Worker"],
    on_tick: Callable[[list[float]], None],
    share: Share,
    start_s: float = START_S,
) -> Iterator[Result]:
    """Yield the results of jobs; closing the iterator ends the workers.

    A job during which its worker ends is tried again elsewhere, and has failed after three times.
    A node that does not see the folders of inputs, or that for unfinished files, is left out with
    a warning.

    Parameters
    ----------
    make_worker : callable () -> Worker
        Called in each worker's process; can be sent to it.
    on_tick : callable (list of float)
        Called a few times a second with how long each running job has taken, in seconds.
    share : Share
        Of the cluster that this process has joined.
    start_s : float
        How long to wait for a worker when none runs.

    Raises
    ------
    MoDAError
        If there is no worker left, or none starts in time.
    """
    run = _Run(jobs, _actor_maker(make_worker, share), share, start_s)
    try:
        yield from run.results(on_tick)
    finally:
        run.end()


def _actor_maker(make_worker: Callable[[], "Worker"], share: Share) -> Callable[[], Any]:
    import ray

    threads = dict.fromkeys(THREAD_VARIABLES, str(share.cores))
    actor_class = ray.remote(RayWorker).options(
        num_cpus=share.cores,
        num_gpus=share.gpus,
        max_restarts=-1,  # of which `ATTEMPTS` and the time limit leave no endless ones
        runtime_env={"env_vars": variables(threads)},
    )
    return lambda: actor_class.remote(make_worker, share.cores)


class _Run:
    """The state of `run_jobs`."""

    def __init__(
        self,
        jobs: Sequence[Job],
        make_actor: Callable[[], Any],
        share: Share,
        start_s: float,
    ):
        self._waiting, self._attempts = Waiting(jobs), Counter()
        self._folders = _input_folders(jobs[:CHECKED_JOBS])
        self._share, self._start_s = share, start_s
        self._problems: list[str] = []
        self._awaited: dict[Any, _Actor] = {}  # by the reference to their next answer
        self._idle: list[_Actor] = []
        self._active_at = time.monotonic()  # when a worker was there last
        for _ in range(min(share.num_workers, len(jobs))):
            self._begin(_Actor(make_actor()))

    def results(self, on_tick: Callable[[list[float]], None]) -> Iterator[Result]:
        """Yield each job's result as it comes."""
        while self._waiting or self._running():
            results = [result for ref in self._answered() for result in self._take(ref)]
            while self._waiting and self._idle:
                self._give(self._idle.pop())
            yield from results
            self._check_alive()
            now = time.monotonic()
            on_tick([now - actor.started_at for actor in self._running()])

    def end(self) -> None:
        """End all workers."""
        import ray

        for actor in [*self._awaited.values(), *self._idle]:
            ray.kill(actor.handle)

    def _running(self) -> list[_Actor]:
        return [actor for actor in self._awaited.values() if actor.job is not None]

    def _begin(self, actor: _Actor) -> None:
        """Await a worker's start, or that it is started again; however long that takes."""
        start = actor.handle.start.options(max_task_retries=-1)
        self._awaited[start.remote(self._folders)] = actor

    def _give(self, actor: _Actor) -> None:
        others = {each.subject for each in self._running()}
        actor.job, actor.started_at = self._waiting.take(actor.subject, others), time.monotonic()
        actor.subject = actor.job.subject
        self._awaited[actor.handle.run.remote(actor.job)] = actor

    def _answered(self) -> list[Any]:
        import ray

        awaited = list(self._awaited)
        if not awaited:
            return []
        answered, _ = ray.wait(awaited, timeout=TICK_S)
        if answered:  # and what else is there
            answered, _ = ray.wait(awaited, num_returns=len(awaited), timeout=0)
        return answered

    def _take(self, ref: Any) -> Iterator[Result]:
        """Take a worker's answer, which may be that it has ended."""
        import ray

        actor = self._awaited.pop(ref)
        job, actor.job = actor.job, None
        try:
            answer = ray.get(ref)
        except ray.exceptions.RayError as error:
            if job is None:
                self._leave_out(f"A worker can't start: {_last_line(error)}")
            else:
                yield from self._lost(actor, job)
                self._begin(actor)
            return
        if job is not None:
            yield answer
        else:
            actor.node, missing = answer
            if missing is not None:
                ray.kill(actor.handle)
                self._leave_out(
                    f"The node {actor.node} does not see the folder '{missing}'. Use storage that "
                    "all nodes see, at the same place."
                )
                return
        self._idle.append(actor)

    def _lost(self, actor: _Actor, job: Job) -> Iterator[Result]:
        """Give up a job of a worker that has ended, or let it wait for another one."""
        self._attempts[job.id] += 1
        if self._attempts[job.id] < ATTEMPTS:
            self._waiting.add(job)
            return
        sentence = (
            f"The worker ended during this job, {ATTEMPTS} times, last on the node {actor.node}. "
            "If memory ran out, use fewer workers for each node, with a larger --threads."
        )
        seconds = round(time.monotonic() - actor.started_at, 3)
        yield Result(job.id, job.line, job.output, FAILED, seconds, sentence)

    def _leave_out(self, problem: str) -> None:
        if problem not in self._problems:
            self._problems.append(problem)
            logger.warning("%s It is left out.", problem)

    def _check_alive(self) -> None:
        """Raise MoDAError if there is no worker for what waits."""
        now = time.monotonic()
        if self._idle or self._running() or not self._waiting:
            self._active_at = now
        elif not self._awaited:
            raise MoDAError(f"No worker is left. {self._problems[-1]}")
        elif now - self._active_at > self._start_s:
            raise MoDAError(
                f"No worker has started for {self._start_s:.0f} s. Each needs {self._share}: 'ray "
                "status' tells what the cluster has, and what else is in use."
            )


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _input_folders(jobs: Sequence[Job]) -> list[Path]:
    from ..talk_request import read_request
    from .job_arguments import parse_arguments

    requests = (read_request(parse_arguments(job.arguments)) for job in jobs)
    inputs = (path for request in requests for path in request.inputs)
    return sorted({Path(os.path.abspath(path)).parent for path in inputs})
