"""A batch with two workers against calls of `talk` and against one process, and killed at random.

By default 8 clips, 4 portraits, 2 calls and 3 kills; with `long` 40 clips, 8 portraits, 4 calls and
20 kills. The time of all calls of `talk` is that of the sample times the number of clips. The
ratios hold for an idle machine: on a busy one Linux may give two workers no more than one.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from moda_core.audio.waveform import decode_blocks
from moda_core.example import PORTRAIT, SECOND_PORTRAIT, SPEECH
from tests.sound_files import write_sound

from .progress import Progress

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_RATE = 22050
PIECE_S = 5.0
CROP = 20  # pixels cut off each side
REQUIRED_OVER_CALLS, REQUIRED_OVER_ONE = 3.0, 1.5
KILLED_PIECE_S = 1.0
SEED = 0

IN_SEQUENCE = """
import sys, time
from pathlib import Path
import torch
from moda_core.cli.batch.job_file import folder_jobs
from moda_core.cli.batch.plan import plan
from moda_core.cli.batch.worker import Worker
torch.set_num_threads(1)
portraits, audios, out = map(Path, sys.argv[1:])
jobs, _ = plan(folder_jobs(portraits, audios, "all")[0], out, Path())
(out / "unfinished").mkdir()
worker = Worker(out, out / "unfinished")
start = time.perf_counter()
results = [worker.run(job) for job in jobs]
assert all(result.status == "done" for result in results), results
print(time.perf_counter() - start)
"""


def write_inputs(folder: Path, num_portraits: int, num_pieces: int, piece_s: float) -> list[str]:
    """Write variants of the bundled portraits and pieces of the speech; return their folders."""
    portraits, audios = folder / "portraits", folder / "audios"
    for path in (portraits, audios):
        path.mkdir(parents=True)
    pictures = [Image.open(path).convert("RGB") for path in (PORTRAIT, SECOND_PORTRAIT)]
    pictures += [ImageOps.mirror(picture) for picture in pictures]
    pictures += [ImageOps.crop(picture, CROP) for picture in pictures]
    for index, picture in enumerate(pictures[:num_portraits]):
        picture.save(portraits / f"face{index}.png")
    speech = np.concatenate(list(decode_blocks(SPEECH, SAMPLE_RATE)))
    length = round(piece_s * SAMPLE_RATE)
    for index, start in enumerate(np.linspace(0, len(speech) - length, num_pieces).astype(int)):
        write_sound(audios / f"speech{index}.wav", speech[start : start + length], SAMPLE_RATE)
    return [str(portraits), str(audios)]


def start(arguments: list[str], module: bool = False) -> subprocess.Popen:
    """Start a command as users do; a `module` is one process, which a signal reaches."""
    program = ["-m", "moda_core"] if module else ["run.py", "--here"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *program, *arguments], cwd=ROOT, **pipes)


def finish(process: subprocess.Popen) -> str:
    """Wait for a command that must succeed; return what it printed."""
    printed, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"The command ended with {process.returncode}: {printed}{errors}")
    return printed


def batch_arguments(inputs: list[str], out: Path) -> list[str]:
    """Return the command line of a batch with two workers."""
    folders = ["--portraits", inputs[0], "--audios", inputs[1]]
    return ["batch", *folders, "-o", str(out), "--workers", "2"]


def call_talk(inputs: list[str], out: Path, count: int, announce: Progress) -> dict[str, float]:
    """Call `talk` for some of the clips; return the mean seconds, and its share of set-up."""
    seconds, set_up = [], []
    portraits, audios = (sorted(Path(folder).iterdir()) for folder in inputs)
    for index in range(count):
        announce(f"talk, call {index + 1} of {count}")
        files = [portraits[index % len(portraits)], audios[index % len(audios)]]
        started = time.perf_counter()
        process = start(["talk", *map(str, files), "-o", str(out / f"talk{index}.mp4")])
        printed = finish(process)
        seconds.append(time.perf_counter() - started)
        set_up.append(seconds[-1] - worked(printed))
    return {"call_s": float(np.mean(seconds)), "start_up_share": sum(set_up) / sum(seconds)}


def worked(printed: str) -> float:
    """Return the seconds after the set-up in a table of `talk`."""
    rows = dict(re.findall(r"^([a-z-]+) +([\d.]+) s$", printed, re.MULTILINE))
    return sum(float(rows[stage]) for stage in ("audio", "motion", "render", "encode"))


def compare(folder: Path, sizes: tuple[int, int, int], announce: Progress) -> dict:
    """Time a batch, a process that makes its clips in sequence, and some calls of `talk`."""
    num_portraits, num_pieces, num_calls = sizes
    inputs = write_inputs(folder, num_portraits, num_pieces, PIECE_S)
    num_clips = num_portraits * num_pieces
    figures = call_talk(inputs, folder, num_calls, announce)
    announce(f"batch of {num_clips} clips")
    started = time.perf_counter()
    finish(start(batch_arguments(inputs, folder / "batch")))
    batch_s = time.perf_counter() - started
    announce("the same in sequence")
    (folder / "sequence").mkdir()
    command = [sys.executable, "-c", IN_SEQUENCE, *inputs, str(folder / "sequence")]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    sequence_s = float(ended.stdout)
    return {
        **{"clips": num_clips, "batch_s": batch_s, "sequence_s": sequence_s, **figures},
        "over_calls": figures["call_s"] * num_clips / batch_s,
        "over_one_process": sequence_s / batch_s,
        "same_files": digests(folder / "batch") == digests(folder / "sequence"),
    }


def digests(folder: Path) -> dict[str, str]:
    """Return the digests of the videos under their final names."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.mp4")}


