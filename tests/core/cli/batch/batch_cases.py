"""Jobs of tests, and workers that take no time."""

import gc
import os
import signal
import time
from pathlib import Path

from moda_core.cli.batch.job import DONE, FAILED, Job, Result
from moda_core.cli.batch.job_file import Line

PATIENCE_S = 60
POINTS = "86.8,64.4 116.4,66.4 89.0,97.0 110.0,98.0"  # of the picture of `inputs`


def job(name: str, line: int = 1, subject: str = "", sound_s: float | None = 1.0) -> Job:
    return Job(name, line, (), f"{name}.mp4", None, subject, sound_s)


def wait_until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def lines(*fields: dict) -> list[Line]:
    return [Line(number, str(each), each) for number, each in enumerate(fields, 1)]


class QuickWorker:
    """Answers a job by its id: `die`, `die once`, `fail`, `wait`, or any other one, which is done.

    Results name the process, how many jobs it has had, its share of threads, and how many objects
    its collections leave out.
    """

    def __init__(self, folder: Path):
        self.folder, self.num_jobs = folder, 0

    def run(self, job: Job) -> Result:
        self.num_jobs += 1
        if job.id == "die" or (job.id == "die once" and self._first(job)):
            os.kill(os.getpid(), signal.SIGKILL)
        if job.id.startswith("wait"):
            (self.folder / job.id).touch()
            time.sleep(60)
        status = FAILED if job.id == "fail" else DONE
        told = os.getpid(), self.num_jobs, os.environ["OMP_NUM_THREADS"], gc.get_freeze_count()
        sentence = " ".join(map(str, told))
        return Result(job.id, job.line, job.output, status, 0.5, sentence)

    def _first(self, job: Job) -> bool:
        mark = self.folder / job.id
        was_there = mark.exists()
        mark.touch()
        return not was_there
