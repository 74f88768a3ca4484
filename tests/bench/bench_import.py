"""Seconds that a host needs to import the pack, from `__init__.py` to the list of nodes."""

import json
import statistics
import subprocess
import sys

from tests.host.host import REAL, ROOT, STANDIN

RUNS = 9
REQUIRED_S = 0.5
TIME_IMPORT = ROOT / "tests" / "host" / "time_import.py"


def import_once() -> dict:
    """Import the pack in a new process, in the ComfyUI of COMFYUI_PATH or the stand-in."""
    command = [sys.executable, str(TIME_IMPORT), str(ROOT), REAL or str(STANDIN)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. The first run fills the caches and does not count."""
    import_once()
    found = [import_once() for _ in range(RUNS)]
    seconds = [each["seconds"] for each in found]
    return {
        "host": "ComfyUI" if REAL else "stand-in",
        "runs": RUNS,
        "nodes": found[0]["nodes"],
        "modules": len(found[0]["modules"]),
        "best_s": round(min(seconds), 3),
        "median_s": round(statistics.median(seconds), 3),
        "median_s_required_below": REQUIRED_S,
    }
