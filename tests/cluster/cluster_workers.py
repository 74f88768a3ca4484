"""Workers of tests; they are sent to the nodes whole, which do not have this folder."""

import os
import signal
import sys
import time
from pathlib import Path

from ray import cloudpickle

from moda_core.cli.batch.job import DONE, FAILED, Job, Result

cloudpickle.register_pickle_by_value(sys.modules[__name__])


class QuickWorker:
    """Answers a job by its id: `die`, `die once`, `fail`, `wait`, or any other one, which is done.

    One whose id begins with `both` ends when two workers have come.
    Results name the process, how many jobs it has had, its share of threads, and the node.
    """

    def __init__(self, folder: Path):
        self.folder = self.unfinished = folder
        self.num_jobs = 0

    def run(self, job: Job) -> Result:
        import ray

        self.num_jobs += 1
        with (self.folder / job.id).open("a") as file:
            file.write(f"{os.getpid()}\n")
        first = len((self.folder / job.id).read_text().split()) == 1
        if job.id == "die" or (job.id == "die once" and first):
            os.kill(os.getpid(), signal.SIGKILL)
        (self.folder / f"worker {os.getpid()}").touch()
        while job.id.startswith("both") and len(list(self.folder.glob("worker *"))) < 2:
            time.sleep(0.02)
        if job.id == "wait":
            time.sleep(60)
        status = FAILED if job.id == "fail" else DONE
        node = ray.get_runtime_context().get_node_id()
        sentence = f"{os.getpid()} {self.num_jobs} {os.environ['OMP_NUM_THREADS']} {node}"
        return Result(job.id, job.line, job.output, status, 0.5, sentence)


class NotingWorker:
    """A worker that notes each job it begins, as `begun-LINE-...` with its process.

    No job ends before all workers have begun one. If there is a note `stay-NODE`, the next job of
    that node becomes `stays-NODE` and never ends.
    """

    def __init__(self, make_worker, notes: Path, num_workers: int):
        self._worker, self._notes, self._num_workers = make_worker(), notes, num_workers

    @property
    def unfinished(self) -> Path:
        return self._worker.unfinished

    def run(self, job: Job) -> Result:
        import ray

        node = ray.get_runtime_context().get_node_id()
        (self._notes / f"begun-{job.line}-{os.getpid()}-{time.time_ns()}").touch()
        if (self._notes / f"stay-{node}").exists():
            (self._notes / f"stay-{node}").unlink()
            (self._notes / "part").write_text(f"{os.getpid()} {job.line}")
            (self._notes / "part").rename(self._notes / f"stays-{node}")
            time.sleep(600)
        while len(list(self._notes.glob("begun-*"))) < self._num_workers:
            time.sleep(0.02)
        return self._worker.run(job)


class BrokenWorker:
    """A worker that can't be made."""

    def __init__(self):
        raise ModuleNotFoundError("No module named 'something'")
