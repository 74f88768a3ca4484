"""Peak memory of loading the largest networks at full size, over the size of their files.

Counted is what comes on top of the program before it loads, pages of the mapped file included.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.parity.synthetic_weights import checkpoint_state

from .progress import Progress

REQUIRED = 1.2
ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import json, sys, time
from pathlib import Path
import torch
from moda_core.runtime.layers import Layers
from moda_core.weights.checkpoint import load_strict
from moda_core.mmdit.config import RELEASED
from moda_core.runtime.stopwatch import peak_memory
from moda_core.mmdit.model import MotionMMDiT
from moda_core.mmdit.released_keys import convert_mmdit
from moda_core.weights.released_files import read_released
path, dtype = Path(sys.argv[1]), getattr(torch, sys.argv[2])
torch.zeros(8).to(torch.bfloat16).aminmax()
before, start = peak_memory(), time.perf_counter()
network = MotionMMDiT(RELEASED, Layers(device="meta"))
state = read_released(path, "motion model", dtype)
load_strict(network, convert_mmdit(state, RELEASED), path.name)
seconds = time.perf_counter() - start
print(json.dumps({"bytes": peak_memory() - before, "seconds": seconds}))
"""

# Convolutions are replaced on a CPU, by such that take more memory, unless layers are given.
RENDERER_CHILD = """
import json, sys, time
from pathlib import Path
import torch
from moda_core.runtime.stopwatch import peak_memory
from moda_core.liveportrait.load import load_network
path, operations = Path(sys.argv[1]), {"plain": torch.nn, "accelerated": None}[sys.argv[2]]
before, start = peak_memory(), time.perf_counter()
network = load_network(path, path.stem, operations=operations)
seconds = time.perf_counter() - start
print(json.dumps({"bytes": peak_memory() - before, "seconds": seconds}))
"""


def measure(path: Path, how: str, child: str = CHILD) -> dict[str, float]:
    """Load a network in a process of its own.

    Parameters
    ----------
    path : Path
        Of the full-size file.
    how : str
        What the child is told: the dtype of the weights, or the kind of layers.
    child : str
        The program that loads.

    Returns
    -------
    dict
        ``ratio``, of the peak to the file, and ``seconds``.
    """
    command = [sys.executable, "-c", child, str(path), how]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    figures = json.loads(result.stdout.splitlines()[-1])
    return {"ratio": figures["bytes"] / path.stat().st_size, "seconds": figures["seconds"]}


def write_model(path: Path) -> Path:
    """Write a synthetic motion model in the format of the suffix; return its path."""
    state = checkpoint_state("moda_base")
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure both formats, without and with a cast; return the figures."""
    progress, figures = Progress("load", 12), {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("net-200.pth", "net-200.safetensors"):
            progress(f"write {name}")
            path = write_model(Path(folder) / name)
            for target in ("float32", "bfloat16"):
                progress(f"load {name} to {target}")
                figures[f"{path.suffix[1:]} to {target}"] = measure(path, target)
            path.unlink()
        for name in ("warping_module", "spade_generator"):
            progress(f"write {name}")
            path = Path(folder) / f"{name}.pth"
            torch.save(checkpoint_state(name), path)
            for how in ("plain", "accelerated"):
                progress(f"load {name}, {how}")
                figures[f"{name} {how}"] = measure(path, how, RENDERER_CHILD)
    return {"device": "cpu", "dtype": "float32", **figures, "required_at_most": REQUIRED}
