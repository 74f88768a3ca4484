"""A batch on a cluster as a simulation of discrete events.

Three things are shared and serve one request after another, in the order in which they come: each
driver, which plans the jobs, hands them out and takes their results; and the storage, from which
models and inputs are read and to which videos are written. Workers do one job at a time.
"""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field
from itertools import count

ATTEMPTS = 3


@dataclass(frozen=True)
class Costs:
    """What one thing takes, in seconds and bytes.

    Parameters
    ----------
    line_s, job_s : float
        To understand a line, which every driver does for all, and to make it a job, which each does
        for its own.
    handle_s, watch_s : float
        Of a driver for each result: once, and for each of the workers that it waits for.
    start_s, load_s : float
        Of a worker: until it can read models, and to make them ready, reading aside.
    model_bytes, read_bytes, write_bytes : float
        Of all models, and of the inputs and outputs of a clip.
    clip_s : float
        To make a clip, reading and writing aside.
    bandwidth : float
        Of the storage, in bytes a second.
    worker_bandwidth : float
        The most of it that one worker gets.
    """

    clip_s: float
    line_s: float = 0.0
    job_s: float = 0.0
    handle_s: float = 0.0
    watch_s: float = 0.0
    start_s: float = 0.0
    load_s: float = 0.0
    model_bytes: float = 0.0
    read_bytes: float = 0.0
    write_bytes: float = 0.0
    bandwidth: float = math.inf
    worker_bandwidth: float = math.inf


