"""Set up and run ComfyUI-MoDA on any machine: `python run.py demo`.

Uses the standard library alone. If the interpreter that started it already has what the pack needs,
as ComfyUI's own has, the command runs right there and nothing is installed; otherwise in `.venv`.
"""

from __future__ import annotations  # an old interpreter must get as far as its message

import hashlib
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = "moda-requirements"  # in an environment: what it was made of
REQUIREMENTS = ("requirements-dev.txt", "requirements.txt")

# Not checked in the interpreter that started this: sounds are decoded by av.
OPTIONAL = ("soundfile",)
# ComfyUI brings these.
FROM_HOST = ("av>=14.2", "pillow>=10.1", "scipy")
OF_COMMANDS = {"live": ("aiohttp",), "test": ("pytest",)}  # more that they need

# Runs a module of the project, whatever lies in the folder that the command was started in.
LAUNCHER = (
    "import runpy, sys; root, name = sys.argv[1:3]; del sys.argv[1:3]; sys.path.insert(0, root); "
    "runpy.run_module(name, run_name='__main__', alter_sys=True)"
)

USAGE = """\
Usage: python run.py [--here | --venv] COMMAND ...

  demo                   animate the bundled portrait -> output/demo.mp4, output/demo.png
  talk PORTRAIT AUDIO    animate your portrait; `talk --help` lists the options
  batch JOBS -o DIR      animate many portraits; `batch --help` lists the options
  live [PORTRAIT]        speak to a portrait in the browser; `live --help` lists the options
  score VIDEO            score lip sync, head and picture; `score --help` lists the options
  models [NAME ...]      where the released files are; --download, --verify, --convert
  test [--full] [PATH]   run the tests; --full adds the full-size ones
  test --processors      run the numerical tests as on other processors
  test --live [PATH]     run the tests with LiveKit Agents and Pipecat in .venv-live,
  test --cluster [PATH]  those with Ray in .venv-cluster; `test` and .ci/run leave both out
  bench NAME             measure speed or quality; `bench --help` lists the names
  parity DIR             compare with reference outputs
  synthetic-models DIR   write the released files at full size, with random numbers (2.4 GB)
  browser-test           open the templates in a real ComfyUI's page (needs COMFYUI_PATH)
  train-starter          make the starter's weights again (needs: see web/docs/development.md)

  --here   run in this interpreter and install nothing
  --venv   run in .venv, even if this interpreter has all that is needed
"""

COMMANDS = set(re.findall(r"^  (\w\S*)", USAGE, re.MULTILINE))


class SetupError(Exception):
    """The environment cannot be made; the text says what failed."""


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, `2.13.0+cpu` as (2, 13, 0)."""
    return tuple(int(part) for part in re.match(r"\d+(?:\.\d+)*", text)[0].split("."))


def extra_tests(arguments: list[str]) -> str | None:
    """Return the NAME of an argument `--NAME` that asks for tests with requirements of their own.

    These are in ``tests/NAME``, and what they need is in ``requirements-NAME.txt``.
    """
    for argument in arguments:
        name = argument[2:]
        tests, needed = ROOT / "tests" / name, ROOT / extra_requirements(name)
        if re.fullmatch("--[a-z]+", argument) and tests.is_dir() and needed.is_file():
            return name
    return None


def extra_requirements(extra: str) -> str:
    """Return the name of the file with the requirements of such tests."""
    return f"requirements-{extra}.txt"


def unmet_requirements(command: str, extra: str | None = None) -> list[str]:
    """Return what this interpreter lacks for a command.

    Parameters
    ----------
    command : str
        Its name; some need more than the others.
    extra : str, optional
        Tests with requirements of their own, see `extra_tests`.

    Returns
    -------
    list of str
        Lines of requirements, such as `torch>=2.4`.
    """
    lines = (ROOT / "requirements.txt").read_text("utf-8").split()
    lines = [line for line in lines if line not in OPTIONAL] + list(FROM_HOST)
    lines += OF_COMMANDS.get(command, ())
    if extra is not None:
        lines += (ROOT / extra_requirements(extra)).read_text("utf-8").split()
    return [line for line in lines if not is_met(line)]


def is_met(line: str) -> bool:
    """Tell whether an installed distribution satisfies a line such as `torch>=2.4`.

    Of one with extras, such as `ray[default]>=2.40`, only itself counts.
    """
    name, _, minimum = line.partition(">=")
    try:
        installed = metadata.version(name.partition("[")[0])
    except metadata.PackageNotFoundError:
        return False
    return not minimum or version_tuple(installed) >= version_tuple(minimum)


def venv_python(venv: Path) -> Path:
    """Return the path of an environment's interpreter."""
    windows = os.name == "nt"
    return venv / ("Scripts" if windows else "bin") / ("python.exe" if windows else "python")


def fingerprint(names: Sequence[str]) -> str:
    """Return what an environment with the requirements of these files depends on, as a digest."""
    contents = b"".join((ROOT / name).read_bytes() for name in names)
    return hashlib.sha256(contents + sys.version.encode()).hexdigest()


def ensure_venv(extra: str | None = None) -> Path:
    """Make or reuse `.venv`, or `.venv-NAME` for tests with requirements of their own.

    Returns
    -------
    Path
        Its interpreter.

    Raises
    ------
    SetupError
        If it can't be made, or the requirements can't be installed.
    """
    extras = [] if extra is None else [extra_requirements(extra)]
    venv = VENV if extra is None else VENV.with_name(f".venv-{extra}")
    python, stamp, made_of = venv_python(venv), venv / STAMP, fingerprint([*REQUIREMENTS, *extras])
    if python.exists() and stamp.exists() and stamp.read_text() == made_of:
        return python
    size = "0.5 GB"
    if platform.system() == "Linux":
        size = "0.5 GB, or 3 to 4 GB where the package index offers torch with CUDA"
    developers = REQUIREMENTS[0]
    named = " and ".join([developers, *extras])
    say(f"Making {venv.name} and installing {named}: a download of about {size}.")
    install_step([sys.executable, "-m", "venv", str(venv)], f"Making {venv.name}")
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    # Again with each extra, so that its own requirements can't replace what is pinned.
    for names in [[developers], *([developers, name] for name in extras)]:
        files = [part for name in names for part in ("-r", str(ROOT / name))]
        install_step([*pip, *files], f"Installing {names[-1]}")
    stamp.write_text(made_of)
    return python


def install_step(command: list[str], what: str) -> None:
    """Run one step of the set-up.

    Parameters
    ----------
    command : list of str
        Program and arguments.
    what : str
        Name of the step, for the message.

    Raises
    ------
    SetupError
        If it fails, with its own last words.
    """
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode == 0:
        return
    lines = result.stdout.decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if "error" in line.lower()] or lines
    reason = "\n".join(errors[-5:])
    raise SetupError(
        f"{what} failed:\n{reason}\n"
        "Check the network and the free space on the disk, then run the same command again."
    )


def choose_interpreter(command: str, where: str | None, extra: str | None = None) -> str:
    """Return the interpreter that runs the command, making the environment if it must.

    Parameters
    ----------
    command : str
        Name of the command.
    where : {"--here", "--venv", None}
        What the user asked for; None prefers the interpreter that started this.
    extra : str, optional
        Tests with requirements of their own, see `extra_tests`.

    Returns
    -------
    str
        Path of the interpreter.

    Raises
    ------
    SetupError
        If it lacks something with `--here`, or the environment can't be made.
    """
    if where != "--venv":
        unmet = unmet_requirements(command, extra)
        if not unmet:
            return sys.executable
        if where == "--here":
            raise SetupError(
                f"{sys.executable} lacks {', '.join(unmet)}. Install them there, "
                "or leave out --here to let run.py make an environment of its own."
            )
    return str(ensure_venv(extra))


def run_module(interpreter: str, name: str, arguments: list[str]) -> int:
    """Run one of the project's modules and wait for it, through an interruption too.

    Parameters
    ----------
    interpreter : str
        Path of the interpreter.
    name : str
        Of the module, or of a package with a `__main__`.
    arguments : list of str
        Its command line.

    Returns
    -------
    int
        Exit status.
    """
    environment = dict(os.environ, MODA_STARTED_AT=repr(STARTED_AT))
    if arguments[:1] == ["live"]:  # threads that wait for each other would slow the browser down
        environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if environment.get("COMFYUI_PATH"):  # relative to where the user is
        environment["COMFYUI_PATH"] = os.path.abspath(environment["COMFYUI_PATH"])
    paths = [str(ROOT), environment.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    command = [interpreter, "-c", LAUNCHER, str(ROOT), name, *arguments]
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the command got it too, and is cleaning up


def say(text: str) -> None:
    """Print a line at once, with letters that the console lacks spelled out."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(text if utf8 else text.encode("ascii", "backslashreplace").decode(), flush=True)


def main(arguments: list[str]) -> int:
    """Run a command line; return the exit status."""
    where = None
    while arguments and arguments[0] in ("--here", "--venv"):
        where, arguments = arguments[0], arguments[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        say(USAGE)
        return 0 if arguments else 2
    command, rest = arguments[0], arguments[1:]
    if command not in COMMANDS:
        say(f"Unknown command {command!r}.\n\n{USAGE}")
        return 2
    if command == "browser-test":  # the Python that started this may be ComfyUI's
        return run_module(sys.executable, "tests.browser", rest)
    try:
        extra = extra_tests(rest) if command == "test" else None
        interpreter = choose_interpreter(command, where, extra)
    except SetupError as error:
        say(str(error))
        return 1
    if command == "test":
        return run_module(interpreter, "tests", rest)
    if command == "train-starter" and (ROOT / "tests").is_dir():  # which measures the result
        return run_module(interpreter, "tests.bench.train_starter", rest)
    module = {"synthetic-models": "parity.synthetic_models"}.get(command, command)
    if command in ("bench", "parity", "synthetic-models"):
        return run_module(interpreter, f"tests.{module}", rest)
    return run_module(interpreter, "moda_core", [command, *rest])


if __name__ == "__main__":
    STARTED_AT = time.time()
    if sys.version_info < (3, 10):  # noqa: UP036 (the interpreter may be anything)
        say(f"Python 3.10 or newer is needed, this is {platform.python_version()}.")
        raise SystemExit(1)
    raise SystemExit(main(sys.argv[1:]))
