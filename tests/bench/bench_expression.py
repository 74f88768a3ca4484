"""The time from the values of MoDA Expression's sliders to the picture, without the page.

The function behind the route, on the stand-in host: the bundled portrait in 256 pixels, with other
values each time. Needs nothing else. The first picture, for which the face is found, is apart.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .progress import Progress
from .timing import num_cores

ROOT = Path(__file__).resolve().parents[2]
PICTURES = 50
REQUIRED_MS = 120.0
# Only `tests` is found through the project: the pack is loaded from its folder, as in the host.
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.bench.bench_expression import measure
from tests.host import host
sys.path.remove(sys.argv[1])
measure(host.start_host())
"""


def measure(host) -> None:
    """Print the milliseconds of each picture, the first one's too, as JSON."""
    import importlib

    preview = importlib.import_module(f"{host.pack.__name__}.nodes.expression_preview")
    sliders = host.object_info("MoDAExpression")["input"]["required"]
    bounds = {name: (of["min"], of["max"]) for name, (kind, of) in sliders.items() if "min" in of}
    drawn, times_ms = random.Random(1), []
    for _ in range(PICTURES + 1):
        values = {name: drawn.uniform(*each) for name, each in bounds.items()}
        start = time.perf_counter()
        preview.expression_picture({"picture": {"example": "Eileen Collins"}, "values": values})
        times_ms.append(1000 * (time.perf_counter() - start))
    print(json.dumps(times_ms))


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    Progress("expression", 1)(f"{PICTURES} pictures")
    environment = {key: value for key, value in os.environ.items() if key != "COMFYUI_PATH"}
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, "-c", CHILD, str(ROOT)]
        result = subprocess.run(
            command, stdout=subprocess.PIPE, check=True, cwd=empty, env=environment
        )
    first, *others = json.loads(result.stdout.splitlines()[-1])
    others.sort()
    return {
        "device": "cpu",
        "dtype": dtype,
        "cores": num_cores(),
        "first_ms": round(first, 1),
        "median_ms": round(others[len(others) // 2], 1),
        "worst_ms": round(others[-1], 1),
        "required_ms": REQUIRED_MS,
    }
