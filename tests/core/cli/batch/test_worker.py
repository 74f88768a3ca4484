"""One job in a worker: its files appear whole, and its troubles are a sentence."""

import logging
from dataclasses import replace

import pytest

from moda_core.cli.batch import worker as module
from moda_core.cli.batch.plan import plan
from moda_core.cli.batch.worker import Worker
from moda_core.cli.main import main
from moda_core.motion.files.motion_file import load_motion

from .batch_cases import lines


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out" / ".unfinished").mkdir(parents=True)
    return tmp_path / "out"


@pytest.fixture
def run(folder, inputs, job_fields):
    """Run the job of some fields in a worker."""
    worker = Worker(folder, folder / ".unfinished")

    def run(**fields):
        (job,), failed = plan(lines({**job_fields, **fields}), folder, inputs)
        assert not failed
        return worker.run(job)

    return run


def files_in(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.is_file()
    )


def test_a_clip_is_that_of_talk(run, folder, inputs, job_fields):
    result = run(seed=3, output="a/b.mp4", save_motion="b.json")
    points = ["--points", job_fields["points"]]
    files = [inputs / "face.png", inputs / "tone.wav", "-o", inputs / "talk.mp4"]
    main(["talk", *map(str, files), "--seed", "3", *points])

    assert (result.status, result.output, result.line) == ("done", "a/b.mp4", 1)
    assert result.seconds > 0
    assert files_in(folder) == ["a/b.mp4", "b.json"]
    assert (folder / "a" / "b.mp4").read_bytes() == (inputs / "talk.mp4").read_bytes()
    assert len(load_motion(folder / "b.json")) == 5


def test_a_job_that_fails_leaves_nothing_and_the_next_one_runs(run, folder, inputs):
    (inputs / "bad.wav").write_bytes(b"hello, this is no sound")

    failed, done = run(audio="bad.wav"), run()

    assert failed.status == "failed"
    assert "bad.wav" in failed.sentence
    assert done.status == "done"
    assert files_in(folder) == ["face-tone.mp4"]


def test_a_failure_names_the_output_and_not_the_file_it_was_written_to(run, folder):
    (folder / "taken.mp4").mkdir()

    result = run(output="taken.mp4")

    assert result.status == "failed"
    assert "taken.mp4" in result.sentence
    assert ".unfinished" not in result.sentence


def test_what_was_not_foreseen_is_a_failure_of_the_job_alone(run, monkeypatch, folder):
    def fail(*arguments, **options):
        raise ZeroDivisionError("no reason")

    with monkeypatch.context() as patch:
        patch.setattr(module, "answer", fail)
        failed = run()

    assert failed.status == "failed"
    assert "ZeroDivisionError" in failed.sentence
    assert run(seed=1).status == "done"
    assert files_in(folder) == ["face-tone.mp4"]


def test_warnings_are_told_with_the_result(run, monkeypatch):
    answer = module.answer

    def warned(*arguments, **options):
        logging.getLogger("moda_core.audio").warning("The sound is %s.", "silent")
        return replace(answer(*arguments, **options), confidence=0.25)

    monkeypatch.setattr(module, "answer", warned)

    result = run()

    assert result.status == "done"
    assert result.sentence.startswith("The sound is silent. The face was found with low")
    assert "0.25" in result.sentence
