"""The set-up script: which interpreter runs, what it says, and how failures sound."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "run.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("run_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.STARTED_AT = 0.0
    return module


def test_script_uses_the_standard_library_alone():
    code = f"import sys, runpy; sys.argv = ['run.py', '--help']; runpy.run_path({str(SCRIPT)!r})"
    isolated = [sys.executable, "-I", "-S", "-c", code]

    assert subprocess.run(isolated, check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "expected"), [("2.13.0+cpu", (2, 13, 0)), ("4.50.3", (4, 50, 3)), ("18", (18,))]
)
def test_versions_compare_by_their_numbers(script, text, expected):
    assert script.version_tuple(text) == expected


def test_an_interpreter_that_has_all_runs_the_command_itself(script, monkeypatch):
    monkeypatch.setattr(script, "unmet_requirements", lambda *_: [])
    monkeypatch.setattr(script, "ensure_venv", lambda *_: pytest.fail("made an environment"))

    assert script.choose_interpreter("demo", None) == sys.executable


def test_an_interpreter_that_lacks_something_gets_an_environment(script, monkeypatch):
    monkeypatch.setattr(script, "unmet_requirements", lambda *_: ["einops"])
    monkeypatch.setattr(script, "ensure_venv", lambda *_: Path("venv-python"))

    assert script.choose_interpreter("demo", None) == "venv-python"


def test_here_never_installs_and_says_what_is_missing(script, monkeypatch):
    monkeypatch.setattr(script, "unmet_requirements", lambda *_: ["einops", "torch>=2.4"])

    with pytest.raises(script.SetupError, match=r"einops, torch>=2\.4"):
        script.choose_interpreter("demo", "--here")


def test_venv_is_made_even_if_this_interpreter_would_do(script, monkeypatch):
    monkeypatch.setattr(script, "unmet_requirements", lambda *_: [])
    monkeypatch.setattr(script, "ensure_venv", lambda *_: Path("venv-python"))

    assert script.choose_interpreter("demo", "--venv") == "venv-python"


def test_requirements_leave_out_what_is_optional_and_add_what_the_host_brings(script, monkeypatch):
    monkeypatch.setattr(script, "is_met", lambda line: False)

    talk, test = script.unmet_requirements("talk"), script.unmet_requirements("test")

    assert {"torch>=2.4", "av>=14.2"} <= set(talk)
    assert "soundfile" not in talk
    assert set(test) - set(talk) == {"pytest"}


def test_too_old_a_version_is_not_enough(script, monkeypatch):
    monkeypatch.setattr(script.metadata, "version", {"torch": "2.3.9"}.__getitem__)

    assert not script.is_met("torch>=2.4")
    assert script.is_met("torch>=2.3")
    assert script.is_met("torch[extra]>=2.3")


@pytest.fixture
def steps(script, monkeypatch, tmp_path):
    """The steps of making environments, none of which really runs."""
    monkeypatch.setattr(script, "VENV", tmp_path / "ven v\u00e9")
    steps = []

    def install(command, what):
        if command[1:3] == ["-m", "venv"]:
            python = script.venv_python(Path(command[3]))
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        steps.append((command, what))

    monkeypatch.setattr(script, "install_step", install)
    return steps


def test_an_environment_is_reused_until_its_requirements_change(script, monkeypatch, steps):
    script.ensure_venv()
    script.ensure_venv()
    assert len(steps) == 2

    monkeypatch.setattr(script, "fingerprint", lambda names: "other requirements")
    script.ensure_venv()
    assert len(steps) == 4


@pytest.fixture
def extra(script, monkeypatch, tmp_path):
    """A project whose tests called "more" have requirements of their own."""
    for name in (*script.REQUIREMENTS, "requirements-more.txt", "requirements-train.txt"):
        (tmp_path / name).write_text(f"{name.split('.')[0]}>=1\n", "utf-8")
    (tmp_path / "tests" / "more").mkdir(parents=True)
    (tmp_path / "tests" / "core").mkdir()
    monkeypatch.setattr(script, "ROOT", tmp_path)
    return "more"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["-x", "--more"], "more"), (["--train"], None), (["--core"], None), (["more"], None)],
)
def test_tests_with_requirements_of_their_own_are_asked_for_by_name(
    script, extra, arguments, expected
):
    assert script.extra_tests(arguments) == expected


def test_the_project_has_tests_of_live_agents(script):
    assert script.extra_tests(["--full", "--live"]) == "live"


def test_such_tests_get_an_environment_of_their_own(script, extra, steps):
    usual, own = script.ensure_venv(), script.ensure_venv(extra)
    again = script.ensure_venv(extra)

    assert usual == script.venv_python(script.VENV)
    assert own == again == script.venv_python(script.VENV.with_name(".venv-more"))
    made, pinned, both = (command for command, _ in steps[2:])
    assert Path(made[3]).name == ".venv-more"
    installed = [[Path(part).name for part in line if "req" in part] for line in (pinned, both)]
    assert installed == [
        ["requirements-dev.txt"],
        ["requirements-dev.txt", "requirements-more.txt"],
    ]


def test_their_environment_changes_with_their_requirements(script, extra, steps):
    script.ensure_venv(extra)
    (script.ROOT / "requirements-more.txt").write_text("more>=2", "utf-8")

    script.ensure_venv(extra)
    script.ensure_venv()

    assert [what for _, what in steps].count("Making .venv-more") == 2


def test_an_interpreter_that_has_what_such_tests_need_runs_them(script, extra, monkeypatch):
    monkeypatch.setattr(script, "is_met", lambda line: line != "requirements-more>=1")

    assert script.unmet_requirements("test") == []
    assert script.unmet_requirements("test", extra) == ["requirements-more>=1"]


def test_the_command_line_runs_such_tests_in_their_environment(script, extra, monkeypatch):
    runs = []
    monkeypatch.setattr(script, "ensure_venv", lambda name=None: Path(f"venv-{name}"))
    monkeypatch.setattr(script, "run_module", lambda *call: runs.append(call) or 0)

    script.main(["--venv", "test", "--more", "-x"])
    script.main(["--venv", "talk", "--more"])

    assert runs == [
        ("venv-more", "tests", ["--more", "-x"]),
        ("venv-None", "moda_core", ["talk", "--more"]),
    ]


def test_a_failed_step_says_which_one_and_why(script):
    command = [sys.executable, "-c", "print('ERROR: No space left'); raise SystemExit(1)"]

    with pytest.raises(script.SetupError, match=r"(?s)Installing x failed.*No space left.*again"):
        script.install_step(command, "Installing x")


@pytest.mark.parametrize("arguments", [[], ["fly"]])
def test_unknown_commands_show_the_usage(script, arguments, capsys):
    assert script.main(arguments) == 2
    assert "talk PORTRAIT AUDIO" in capsys.readouterr().out


def test_output_is_ascii_where_the_console_is(tmp_path):
    code = (
        "import importlib.util as u; s = u.spec_from_file_location('r', r'" + str(SCRIPT) + "'); "
        "m = u.module_from_spec(s); s.loader.exec_module(m); m.say('caf\\u00e9 \\u2713')"
    )

    result = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=True,
    )

    assert result.stdout.strip() == rb"caf\xe9 \u2713"


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal to a group of processes")
def test_an_interrupted_command_may_clean_up(tmp_path):
    (tmp_path / "child.py").write_text(
        "import time\n"
        "try:\n    open('started', 'w').close(); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    time.sleep(1); open('cleaned', 'w').close()\n"
        "    raise SystemExit(130)"
    )
    code = (
        f"import importlib.util as u; s = u.spec_from_file_location('r', {str(SCRIPT)!r}); "
        "m = u.module_from_spec(s); s.loader.exec_module(m); m.STARTED_AT = 0.0; "
        f"raise SystemExit(m.run_module({sys.executable!r}, 'child', []))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        start_new_session=True,
        # Shells let what they start in the background ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (tmp_path / "started").exists():
        time.sleep(0.02)

    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(timeout=120) == 130
    assert (tmp_path / "cleaned").exists()


def test_modules_of_the_project_win_over_others_of_their_name(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("raise RuntimeError('the wrong one')")

    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--here", "parity", "nothing"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "wrong one" not in result.stderr
    assert "lacks" in result.stdout or "Usage: python run.py parity" in result.stdout
