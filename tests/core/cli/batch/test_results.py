"""The file of results: what a restart takes from it."""

import json

import pytest

from moda_core.cli.batch.job import DONE, FAILED, Result
from moda_core.cli.batch.results import Results, read_results
from moda_core.errors import OutputError

from .batch_cases import job


def done(name, output=None):
    return Result(name, 1, output or f"{name}.mp4", DONE, 1.5)


def make(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"video")


def test_a_line_has_the_fields_of_a_result(tmp_path):
    Results(tmp_path).append(Result("x", 3, None, FAILED, 0.0, "Größe"))

    (line,) = (tmp_path / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line) == {
        **{"id": "x", "line": 3, "output": None},
        **{"status": "failed", "seconds": 0.0, "sentence": "Größe"},
    }


def test_a_job_is_done_while_its_output_is_there(tmp_path):
    make(tmp_path, "a.mp4")
    Results(tmp_path).append(done("a"))

    results = Results(tmp_path)

    assert results.done_output(job("a")) == "a.mp4"
    assert results.done_output(job("b")) is None
    (tmp_path / "a.mp4").unlink()
    assert results.done_output(job("a")) is None


def test_a_job_whose_output_another_one_has_replaced_is_not_done(tmp_path):
    make(tmp_path, "a.mp4")
    results = Results(tmp_path)
    results.append(done("a"))
    results.append(done("b", "a.mp4"))

    assert Results(tmp_path).done_output(job("a")) is None
    assert Results(tmp_path).done_output(job("b")) == "a.mp4"


def test_a_failure_is_remembered_until_the_job_is_done(tmp_path):
    results = Results(tmp_path)
    results.append(Result("a", 1, "a.mp4", FAILED, 0.0, "why"))
    assert Results(tmp_path).failure("a") == "why"

    results.append(done("a"))
    assert Results(tmp_path).failure("a") is None


def test_what_other_shards_have_done_counts(tmp_path):
    make(tmp_path, "a.mp4")
    Results(tmp_path, "-1-of-2").append(done("a"))

    assert Results(tmp_path, "-2-of-2").done_output(job("a")) == "a.mp4"
    assert [path.name for path in tmp_path.glob("results*")] == ["results-1-of-2.jsonl"]


@pytest.mark.parametrize("left", [b'{"id": "b", "li', b"\0\0", b'{"id": "b"}\n', b"[1]\n7\n"])
def test_a_line_that_was_cut_off_spoils_no_other(tmp_path, left):
    Results(tmp_path).append(done("a"))
    with (tmp_path / "results.jsonl").open("ab") as file:
        file.write(left)

    Results(tmp_path).append(done("c"))

    assert [result.id for result in read_results(tmp_path / "results.jsonl")] == ["a", "c"]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    results = Results(tmp_path)
    (tmp_path / "results.jsonl").mkdir()

    with pytest.raises(OutputError, match=r"results\.jsonl"):
        results.append(done("a"))
