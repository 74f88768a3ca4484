"""A batch on a Ray cluster of two nodes of one core each against one such node.

The nodes are processes of this machine, so it needs two cores that are idle. By default 16 clips;
with `long` 40. Also what Ray itself takes for a job that does nothing.
"""

import os
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from moda_core.cli.batch.batch import run_batch
from moda_core.cli.batch.job import DONE, Job, Result
from moda_core.cli.batch.job_file import folder_jobs
from moda_core.cli.batch.ray_cluster import divide, joined, nodes
from moda_core.cli.batch.ray_pool import run_jobs
from moda_core.errors import MoDAError
from moda_core.example import PORTRAIT, SPEECH

from .bench_batch import PIECE_S, digests, write_inputs
from .progress import Progress

REQUIRED = 1.6
NUM_EMPTY, NUM_WATCHED = 400, 1000
PRIVATE = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}


class EmptyWorker:
    """Does nothing."""

    def __init__(self, unfinished: Path):
        self.unfinished = unfinished

    def run(self, job: Job) -> Result:
        """Return that a job is done."""
        return Result(job.id, job.line, job.output, DONE)


def timed_batch(inputs: list[str], out: Path, num_nodes: int) -> dict[str, float]:
    """Run a batch on so many nodes; return its seconds, and until the first workers had begun."""
    from tests.cluster.local_cluster import local_cluster

    lines, _ = folder_jobs(*map(Path, inputs), "all")
    figures = {}
    with local_cluster(num_nodes) as cluster:
        started = time.perf_counter()

        def run(jobs, make_worker, on_tick):
            share, begun = divide(nodes()), []

            def tick(running: list[float]) -> None:
                if len(running) == num_nodes and not begun:
                    begun.append(time.perf_counter() - started)
                on_tick(running)

            yield from run_jobs(jobs, make_worker, tick, share)
            figures["start_s"] = begun[0]

        with joined(cluster.address):
            result = run_batch(lines, out, Path(), run, num_nodes)
            figures["batch_s"] = time.perf_counter() - started
    if result.num_failed:
        raise RuntimeError(f"Jobs have failed: {result.failures}")
    return figures


def ray_costs(folder: Path) -> dict[str, float]:
    """Return what the driver takes for each result and for each worker that it waits for.

    Processor seconds, which a busy machine changes little; and the time between two results.
    """
    import ray
    from ray import cloudpickle

    from tests.cluster.local_cluster import local_cluster

    cloudpickle.register_pickle_by_value(__import__(__name__, fromlist=["*"]))
    inputs = (str(PORTRAIT), str(SPEECH))
    jobs = [Job(f"{number}", number, inputs, f"{number}.mp4") for number in range(NUM_EMPTY)]
    with local_cluster(1) as cluster, joined(cluster.address):
        ends = []
        make_worker = partial(EmptyWorker, folder)
        for _ in run_jobs(jobs, make_worker, lambda running: None, divide(nodes())):
            ends.append((time.perf_counter(), time.process_time()))
        without_room = ray.remote(num_cpus=64)(lambda: None)
        waited_for = [without_room.remote() for _ in range(NUM_WATCHED)]
        started = time.process_time()
        for _ in range(20):
            ray.wait(waited_for, timeout=0)
        watch_s = (time.process_time() - started) / 20 / NUM_WATCHED
    between_s, result_s = (np.subtract(ends[-1], ends[0]) / (NUM_EMPTY - 1)).tolist()
    return {"ray_between_s": between_s, "ray_result_s": result_s, "ray_watch_s": watch_s}


def run(long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    try:
        import ray
    except ImportError as error:
        raise MoDAError("Ray is not installed. See requirements-cluster.txt.") from error
    os.environ.update(PRIVATE)
    announce = Progress("cluster", 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = write_inputs(folder, *((8, 5) if long else (4, 4)), PIECE_S)
        announce("jobs that do nothing")
        costs = ray_costs(folder)
        announce("two nodes")
        two = timed_batch(inputs, folder / "two", 2)
        announce("one node")
        one = timed_batch(inputs, folder / "one", 1)
        same = digests(folder / "two") == digests(folder / "one")
    return {
        "dtype": "float32",
        "ray": ray.__version__,
        "clips": 40 if long else 16,
        "one_node_s": one["batch_s"],
        "two_nodes_s": two["batch_s"],
        "start_up_share_one": one["start_s"] / one["batch_s"],
        "start_up_share_two": two["start_s"] / two["batch_s"],
        "ratio": one["batch_s"] / two["batch_s"],
        "required_ratio": REQUIRED,
        "same_files": same,
        **costs,
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }
