"""Workers of a cluster: each job ends once, whatever becomes of the workers."""

import os
from collections import Counter
from contextlib import closing
from functools import partial

import pytest
import ray

from moda_core.cli.batch.job import DONE, FAILED, Job
from moda_core.cli.batch.ray_cluster import Share, divide, joined, nodes
from moda_core.cli.batch.ray_pool import ATTEMPTS, run_jobs
from moda_core.errors import MoDAError
from moda_core.example import PORTRAIT, SPEECH
from tests.core.cli.batch.batch_cases import wait_until

from .cluster_workers import BrokenWorker, QuickWorker


@pytest.fixture(autouse=True, scope="module")
def member(two_nodes):
    with joined(two_nodes):
        yield


def job(name, line=1):
    return Job(name, line, (str(PORTRAIT), str(SPEECH)), f"{name}.mp4")


def run(folder, jobs, share=None, on_tick=lambda running: None, **options):
    make_worker = partial(QuickWorker, folder)
    return run_jobs(jobs, make_worker, on_tick, share or divide(nodes()), **options)


def test_every_job_ends_once_on_two_nodes_with_few_in_flight(tmp_path):
    in_flight = []

    results = list(
        run(
            tmp_path,
            [job(f"both {number}", number) for number in range(40)],
            on_tick=lambda running: in_flight.append(len(running)),
        )
    )

    assert sorted(result.line for result in results) == list(range(40))
    assert {result.status for result in results} == {DONE}
    pids, counts, threads, node_ids = zip(*(each.sentence.split() for each in results), strict=True)
    assert len(set(pids)) == len(set(node_ids)) == counts.count("1") == 2
    assert str(os.getpid()) not in pids
    assert set(threads) == {"1"}
    assert max(in_flight) == 2
    assert all(len((tmp_path / f"both {number}").read_text().split()) == 1 for number in range(40))


def test_a_job_that_ends_its_workers_fails_and_the_others_go_on(tmp_path):
    jobs = [job(name, line) for line, name in enumerate(("a", "die", "b", "fail", "die once"), 1)]

    results = list(run(tmp_path, jobs))

    assert Counter(result.id for result in results) == Counter(each.id for each in jobs)
    results = {result.id: result for result in results}
    assert {name: result.status for name, result in results.items()} == {
        **dict.fromkeys(("a", "b", "die once"), DONE),
        **dict.fromkeys(("die", "fail"), FAILED),
    }
    assert len((tmp_path / "die").read_text().split()) == ATTEMPTS
    assert f"{ATTEMPTS} times" in results["die"].sentence
    assert results["fail"].sentence.startswith("On the node ")


def test_workers_that_need_a_gpu_are_where_there_is_one(tmp_path):
    share = divide(nodes(), on_gpu=True)

    results = list(run(tmp_path, [job(str(number), number) for number in range(6)], share))

    assert share == Share(1, 1, 1)
    (node_id,) = {result.sentence.split()[3] for result in results}
    (with_gpu,) = (each for each in ray.nodes() if "GPU" in each["Resources"])
    assert node_id == with_gpu["NodeID"]


def test_a_worker_that_finds_no_room_is_not_awaited_for_ever(tmp_path):
    with pytest.raises(MoDAError, match="64 cores"):
        list(run(tmp_path, [job("a")], Share(1, 64), start_s=1.0))


def test_a_folder_that_nodes_do_not_see_is_named(tmp_path, caplog):
    with pytest.raises(MoDAError, match=r"No worker is left.*gone"):
        list(run(tmp_path / "gone", [job("a"), job("b", 2)]))

    assert "left out" in caplog.text


def test_a_worker_that_cannot_be_made_is_told_and_not_made_again():
    with pytest.raises(MoDAError, match="something"):
        list(run_jobs([job("a")], BrokenWorker, lambda running: None, Share(1, 1)))


def has_ended(pid):
    try:
        os.kill(pid, 0)  # Ray waits for its workers, so that none is left as a zombie
    except ProcessLookupError:
        return True
    return False


def test_stopping_ends_jobs_that_run(tmp_path):
    running = run(tmp_path, [job("a"), job("wait", 2)])
    with closing(running):
        next(running)
        wait_until(lambda: (tmp_path / "wait").exists() and (tmp_path / "wait").read_text())

    wait_until(lambda: has_ended(int((tmp_path / "wait").read_text())))
