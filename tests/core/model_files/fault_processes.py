"""Faults that take processes of their own, and what is fetched again after a cut."""

import os
import subprocess
import sys
import time
from pathlib import Path

from .fault_cases import NUM_BYTES, fetch, judge_failure, judge_file, model_file, parts_in, weights
from .hub_server import Fault, HubServer

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 100_000  # bytes that a file may have

CHILD = """
import sys
import time
from pathlib import Path
from moda_core.errors import DownloadError
from moda_core.model_files.fetch import fetch_file
from tests.core.model_files.fault_cases import model_file, weights
folder, endpoint, limit = Path(sys.argv[1]), sys.argv[2] or None, int(sys.argv[3])
if limit:
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
file = model_file(weights())
try:
    fetched = fetch_file(file, folder / file.target, endpoint=endpoint)
except DownloadError as error:
    print(error)
    sys.exit(3)
print(fetched.num_received)
"""


def start(folder: Path, endpoint: str = "", limit: int = 0, **environment: str) -> subprocess.Popen:
    """Start fetching in a process of its own; it prints what it received, or the error.

    Parameters
    ----------
    folder : Path
    endpoint : str, optional
        Default that of huggingface_hub.
    limit : int
        Bytes that no file may exceed, 0 for no limit.
    **environment : str
        Variables.
    """
    command = [sys.executable, "-c", CHILD, str(folder), endpoint, str(limit)]
    variables = {**os.environ, "HF_HUB_DISABLE_XET": "1", **environment}
    return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """Return how a process ended and what it printed."""
    text, _ = process.communicate(timeout=300)
    return process.returncode, text.strip()


def disk_full(folder: Path) -> list[str]:
    """Fetch where the system refuses to write on; then where it does not.

    Returns
    -------
    list of str
        What ended otherwise than promised.
    """
    with HubServer(weights()) as hub:
        status, text = finish(start(folder, hub.endpoint, LIMIT))
        broken = [] if status == 3 else [f"no error, but {text}"]
        broken += judge_failure(text, folder, r"needs 0\.3 MB more in .* are free", LIMIT)
        kept = sum(part.stat().st_size for part in parts_in(folder))
        hub.mend()
        fetch(hub, folder)
        if hub.num_sent() != NUM_BYTES - kept:
            broken.append(f"{hub.num_sent()} bytes fetched again with {kept} kept")
    return broken + judge_file(folder, weights())


def two_processes(folder: Path) -> list[str]:
    """Fetch the same file twice at once; return what ended otherwise than promised."""
    with HubServer(weights(), Fault(delay_s=0.02)) as hub:
        ends = [finish(process) for process in [start(folder, hub.endpoint) for _ in range(2)]]
        transfers = [request for request in hub.seen if request.method == "GET"]
    broken = [text for status, text in ends if status]
    if sorted(text for _, text in ends) != ["0", str(NUM_BYTES)] or len(transfers) != 1:
        broken.append(f"{len(transfers)} transfers, received {[text for _, text in ends]}")
    return broken + judge_file(folder, weights())


def killed(folder: Path) -> list[str]:
    """Kill a process that fetches, then go on; return what ended otherwise than promised."""
    with HubServer(weights(), Fault(delay_s=0.02)) as hub:
        process = start(folder, hub.endpoint)
        deadline = time.monotonic() + 120
        while sum(part.stat().st_size for part in parts_in(folder)) < LIMIT:
            if time.monotonic() > deadline:
                return ["nothing came in 120 s"]
            time.sleep(0.01)
        process.kill()
        process.wait()
        kept = sum(part.stat().st_size for part in parts_in(folder))
        hub.mend()
        received = fetch(hub, folder).num_received
    broken = [] if received == NUM_BYTES - kept else [f"{received} bytes with {kept} kept"]
    return broken + judge_file(folder, weights())


def refetched_after_cut(folder: Path, num_bytes: int = 4_000_000) -> float:
    """Cut the connection at 90 % of a file, hard, and go on.

    Returns
    -------
    float
        Bytes sent beyond those of the file, over those of the file.
    """
    content = weights(num_bytes)
    with HubServer(content, Fault(times=1, cut_after=num_bytes * 9 // 10, hard=True)) as hub:
        fetch(hub, folder, model_file(content))
        return hub.num_sent() / num_bytes - 1
