"""The command `batch`: exit status, table, and sentences with the line's number."""

import json

import pytest

from moda_core.cli import batch_command
from moda_core.cli.batch.batch import BatchResult
from moda_core.cli.main import main

from .batch_cases import POINTS


@pytest.fixture
def batch(inputs, tmp_path, capsys):
    def run(*arguments):
        status = main(["batch", *map(str, arguments), "-o", str(tmp_path / "out")])
        return status, capsys.readouterr()

    return run


@pytest.fixture
def seen(monkeypatch):
    """The arguments of the batch, which is not run."""
    given = []

    def run_batch(*arguments):
        given.append(arguments)
        return BatchResult(0, [], "")

    monkeypatch.setattr("moda_core.cli.batch.batch.run_batch", run_batch)
    return given


def test_good_lines_run_bad_ones_are_told_and_the_status_says_so(
    batch, inputs, tmp_path, job_fields
):
    good = [job_fields, {**job_fields, "seed": 7, "output": "sub/b.mp4"}]
    rows = [json.dumps(good[0]), "no json", json.dumps({"audio": "x.wav"}), json.dumps(good[1])]
    (inputs / "jobs.jsonl").write_text("\n".join(rows))

    status, printed = batch(inputs / "jobs.jsonl", "--workers", 2)

    assert status == 1
    told = [line for line in printed.err.splitlines() if line.startswith("Line")]
    assert [line.split(":")[0] for line in told] == ["Line 2", "Line 3"]
    assert printed.out.split()[:2] == ["done", "2"]
    out = tmp_path / "out"
    assert sorted(path.name for path in out.rglob("*.mp4")) == ["b.mp4", "face-tone.mp4"]
    assert sorted(path.name for path in out.iterdir()) == ["face-tone.mp4", "results.jsonl", "sub"]

    (inputs / "jobs.jsonl").write_text("\n".join(map(json.dumps, good)))
    status, printed = batch(inputs / "jobs.jsonl")
    assert status == 0
    assert "done before            2" in printed.out


def test_folders_are_paired_with_options_for_all(batch, inputs, seen):
    for name in ("p", "s"):
        (inputs / name).mkdir()
    (inputs / "face.png").rename(inputs / "p" / "tone.png")
    (inputs / "other.png").rename(inputs / "p" / "other.png")
    (inputs / "tone.wav").rename(inputs / "s" / "tone.wav")
    folders = ["--portraits", inputs / "p", "--audios", inputs / "s"]

    batch(*folders, "--set", f"points={POINTS}", "--set", "emotion=fear")
    _, printed = batch(*folders, "--pair", "names")

    assert [len(arguments[0]) for arguments in seen] == [2, 1]
    assert seen[0][5] == {"points": POINTS, "emotion": "fear"}
    assert "other.png" in printed.err


@pytest.mark.parametrize(
    ("options", "cores", "workers", "share"),
    [
        ([], 8, 8, 1),
        (["--workers", "3"], 8, 3, 2),
        (["--workers", "16"], 8, 16, 1),
        (["--set", "device=cuda"], 8, 1, 8),
        (["--set", "models=weights"], 8, 1, 8),
        ([{"device": "cuda"}], 8, 1, 8),
        ([{"models": "weights"}, "--workers", "2"], 8, 2, 4),
    ],
    ids=str,
)
def test_the_cores_are_shared_among_the_workers(
    batch, inputs, seen, monkeypatch, options, cores, workers, share
):
    monkeypatch.setattr(batch_command, "num_cores", lambda: cores)
    fields = [option for option in options if isinstance(option, dict)]
    rows = "\n".join(map(json.dumps, [{}, *fields]))
    (inputs / "jobs.jsonl").write_text(rows)

    batch(inputs / "jobs.jsonl", *options[len(fields) :])

    _, _, _, run_jobs, num_workers, *_ = seen[0]
    assert num_workers == workers
    assert run_jobs.keywords == {"num_workers": workers, "threads": share}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no jobs"),
        (["--portraits", "."], "no jobs"),
        (["jobs.jsonl", "--portraits", ".", "--audios", "."], "either"),
        (["gone.jsonl"], "gone.jsonl"),
        (["jobs.txt"], "jobs.txt"),
    ],
)
def test_what_is_no_batch_is_refused(batch, monkeypatch, tmp_path, arguments, said):
    monkeypatch.chdir(tmp_path)

    status, printed = batch(*arguments)

    assert status == 2
    assert said in printed.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--shard", "0/2"],
        ["--shard", "3/2"],
        ["--shard", "2"],
        ["--workers", "0"],
        ["--set", "emotion"],
        ["--emotion", "fear"],
        ["--pair", "some"],
    ],
    ids=" ".join,
)
def test_wrong_options_end_with_status_two(batch, capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        batch("jobs.jsonl", *arguments)

    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_a_place_that_cannot_be_a_folder_is_refused(inputs, capsys):
    (inputs / "jobs.jsonl").write_text("{}")

    status = main(["batch", str(inputs / "jobs.jsonl"), "-o", str(inputs / "face.png")])

    assert status == 2
    assert "face.png" in capsys.readouterr().err
