"""Worker processes: each job ends once, whatever becomes of the processes."""

import os
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from moda_core.cli.batch.job import DONE, FAILED
from moda_core.cli.batch.pool import METHOD, Waiting, run_jobs

from .batch_cases import QuickWorker, job, wait_until

ROOT = Path(__file__).resolve().parents[4]


def run(folder, jobs, num_workers=2, on_tick=lambda running: None):
    return run_jobs(jobs, partial(QuickWorker, folder), on_tick, num_workers, threads=3)


def test_every_job_ends_once_in_few_processes_with_their_share_of_threads(tmp_path):
    jobs = [job(str(number), number) for number in range(20)]

    results = list(run(tmp_path, jobs))

    assert sorted(int(result.id) for result in results) == list(range(20))
    assert {result.status for result in results} == {DONE}
    processes, counts, threads, frozen = zip(
        *(each.sentence.split() for each in results), strict=True
    )
    assert len(set(processes)) <= 2
    assert str(os.getpid()) not in processes
    assert sum(count == "1" for count in counts) == len(set(processes))
    assert set(threads) == {"3"}
    assert os.environ.get("OMP_NUM_THREADS") != "3"
    if METHOD == "forkserver":  # which has loaded what workers need
        assert min(map(int, frozen)) > 1000


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
def test_a_job_that_ends_its_process_fails_and_the_others_go_on(tmp_path):
    jobs = [job(name, line) for line, name in enumerate(("a", "die", "b", "fail", "die once"), 1)]

    results = {result.id: result for result in run(tmp_path, jobs)}

    assert {name: result.status for name, result in results.items()} == {
        **dict.fromkeys(("a", "b", "die once"), DONE),
        **dict.fromkeys(("die", "fail"), FAILED),
    }
    assert "SIGKILL" in results["die"].sentence
    assert results["die"].line == 2


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except OSError:
        return True


def test_stopping_ends_jobs_that_run(tmp_path):
    running = run(tmp_path, [job("a"), job("wait", 2)], num_workers=1)
    with closing(running):
        pid = int(next(running).sentence.split()[0])
        wait_until((tmp_path / "wait").exists)

    wait_until(lambda: has_ended(pid))


PARENT = """
import sys
from functools import partial
from pathlib import Path
from moda_core.cli.batch.pool import run_jobs
from tests.core.cli.batch.batch_cases import QuickWorker, job
if __name__ == "__main__":
    jobs = [job("a"), job("wait", 2)]
    make_worker = partial(QuickWorker, Path(sys.argv[1]))
    for result in run_jobs(jobs, make_worker, lambda running: None, 1, 1):
        print(result.sentence.split()[0], flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_with_the_process_that_started_them_when_it_is_killed(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "parent.py"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as parent:
        worker = int(parent.stdout.readline())
        wait_until((tmp_path / "wait").exists)
        parent.kill()

    wait_until(lambda: has_ended(worker))


def test_how_long_jobs_have_run_is_told_while_they_run(tmp_path):
    class Seen(Exception):
        pass

    def on_tick(running):
        if running and running[0] > 0.2:
            raise Seen

    with pytest.raises(Seen):
        list(run(tmp_path, [job("wait")], 1, on_tick))


def taken(waiting, *calls):
    return [waiting.take(subject, elsewhere).id for subject, elsewhere in calls]


def test_a_worker_stays_with_its_portrait_and_turns_to_one_that_no_other_has():
    waiting = Waiting([job(name, subject=name[0]) for name in ("a1", "a2", "b1", "b2", "c1")])

    order = taken(waiting, ("", set()), ("", {"a"}), ("a", {"b"}), ("a", {"b"}), ("c", {"b"}))

    assert order == ["a1", "b1", "a2", "c1", "b2"]
    assert len(waiting) == 0
