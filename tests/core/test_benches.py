"""The command line of the benchmarks, and their progress."""

import json

import pytest

from tests.bench import __main__ as command
from tests.bench import bench_render_starter
from tests.bench.progress import Progress


def test_figures_go_to_stdout_as_one_json_line_and_progress_to_stderr(capsys, monkeypatch):
    monkeypatch.setattr(bench_render_starter, "NUM_FRAMES", 1)

    status = command.main(["render-starter"])

    printed = capsys.readouterr()
    assert status == 0
    assert json.loads(printed.out)["bench"] == "render-starter"
    assert len(printed.out.splitlines()) == 1
    steps = [line.split()[:2] for line in printed.err.splitlines()]
    assert steps == [["render-starter:", f"{step}/3"] for step in (1, 2, 3)]


@pytest.mark.parametrize("name", ["driving", "all"])
def test_long_is_refused_where_there_is_no_long_form_and_those_with_one_are_named(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main([name, "--long"])

    message = capsys.readouterr().err
    assert stopped.value.code == 2
    assert name in message
    for long_form in ("window", "talk-memory", "memory", "joint-windows", "load-time"):
        assert long_form in message


@pytest.mark.parametrize(("arguments", "expected"), [([], False), (["--long"], True)])
def test_long_reaches_the_benchmark(arguments, expected, capsys, monkeypatch):
    def run(*, long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
        return {"long": long}

    monkeypatch.setattr("tests.bench.bench_window.run", run)

    command.main(["window", *arguments])

    assert json.loads(capsys.readouterr().out)["long"] is expected


def test_progress_names_the_benchmark_the_step_and_how_many_there_are(capsys):
    progress = Progress("window", 2)

    progress("first")
    progress("second")

    lines = capsys.readouterr().err.splitlines()
    assert [line.rsplit(" (", 1)[0] for line in lines] == [
        "window: 1/2 first",
        "window: 2/2 second",
    ]
