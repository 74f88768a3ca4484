"""Load time and peak memory of the converted motion model against the original, at full size.

Both are loaded mapped and for a CPU, in processes of their own and by turns, until every weight
has been read once. The files are warm, in the page cache. A machine that does nothing else gives
the figures.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from moda_core.model_files.convert import convert_file
from tests.parity.synthetic_weights import checkpoint_state

from .progress import Progress

PAIRS, LONG_PAIRS = 3, 7
TIME_REQUIRED, MEMORY_REQUIRED = 1.0, 1.2  # converted over original; peak over file size
ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import json, sys, time
from pathlib import Path
import torch
from moda_core.runtime.stopwatch import peak_memory
from moda_core.bundles.released import load_released_model
path = Path(sys.argv[1])
torch.zeros(8).to(torch.bfloat16).aminmax()
before, start = peak_memory(), time.perf_counter()
model = load_released_model(path)
loaded = time.perf_counter()
total = sum(float(weight.sum()) for weight in model.network.state_dict().values())
end = time.perf_counter()
print(json.dumps({
    "load_s": loaded - start,
    "seconds": end - start,
    "bytes": peak_memory() - before,
    "sum": total,
}))
"""


def load_once(path: Path) -> dict[str, float]:
    """Load a file in a process of its own.

    Parameters
    ----------
    path : Path
        Of a full-size motion model.

    Returns
    -------
    dict
        ``load_s`` and ``seconds``, without and with the reading of every weight; ``bytes`` of the
        peak; ``sum`` of the weights.
    """
    command = [sys.executable, "-c", CHILD, str(path)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return json.loads(result.stdout.splitlines()[-1])


def compare(original: Path, converted: Path, pairs: int, progress: Progress) -> dict:
    """Load two files by turns, each first in every other turn.

    Parameters
    ----------
    original, converted : Path
    pairs : int
        How often.
    progress : Progress
        Told of each load.

    Returns
    -------
    dict
        Median seconds of both, the median of their ratios, and the peaks over the file sizes.
    """
    runs = {original: [], converted: []}
    for path in runs:  # warms the page cache, and does not count
        progress(f"warm-up of {path.name}")
        load_once(path)
    for turn in range(pairs):
        for path in (original, converted) if turn % 2 else (converted, original):
            progress(f"load {path.name}")
            runs[path].append(load_once(path))
    if len({run["sum"] for each in runs.values() for run in each}) > 1:
        raise RuntimeError("The two files did not load to the same weights.")

    def medians(field: str) -> tuple[list[float], float]:
        before, after = ([run[field] for run in runs[path]] for path in runs)
        ratios = [b / a for a, b in zip(before, after, strict=True)]
        return [statistics.median(before), statistics.median(after)], statistics.median(ratios)

    seconds, ratio = medians("seconds")
    load_s, load_ratio = medians("load_s")
    return {
        "seconds_original_converted": seconds,
        "time_ratio": ratio,
        "time_ratio_required_at_most": TIME_REQUIRED,
        "load_only_s_original_converted": load_s,
        "load_only_ratio": load_ratio,
        "memory_ratio_original_converted": [
            max(run["bytes"] for run in each) / path.stat().st_size for path, each in runs.items()
        ],
        "memory_ratio_required_at_most": MEMORY_REQUIRED,
    }


def copy_alone(path: Path) -> Path:
    """Move a file into a folder of its own, by a copy; return its path.

    A conversion beside its original is loaded in its place. And the kernel keeps the pages of a
    file by how it was written, which makes some per cent of the time: copies are alike.
    """
    copy = path.parent / path.suffix[1:] / path.name
    copy.parent.mkdir()
    shutil.copyfile(path, copy)
    path.unlink()
    return copy


def run(*, long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. `long` loads more often."""
    pairs = LONG_PAIRS if long else PAIRS
    progress = Progress("load-time", 2 + 2 + 2 * pairs)
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "net-200.pth"
        progress("write net-200.pth")
        torch.save(checkpoint_state("moda_base"), original)
        progress("convert it")
        converted = convert_file(original, "motion_model")
        alike = [copy_alone(path) for path in (original, converted)]
        figures = compare(*alike, pairs, progress)
    return {"device": "cpu", "dtype": "float32", "pairs": pairs, **figures}
