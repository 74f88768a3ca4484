"""Whole batches on a cluster that loses a worker and then a node."""

import json
import os
import signal
from collections import Counter
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from moda_core.cli.batch import pool
from moda_core.cli.batch.batch import run_batch
from moda_core.cli.batch.ray_cluster import divide, joined, nodes
from moda_core.cli.batch.ray_pool import run_jobs
from tests.core.cli.batch.batch_cases import lines

from .cluster_workers import NotingWorker

NUM_JOBS = 12


def on_cluster(jobs, make_worker, on_tick, notes, on_result=lambda results: None):
    share, results = divide(nodes()), []
    noting = partial(NotingWorker, make_worker, notes, min(share.num_workers, len(jobs)))
    for result in run_jobs(jobs, noting, on_tick, share):
        results.append(result)
        yield result
        on_result(results)


def recorded(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def digests(folder):
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.mp4")}


@pytest.fixture
def batch(inputs, tmp_path, job_fields):
    fields = [
        {**job_fields, "seed": seed, "save_motion": f"{seed}.safetensors"}
        for seed in range(NUM_JOBS)
    ]

    def run(name, run_jobs, jobs=fields):
        return run_batch(lines(*jobs), tmp_path / name, inputs, run_jobs, 2)

    return run


class Killer:
    """Kills the worker of the first node in the middle of a job, and later the second node."""

    def __init__(self, cluster, notes):
        self.cluster, self.notes, self.lost = cluster, notes, []
        self.first, self.second = cluster.list_all_nodes()
        self._catch(self.first)

    def __call__(self, results):
        if not self.lost and (caught := self._caught(self.first)):
            os.kill(caught, signal.SIGKILL)
            self._catch(self.second)
        elif len(self.lost) == 1 and self._caught(self.second):
            self.cluster.remove_node(self.second, allow_graceful=False)

    def _catch(self, node):
        (self.notes / f"stay-{node.node_id}").touch()

    def _caught(self, node):
        """Return the process that stays with a job on a node, None before there is one."""
        note = self.notes / f"stays-{node.node_id}"
        if not note.exists():
            return None
        pid, line = note.read_text().split()
        self.lost.append(line)
        return int(pid)


def test_every_job_is_done_once_though_a_worker_and_then_a_node_are_killed(
    cluster, batch, tmp_path
):
    notes = tmp_path / "notes"
    notes.mkdir()
    killer = Killer(cluster, notes)

    with joined(cluster.address):
        result = batch("out", partial(on_cluster, notes=notes, on_result=killer))

    batch("local", partial(pool.run_jobs, num_workers=1, threads=1))
    out = tmp_path / "out"
    assert result.num_failed == 0
    assert cluster.list_all_nodes() == [killer.first]
    assert Counter(each["line"] for each in recorded(out)) == Counter(range(1, NUM_JOBS + 1))
    assert {each["status"] for each in recorded(out)} == {"done"}
    begun = Counter(note.name.split("-")[1] for note in notes.glob("begun-*"))
    assert len(killer.lost) == 2
    assert {line for line, times in begun.items() if times > 1} == set(killer.lost)
    names = {path.name for path in out.iterdir()}
    assert names == {path.name for path in (tmp_path / "local").iterdir()}
    assert len(digests(out)) == NUM_JOBS
    assert digests(out) == digests(tmp_path / "local")


def test_bad_lines_and_inputs_that_a_node_does_not_see_fail_with_their_sentences(
    two_nodes, batch, inputs, tmp_path, job_fields
):
    notes = tmp_path / "notes"
    notes.mkdir()

    def run(jobs, *arguments):
        (inputs / "low.wav").unlink()  # after it was read here
        yield from on_cluster(jobs, *arguments, notes)

    jobs = [
        job_fields,
        {**job_fields, "audio": "low.wav"},
        {**job_fields, "audio": "gone.wav"},
        {**job_fields, "seed": 1, "output": "../b.mp4"},
        {**job_fields, "seed": 2},
    ]
    with joined(two_nodes):
        result = batch("out", run, jobs)

    said = {line.split(":")[0]: line for line in result.failures}
    assert list(said) == ["Line 2", "Line 3", "Line 4"]
    assert "node" in said["Line 2"]
    assert "low.wav" in said["Line 2"]
    assert "gone.wav" in said["Line 3"]
    assert "outside" in said["Line 4"]
    assert len(digests(tmp_path / "out")) == 2
    assert sorted(each["line"] for each in recorded(tmp_path / "out")) == [1, 2, 3, 4, 5]


def test_a_batch_that_was_stopped_goes_on_here_or_on_the_cluster(two_nodes, batch, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()

    def stop(results):
        if len(results) == 3:
            raise KeyboardInterrupt

    with joined(two_nodes):
        with pytest.raises(KeyboardInterrupt):
            batch("out", partial(on_cluster, notes=notes, on_result=stop))
        batch("out", partial(on_cluster, notes=notes))

    assert len(recorded(tmp_path / "out")) == NUM_JOBS
    assert len(digests(tmp_path / "out")) == NUM_JOBS
    assert not list(Path(tmp_path / "out").glob(".unfinished*"))