def repeated(folder: Path) -> int:
    """Return how many lines of results are of an output that has one already."""
    lines = (folder / "results.jsonl").read_text("utf-8").splitlines()
    counts = Counter(json.loads(line)["output"] for line in lines)
    return sum(counts.values()) - len(counts)


def kill_at_random(folder: Path, num_kills: int, announce: Progress) -> dict:
    """Kill batches and start them again; compare all videos with those of an undisturbed run."""
    inputs, chance = write_inputs(folder, 4, 2, KILLED_PIECE_S), random.Random(SEED)
    announce("undisturbed batch")
    started = time.perf_counter()
    finish(start(batch_arguments(inputs, folder / "undisturbed")))
    whole_s = time.perf_counter() - started
    expected, wrong, twice, left, outs = digests(folder / "undisturbed"), 0, 0, 0, 1
    for kill in range(num_kills):
        announce(f"kill {kill + 1} of {num_kills}")
        out = folder / f"out{outs}"
        process = start(batch_arguments(inputs, out), module=True)
        time.sleep(chance.uniform(0.2, 1.0) * whole_s)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        made = digests(out)
        wrong += sum(expected.get(name) != digest for name, digest in made.items())
        if len(made) == len(expected) or kill == num_kills - 1:
            finish(start(batch_arguments(inputs, out)))
            wrong += digests(out) != expected
            twice += repeated(out)
            left += (out / ".unfinished").exists()
            outs += 1
    figures = {"wrong_files": wrong, "repeated_results": twice, "left_behind": left}
    return {"kills": num_kills, **figures}


def run(long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    sizes, num_kills = ((8, 5, 4), 20) if long else ((4, 2, 2), 3)
    announce = Progress("batch", sizes[2] + 3 + num_kills)
    with tempfile.TemporaryDirectory() as name:
        figures = compare(Path(name, "speed"), sizes, announce)
        killed = kill_at_random(Path(name, "kills"), num_kills, announce)
    return {
        "dtype": "float32",
        **figures,
        "required_over_calls": REQUIRED_OVER_CALLS,
        "required_over_one_process": REQUIRED_OVER_ONE,
        **killed,
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }
