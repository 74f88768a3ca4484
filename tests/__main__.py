"""`python run.py test [--full] [--processors | --live] [pytest's arguments]`: run the tests.

Two processes, side by side: the core's tests have the project on their path; those of the pack in a
host start in an empty folder without it, and what they print comes at the end. The host is the
ComfyUI that COMFYUI_PATH names, else a stand-in. Paths of tests go to the process that they belong
to. Tests with requirements of their own run only if they are asked for, such as those in
``tests/live`` by ``--live``.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from run import extra_tests

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
HOST = tuple(TESTS / name for name in ("host", "nodes"))
CORE = tuple(TESTS / name for name in ("core", "parity", "web", "test_import_direction.py"))
NO_TESTS = 5  # pytest's exit status where nothing was selected
# Threads that wait for each other spin: on a busy machine, 25 times slower on small tensors.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# Tests whose results depend on the kernels that the processor gets.
NUMERICAL = tuple(
    TESTS / name
    for name in (
        *(
            f"core/{room}"
            for room in ("audio", "compositing", "editing", "emotion", "liveportrait")
        ),
        *(f"core/{room}" for room in ("mmdit", "motion", "sampling", "warp")),
        "parity/test_golden.py",
    )
)
# Golden files that the small part leaves to `--processors`: full-size networks take minutes with
# old instruction sets.
NOT_IN_SMALL = ("audio_base", "e2e", "spade", "warping")
GOLDEN_TEST = "parity/test_golden.py::test_every_implemented_array_is_within_its_tolerance"
LEVELS = ("default", "avx2", "avx512")  # of ATen, from the oldest on
TAKES_VALUE = ("-k", "-m", "-o", "-p", "-c", "-n", "-W", "-r")
SMALL = "small"  # the part of the processors that `.ci/run` adds to the whole run


@dataclass(frozen=True)
class Processor:
    """An older or smaller processor that this one can stand for.

    Parameters
    ----------
    aten : str
        Instruction set of torch's own kernels, one of `LEVELS`.
    onednn : str or None
        Largest instruction set of oneDNN; None leaves it alone.
    threads : int
    """

    aten: str
    onednn: str | None
    threads: int

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make torch take this one for the machine's."""
        variables = {"ATEN_CPU_CAPABILITY": self.aten, "OMP_NUM_THREADS": str(self.threads)}
        return variables | ({"ONEDNN_MAX_CPU_ISA": self.onednn} if self.onednn else {})

    def __str__(self) -> str:
        named = f"{self.aten}, oneDNN up to {self.onednn or 'its best'}"
        return f"{named}, {self.threads} thread{'s' * (self.threads > 1)}"


PROCESSORS = tuple(
    Processor(aten, onednn, threads)
    for aten, onednn in (("default", "SSE41"), ("avx2", "AVX2"), ("avx512", None))
    for threads in (1, 2)
)
IN_SMALL = tuple(each for each in PROCESSORS[:4] if each.threads == 1)  # two take minutes


def run_pytest(
    arguments: Sequence[str],
    variables: dict[str, str],
    folder: str | None = None,
    printed: TextIO | None = None,
) -> int:
    """Run pytest in a process of its own.

    Parameters
    ----------
    arguments : sequence of str
    variables : dict from str to str
        Added to the environment.
    folder : str, optional
        Working folder; if given, the project is not put on the module path.
    printed : file, optional
        Takes what it prints.

    Returns
    -------
    int
        Exit status.
    """
    environment = {**os.environ, **variables}
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    paths = [path for path in paths if path and Path(path).resolve() != ROOT]
    paths = paths if folder else [str(ROOT), *paths]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    # In place of the options in pyproject.toml, whose paths are relative to the project.
    options = shlex.join([f"--confcutdir={TESTS.as_posix()}", "--import-mode=importlib"])
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml")]
    command += ["--rootdir", str(ROOT), "-o", f"addopts={options}", *arguments]
    errors = None if printed is None else subprocess.STDOUT
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=printed, stderr=errors)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # pytest got it too, and is cleaning up


def is_path(argument: str, before: str) -> bool:
    """Tell whether an argument, which follows another one, names a file or a folder of tests."""
    if argument.startswith("-") or before in TAKES_VALUE:
        return False
    return Path(argument.split("::")[0]).exists()


