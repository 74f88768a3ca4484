"""Whole batches: what a restart skips, tries again and leaves behind."""

import json

import pytest

from moda_core.cli.batch import batch as module
from moda_core.cli.batch.batch import run_batch
from moda_core.cli.batch.job import DONE, FAILED, Result

from .batch_cases import lines


class Runner:
    """Runs jobs in this process; those of the seeds in `failing` fail."""

    def __init__(self):
        self.ran, self.failing, self.stop_after = [], set(), None

    def __call__(self, jobs, make_worker, on_tick):
        worker = make_worker()
        for job in jobs:
            if self.stop_after is not None and len(self.ran) == self.stop_after:
                raise KeyboardInterrupt
            on_tick([0.0])
            assert worker.unfinished.is_dir()
            assert list(worker.unfinished.iterdir()) == []
            self.ran.append(job.line)
            status = FAILED if job.line in self.failing else DONE
            if status == DONE:
                (worker.folder / job.output).write_bytes(job.id.encode())
            yield Result(
                job.id, job.line, job.output, status, 1.0, "why" if status == FAILED else ""
            )


@pytest.fixture
def runner():
    return Runner()


@pytest.fixture
def batch(runner, inputs, tmp_path, job_fields):
    def run(*fields, **options):
        fields = fields or [{"seed": seed} for seed in range(4)]
        jobs = lines(*({**job_fields, **each} for each in fields))
        runner.ran.clear()
        return run_batch(jobs, tmp_path / "out", inputs, runner, 1, **options)

    return run


def recorded(tmp_path):
    text = (tmp_path / "out" / "results.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_second_run_does_nothing(batch, runner, tmp_path):
    first = batch()
    before = recorded(tmp_path)

    second = batch()

    assert (first.num_failed, second.num_failed) == (0, 0)
    assert runner.ran == []
    assert recorded(tmp_path) == before
    assert [each["line"] for each in before] == [1, 2, 3, 4]
    assert not (tmp_path / "out" / ".unfinished").exists()


def test_only_what_is_new_or_gone_is_run(batch, runner, tmp_path):
    batch({"seed": 0}, {"seed": 1}, {"seed": 2})
    (tmp_path / "out" / recorded(tmp_path)[1]["output"]).unlink()

    batch({"seed": 5}, {"seed": 1}, {"seed": 0}, {"seed": 2, "emotion": "fear"})

    assert runner.ran == [1, 2, 4]


def test_a_failure_is_told_again_and_tried_again_only_if_asked(batch, runner):
    runner.failing = {2}
    assert batch().num_failed == 1

    again = batch()
    assert (again.num_failed, again.failures, runner.ran) == (1, ["Line 2: why"], [])

    runner.failing = set()
    assert batch(retry_failed=True).num_failed == 0
    assert runner.ran == [2]
    assert batch().num_failed == 0


def test_a_bad_line_is_recorded_once_and_fails_each_run(batch, runner, tmp_path):
    fields = {"seed": 1}, {"sead": 1}
    first, second = batch(*fields), batch(*fields)

    assert first.num_failed == second.num_failed == 1
    assert "sead" in second.failures[0]
    assert [(each["line"], each["status"]) for each in recorded(tmp_path)] == [
        (2, "failed"),
        (1, "done"),
    ]


def test_what_a_killed_run_has_left_goes(batch, tmp_path):
    left = tmp_path / "out" / ".unfinished" / "half.mp4.part"
    left.parent.mkdir(parents=True)
    left.touch()

    batch()

    assert not left.parent.exists()


def test_a_stopped_run_goes_on_where_it_was(batch, runner, tmp_path):
    runner.stop_after = 1
    with pytest.raises(KeyboardInterrupt, match="1 of 4"):
        batch()
    assert not (tmp_path / "out" / ".unfinished").exists()

    runner.stop_after = None
    batch()

    assert runner.ran == [2, 3, 4]


def test_shards_write_their_own_results_and_skip_those_of_others(batch, runner, tmp_path):
    batch(shard=module.Shard(2, 2))
    assert runner.ran == [2, 4]
    assert [path.name for path in (tmp_path / "out").glob("results*")] == ["results-2-of-2.jsonl"]

    batch()
    assert runner.ran == [1, 3]
