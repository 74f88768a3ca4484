"""A real ComfyUI's server with the pack, whose files lie in a folder of their own.

Nothing is written to the user's checkout of ComfyUI.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .archive import export_archive

PACK = "ComfyUI-MoDA"
START_LIMIT_S = 180
STOP_LIMIT_S = 20


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes
    ----------
    url : str
        Where it answers.
    folder : Path
        Its base folder, with ``custom_nodes``, ``input``, ``output`` and ``temp``.
    """

    url: str
    folder: Path

    def get(self, path: str) -> object:
        """Return the JSON that the server answers with.

        Parameters
        ----------
        path : str
            With a slash in front.

        Returns
        -------
        object

        Raises
        ------
        OSError
            If it does not answer, or with an error.
        """
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_base(folder: Path) -> None:
    """Make a base folder with the pack as the registry ships it, and an empty input folder."""
    for name in ("models", "input", "output", "temp", "user"):
        (folder / name).mkdir(parents=True)
    export_archive(folder / "custom_nodes" / PACK)


def wait_until_up(server: Server, process: subprocess.Popen, log: Path) -> None:
    """Wait for the server's first answer.

    Parameters
    ----------
    server : Server
        May not run yet.
    process : subprocess.Popen
        Its process.
    log : Path
        What it wrote.

    Raises
    ------
    RuntimeError
        If it ends, or takes too long, with the last lines of its log.
    """
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(OSError):
            server.get("/system_stats")
            return
        time.sleep(0.3)
    last = "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])
    raise RuntimeError(f"ComfyUI's server did not start. The end of its log:\n{last}")


@contextlib.contextmanager
def running(comfyui: Path, interpreter: str, folder: Path) -> Iterator[Server]:
    """Run a server for the time of a block.

    Parameters
    ----------
    comfyui : Path
        ComfyUI's checkout; nothing is written there.
    interpreter : str
        Python that can run it.
    folder : Path
        For its base folder and log; empty.

    Yields
    ------
    Server

    Raises
    ------
    RuntimeError
        If it does not start.
    """
    base, log = folder / "base", folder / "server.log"
    make_base(base)
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}", base)
    command = [interpreter, "main.py", "--cpu", "--listen", "127.0.0.1", "--port", str(port)]
    command += ["--base-directory", str(base), "--database-url", "sqlite:///:memory:"]
    command += ["--preview-method", "auto"]
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    environment.pop("PYTHONPATH", None)  # the host must not see the project on the path
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=comfyui, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
        try:
            wait_until_up(server, process, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