def split_paths(arguments: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Sort the arguments of a command line.

    Parameters
    ----------
    arguments : sequence of str
        Paths, with or without ``::test``, and others.

    Returns
    -------
    core, host : list of str
        Absolute paths for each of the two processes; without any path all that it has. A folder
        that holds tests of both stands in both as what it holds.
    rest : list of str
        The other arguments.
    """
    before = ("", *arguments)
    named = [is_path(argument, last) for argument, last in zip(arguments, before, strict=False)]
    rest = [argument for argument, path in zip(arguments, named, strict=True) if not path]
    if not any(named):
        return list(map(str, CORE)), list(map(str, HOST)), rest
    core, host = [], []
    for argument in (argument for argument, path in zip(arguments, named, strict=True) if path):
        name, colons, test = argument.partition("::")
        path = Path(name).resolve()
        if path in (ROOT, TESTS):
            core += map(str, CORE)
            host += map(str, HOST)
        else:
            of_host = any(path.is_relative_to(folder) for folder in HOST)
            (host if of_host else core).append(f"{path}{colons}{test}")
    return core, host, rest


def run_all(arguments: Sequence[str]) -> int:
    """Run the tests of both processes; return the worse status, `NO_TESTS` if none was selected."""
    core, host, rest = split_paths(arguments)
    if not (core and host):
        statuses = [run_part([*rest, *core, *host], bool(host))]
    else:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
            with ThreadPoolExecutor(1) as thread:
                beside = thread.submit(run_part, [*rest, *host], True, printed)
                statuses = [run_part([*rest, *core], False), beside.result()]
            printed.seek(0)
            print(f"Beside them, the tests in a host:\n{printed.read()}", flush=True)
    if shutil.which("node") is None and any(Path(path).name == "web" for path in core):
        print("The tests of the page's JavaScript were left out: Node is not installed.")
    # A selection such as `-k name` may leave one of the two without tests.
    return max((code for code in statuses if code != NO_TESTS), default=NO_TESTS)


def run_part(arguments: Sequence[str], in_host: bool, printed: TextIO | None = None) -> int:
    """Run the tests of one of the two processes; return its status."""
    if not in_host:
        return run_pytest(arguments, ONE_THREAD)
    with tempfile.TemporaryDirectory() as empty:
        return run_pytest(arguments, ONE_THREAD, empty, printed)


def run_extra(arguments: Sequence[str], folder: Path) -> int:
    """Run the tests of a folder, or those of its paths that are named; return the status."""
    return run_pytest(with_paths(arguments, [folder]), ONE_THREAD)


def with_paths(arguments: Sequence[str], usual: Sequence[Path]) -> list[str]:
    """Return the arguments of a command line, with the usual paths if it names none."""
    before = ("", *arguments)
    named = any(is_path(argument, last) for argument, last in zip(arguments, before, strict=False))
    return [*arguments, *([] if named else map(str, usual))]


def run_on_processors(arguments: Sequence[str], chosen: Sequence[Processor]) -> int:
    """Run the numerical tests as on other processors; return the worst status."""
    import torch

    level = torch.backends.cpu.get_cpu_capability().lower()
    known = LEVELS[: LEVELS.index(level) + 1] if level in LEVELS else LEVELS[:1]
    left_out = [str(each) for each in chosen if each.aten not in known]
    worst = 0
    for processor in chosen:
        if processor.aten in known:
            print(f"As on a processor with {processor}:", flush=True)
            variables = {**ONE_THREAD, **processor.environment}
            worst = max(worst, run_pytest(with_paths(arguments, NUMERICAL), variables))
    if left_out:
        print(f"Left out, this processor cannot stand for them: {'; '.join(left_out)}.")
    return worst


def main(arguments: list[str]) -> int:
    """Run what a command line asks for; return the exit status."""
    select = [] if "--full" in arguments else ["-m", "not slow"]
    chosen = {"--processors": PROCESSORS, f"--processors={SMALL}": IN_SMALL}
    asked = [chosen[argument] for argument in arguments if argument in chosen]
    rest = [each for each in arguments if each not in (*chosen, "--full")]
    if f"--processors={SMALL}" in arguments:
        rest += [f"--deselect=tests/{GOLDEN_TEST}[{name}.npz]" for name in NOT_IN_SMALL]
    if extra := extra_tests(rest):
        rest.remove(f"--{extra}")
        return run_extra([*select, *rest], TESTS / extra)
    if asked:
        return run_on_processors([*select, *rest], asked[-1])
    return run_all([*select, *rest])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