@dataclass(frozen=True)
class Scene:
    """Who works, and what goes wrong.

    Parameters
    ----------
    num_jobs, num_workers : int
    num_drivers : int
        Shards, each with its share of workers and jobs.
    slow_share, slowness : float
        The share of workers that are slower, and how many times.
    spread : float
        Standard deviation of the logarithm of a clip's time, whose mean stays.
    failures_per_hour : float
        Of each worker while it works; its job is lost, and it starts again.
    away_s : float
        How long a worker that failed is away before it starts.
    deadly_jobs : int
        Jobs that end every worker which tries them.
    """

    num_jobs: int
    num_workers: int
    num_drivers: int = 1
    slow_share: float = 0.0
    slowness: float = 1.0
    spread: float = 0.0
    failures_per_hour: float = 0.0
    away_s: float = 0.0
    deadly_jobs: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of a simulated batch.

    Parameters
    ----------
    total_s : float
        From the command to the last result.
    planning_s : float
        Of it, before the first worker gets a job.
    of_ideal : float
        The time of all clips, shared among the workers, over the total; 1 is perfect.
    loading, lost : float
        Shares of all the workers' time, for models and for jobs that were lost.
    driver, storage : float
        Shares of the total in which the busiest driver and the storage were at work.
    tail_s : float
        Between the first time that a worker finds no job and the last result.
    done, failed : int
        Jobs by their result.
    """

    total_s: float
    planning_s: float
    of_ideal: float
    loading: float
    lost: float
    driver: float
    storage: float
    tail_s: float
    done: int
    failed: int


@dataclass
class _Server:
    """Serves one request after another."""

    free_at: float = 0.0
    busy_s: float = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """Return when a request that comes now has been served."""
        self.free_at = max(now, self.free_at) + seconds
        self.busy_s += seconds
        return self.free_at


@dataclass
class _Driver:
    server: _Server
    waiting: deque[int]
    num_workers: int
    idle: list[int] = field(default_factory=list)


class _Batch:
    def __init__(self, costs: Costs, scene: Scene, seed: int):
        self.costs, self.scene, self.chance = costs, scene, random.Random(seed)
        self.storage = _Server()
        self.drivers = [self._driver(index) for index in range(scene.num_drivers)]
        self.driver_of = [worker % scene.num_drivers for worker in range(scene.num_workers)]
        num_slow = round(scene.slow_share * scene.num_workers)
        slow = set(self.chance.sample(range(scene.num_workers), num_slow))
        self.slowness = [
            scene.slowness if each in slow else 1.0 for each in range(len(self.driver_of))
        ]
        self.job_of: list[int | None] = [None] * scene.num_workers
        self.begun_at = [0.0] * scene.num_workers
        self.events, self.order = [], count()
        self.attempts: dict[int, int] = {}
        self.clip_s = self.loading_s = self.lost_s = self.ended_at = 0.0
        self.first_idle_at = math.inf
        self.done = self.failed = 0

    def _driver(self, index: int) -> _Driver:
        jobs = range(index, self.scene.num_jobs, self.scene.num_drivers)
        server = _Server()
        server.serve(0.0, self.scene.num_jobs * self.costs.line_s + len(jobs) * self.costs.job_s)
        num_workers = len(range(index, self.scene.num_workers, self.scene.num_drivers))
        return _Driver(server, deque(jobs), num_workers)

    def run(self) -> Outcome:
        planning_s = max(driver.server.free_at for driver in self.drivers)
        for worker, index in enumerate(self.driver_of):
            planned_at = self.drivers[index].server.free_at
            self._at(planned_at + self.costs.start_s, self._load, worker, planned_at)
        while self.events:
            now, _, act, *arguments = heapq.heappop(self.events)
            act(now, *arguments)
        total = self.ended_at
        paid = total * self.scene.num_workers
        return Outcome(
            total_s=total,
            planning_s=planning_s,
            of_ideal=self.scene.num_jobs * self.costs.clip_s / paid,
            loading=self.loading_s / paid,
            lost=self.lost_s / paid,
            driver=max(driver.server.busy_s for driver in self.drivers) / total,
            storage=self.storage.busy_s / total,
            tail_s=max(total - self.first_idle_at, 0.0),
            done=self.done,
            failed=self.failed,
        )

    def _at(self, time: float, act, *arguments) -> None:
        heapq.heappush(self.events, (time, next(self.order), act, *arguments))

    def _transfer(self, now: float, size: float) -> float:
        """Return when some bytes have gone from or to the storage."""
        served_at = self.storage.serve(now, size / self.costs.bandwidth)
        return max(served_at, now + size / self.costs.worker_bandwidth)

    def _load(self, now: float, worker: int, began_at: float) -> None:
        ready_at = self._transfer(now, self.costs.model_bytes) + self.costs.load_s
        self.loading_s += ready_at - began_at
        self._at(ready_at, self._ask, worker)

    def _ask(self, now: float, worker: int) -> None:
        """Give a worker a job, if there is one."""
        driver = self.drivers[self.driver_of[worker]]
        if not driver.waiting:
            driver.idle.append(worker)
            self.first_idle_at = min(self.first_idle_at, now)
            return
        job = self.job_of[worker] = driver.waiting.popleft()
        self.begun_at[worker] = now
        self._at(self._transfer(now, self.costs.read_bytes), self._compute, worker, job)

    def _compute(self, now: float, worker: int, job: int) -> None:
        scene = self.scene
        factor = self.chance.lognormvariate(-(scene.spread**2) / 2, scene.spread)
        seconds = self.costs.clip_s * factor * self.slowness[worker]
        rate = scene.failures_per_hour / 3600
        fails_after = self.chance.expovariate(rate) if rate else math.inf
        if job < scene.deadly_jobs:
            fails_after = min(fails_after, seconds / 2)
        if fails_after < seconds:
            self._at(now + fails_after, self._fail, worker, job)
        else:
            self._at(now + seconds, self._write, worker, job)

    def _write(self, now: float, worker: int, job: int) -> None:
        self._at(self._transfer(now, self.costs.write_bytes), self._take, worker, job)

    def _take(self, now: float, worker: int, job: int) -> None:
        """Let the driver take a result and hand out the next job."""
        driver = self.drivers[self.driver_of[worker]]
        handle_s = self.costs.handle_s + self.costs.watch_s * driver.num_workers
        taken_at = driver.server.serve(now, handle_s)
        self.done += 1
        self.ended_at = max(self.ended_at, taken_at)
        self._at(taken_at, self._ask, worker)

    def _fail(self, now: float, worker: int, job: int) -> None:
        driver = self.drivers[self.driver_of[worker]]
        self.lost_s += now - self.begun_at[worker]
        again_at = now + self.scene.away_s
        self._at(again_at + self.costs.start_s, self._load, worker, again_at)
        self.attempts[job] = self.attempts.get(job, 0) + 1
        if self.attempts[job] == ATTEMPTS:
            self.failed += 1
            self.ended_at = max(self.ended_at, now)
            return
        driver.waiting.append(job)
        if driver.idle:
            self._at(now, self._ask, driver.idle.pop())


def simulate(costs: Costs, scene: Scene, seed: int = 0) -> Outcome:
    """Return what becomes of a batch.

    Raises
    ------
    ValueError
        If there are fewer workers than drivers, or no jobs.
    """
    if not 1 <= scene.num_drivers <= scene.num_workers or scene.num_jobs < 1:
        raise ValueError(
            "Expected at least one job, and a worker for each driver, got "
            f"{scene.num_jobs} jobs, {scene.num_workers} workers, {scene.num_drivers} drivers."
        )
    return _Batch(costs, scene, seed).run()
