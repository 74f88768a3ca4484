"""The lines of `web/docs/cluster.md`, as users type them, on two nodes that are processes here."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from moda_core.cli.main import main
from tests.sound_files import write_sound

ROOT = Path(__file__).resolve().parents[2]
RAY = [sys.executable, "-m", "ray.scripts.scripts"]
RUN = [sys.executable, str(ROOT / "run.py"), "--here"]
PATIENCE_S = 300
HERE = "127.0.0.1"
LONG_S, RATE = 6, 16000


@dataclass(frozen=True)
class Machines:
    address: str
    dashboard: str


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((HERE, 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def answers(port):
    try:
        socket.create_connection((HERE, port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def machines(private_ray, tmp_path_factory):
    """Two nodes of one core each, started in a folder that is not the project's."""
    port, dashboard, *agents = free_ports(4)
    nowhere = tmp_path_factory.mktemp("nowhere")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # as if activated
    environment = {**os.environ, "PATH": path}
    environment.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory(prefix="ray") as folder:
        head = ["--head", f"--port={port}", f"--dashboard-port={dashboard}", f"--temp-dir={folder}"]
        started = []
        for options, agent in zip((head, [f"--address={HERE}:{port}"]), agents, strict=True):
            command = [*RAY, "start", *options, "--num-cpus=1", "--num-gpus=0", "--block"]
            command += [f"--node-ip-address={HERE}", f"--dashboard-agent-listen-port={agent}"]
            with (nowhere / f"{len(started)}.log").open("w") as log:
                pipes = {"stdout": log, "stderr": log}
                started.append(subprocess.Popen(command, cwd=nowhere, env=environment, **pipes))
            end = time.monotonic() + PATIENCE_S
            while not (answers(port) and answers(dashboard)):
                log = (nowhere / "0.log").read_text()
                assert started[0].poll() is None, log
                assert time.monotonic() < end, log
                time.sleep(0.2)
        try:
            yield Machines(f"{HERE}:{port}", f"http://{HERE}:{dashboard}")
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait(PATIENCE_S)


@pytest.fixture
def jobs(inputs, job_fields):
    """Two jobs that take no time, two that take seconds, so that a signal comes before their end,
    and one that fails.
    """
    sounds = "tone.wav", "low.wav", "long.wav", "long.wav"
    write_sound(inputs / "long.wav", 0.3 * np.sin(np.arange(LONG_S * RATE) / 20), RATE)
    rows = [
        {**job_fields, "audio": sound, "seed": seed, "output": f"{seed}.mp4"}
        for seed, sound in enumerate(sounds)
    ]
    path = inputs / "jobs.jsonl"
    path.write_text("\n".join(map(json.dumps, [*rows, {**job_fields, "audio": "gone.wav"}])))
    return path


@pytest.fixture
def expected(jobs, tmp_path):
    """The digests of an undisturbed batch of this machine."""
    assert main(["batch", str(jobs), "-o", str(tmp_path / "local"), "--workers", "1"]) == 1
    return digests(tmp_path / "local")


def digests(folder):
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.mp4")}


def test_a_batch_runs_on_nodes_that_do_not_have_the_project(machines, jobs, expected, tmp_path):
    command = [*RUN, "batch", str(jobs), "-o", "out", "--ray", machines.address]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert ended.returncode == 1
    assert ended.stdout.split()[:2] == ["done", "4"]
    assert "Line 5" in ended.stderr
    assert "gone.wav" in ended.stderr
    assert digests(tmp_path / "out") == expected

    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "done before            4" in again.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_command_that_is_stopped_or_killed_goes_on(machines, jobs, expected, tmp_path, name):
    module = [sys.executable, "-m", "moda_core"]  # one process, which gets the signal
    command = ["batch", str(jobs), "-o", str(tmp_path / "out"), "--ray", machines.address]
    with subprocess.Popen([*module, *command], cwd=ROOT, stderr=subprocess.PIPE) as stopped:
        wait_for(lambda: digests(tmp_path / "out"))
        stopped.send_signal(signal.Signals[name])
        said = stopped.stderr.read().decode()

    if name == "SIGINT":
        assert stopped.returncode == 130, said
        assert "of 4 jobs" in said
    assert digests(tmp_path / "out").items() <= expected.items()

    subprocess.run([*module, *command], cwd=ROOT, capture_output=True)

    assert digests(tmp_path / "out") == expected
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {*expected, "results.jsonl"}
    rows = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    assert sum('"done"' in row for row in rows) == 4


def wait_for(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_missing_token_is_told_in_a_sentence(machines, jobs, tmp_path):
    command = [*RUN, "batch", str(jobs), "-o", "out", "--ray", machines.address]
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "HOME": str(tmp_path)}

    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert ended.returncode == 2
    assert "token" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_batch_can_be_submitted(machines, jobs, expected, tmp_path):
    batch = ["python", "run.py", "--here", "batch", str(jobs), "-o", str(tmp_path / "out")]
    options = ["--address", machines.dashboard, "--working-dir", "."]
    command = [*RAY, "job", "submit", *options, "--", *batch, "--ray", "auto"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert digests(tmp_path / "out") == expected, ended.stdout + ended.stderr


def test_the_tasks_of_an_array_do_all_between_them(jobs, expected, tmp_path):
    text = (ROOT / "web" / "docs" / "cluster.md").read_text("utf-8")
    script = text.split("#!/bin/bash")[1].split("\n\n")[0]
    script = script.replace("python run.py", f"{sys.executable} {ROOT / 'run.py'}")
    script = script.replace("/shared/JOBS.jsonl", str(jobs))
    script = script.replace("/shared/DIR", str(tmp_path / "out"))

    for task in "12":
        variables = {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": "2"}
        subprocess.run(["bash", "-c", script], cwd=tmp_path, env={**os.environ, **variables})

    assert digests(tmp_path / "out") == expected
    names = {path.name for path in (tmp_path / "out").glob("*.jsonl")}
    assert names == {"results-1-of-2.jsonl", "results-2-of-2.jsonl"}
