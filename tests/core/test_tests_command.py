"""The command that runs the tests: which process gets which paths, and which processors."""

from pathlib import Path

import pytest

from tests import __main__ as command

TESTS = Path(command.__file__).parent


@pytest.fixture
def runs(monkeypatch):
    """The calls of pytest, that of the core first, none of which really runs; each ends well."""
    calls = []

    def run_pytest(arguments, variables, folder=None, printed=None):
        if printed is not None:
            print("printed in the host", file=printed)
        calls.append((list(arguments), variables, folder))
        calls.sort(key=lambda call: call[2] is not None)
        return 0

    monkeypatch.setattr(command, "run_pytest", run_pytest)
    return calls


def test_without_paths_both_processes_run_all_they_have(runs):
    command.main([])

    assert [call[0][2:] for call in runs] == [
        list(map(str, command.CORE)),
        [str(path) for path in command.HOST],
    ]
    assert runs[0][2] is None
    assert runs[1][2] is not None


def test_what_the_host_prints_beside_the_core_is_not_lost(runs, capsys):
    command.main([])

    assert "printed in the host" in capsys.readouterr().out


def test_on_other_processors_those_of_a_path_can_be_run(runs):
    path = str(TESTS / "core" / "motion")

    command.main([f"--processors={command.SMALL}", path])

    assert runs
    for arguments, _, _ in runs:
        assert [each for each in arguments if Path(each).exists()] == [path]


@pytest.mark.parametrize(
    ("path", "in_host"),
    [("nodes/test_load.py", True), ("core/test_run.py::test_x", False), ("parity", False)],
)
def test_a_path_goes_to_the_process_that_it_belongs_to(runs, path, in_host):
    command.main([str(TESTS / path), "-x"])

    (arguments, _, folder), *others = runs
    assert not others
    assert arguments == ["-m", "not slow", "-x", str(TESTS / path)]
    assert (folder is not None) is in_host


def test_relative_paths_are_those_of_the_users_folder(runs, monkeypatch):
    monkeypatch.chdir(TESTS / "core")

    command.main(["test_run.py"])

    assert runs[0][0][-1] == str(TESTS / "core" / "test_run.py")


def test_the_folder_of_all_tests_is_split(runs):
    command.main([str(TESTS)])

    assert len(runs) == 2


def test_the_value_of_an_option_is_no_path(runs, monkeypatch):
    monkeypatch.chdir(TESTS)

    command.main(["-k", "core"])

    assert all(arguments[2:4] == ["-k", "core"] for arguments, _, _ in runs)
    assert len(runs) == 2


def test_test_processes_get_one_thread_that_does_not_spin(runs):
    command.main([])

    for _, variables, _ in runs:
        assert variables == {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def test_tests_with_requirements_of_their_own_run_alone_and_only_if_asked_for(runs):
    command.main(["--live", "-x"])

    [(arguments, variables, folder)] = runs
    assert arguments == ["-m", "not slow", "-x", str(TESTS / "live")]
    assert variables == command.ONE_THREAD
    assert folder is None
    assert not any((TESTS / "live").is_relative_to(path) for path in (*command.CORE, *command.HOST))


def test_of_them_those_of_a_path_can_be_run(runs):
    path = str(TESTS / "live" / "test_livekit.py")

    command.main(["--live", path])

    assert runs[0][0] == ["-m", "not slow", path]


@pytest.mark.parametrize(("level", "number"), [("AVX512", 6), ("AVX2", 4), ("DEFAULT", 2)])
def test_processors_beyond_this_one_are_named_and_left_out(
    runs, monkeypatch, capsys, level, number
):
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: level)

    command.main(["--processors"])

    assert len(runs) == number
    assert capsys.readouterr().out.count("avx512") == 2
    assert len({tuple(sorted(variables.items())) for _, variables, _ in runs}) == number


def test_a_failure_on_one_processor_is_not_lost(monkeypatch):
    statuses = iter([0, 1, 0, 0, 0, 0])
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(command, "run_pytest", lambda *_: next(statuses))

    assert command.main(["--processors"]) == 1


@pytest.mark.parametrize(
    ("statuses", "expected"), [((0, 5), 0), ((5, 5), 5), ((1, 0), 1), ((5, 2), 2)]
)
def test_a_process_without_tests_does_not_fail_the_other(monkeypatch, statuses, expected):
    left = iter(statuses)
    monkeypatch.setattr(command, "run_pytest", lambda *_: next(left))

    assert command.main(["-k", "name"]) == expected
