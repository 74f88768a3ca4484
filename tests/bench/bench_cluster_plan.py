"""100,000 clips on 1 to 1,000 workers, simulated from constants that are measured here.

What can't be measured here stands in `ASSUMED`, and what Ray takes in `RAY`, which `bench cluster`
measures. Seconds are those of the processor, which a busy machine changes little. Prints a table,
and draws which share of the workers' time goes into clips as `output/cluster_plan.png`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from moda_core.cli.batch.job import DONE, Job, Result
from moda_core.cli.batch.job_file import folder_jobs
from moda_core.cli.batch.plan import Shard, plan
from moda_core.cli.batch.pool import Waiting
from moda_core.cli.batch.progress import BatchProgress
from moda_core.cli.batch.results import Results
from moda_core.cli.batch.worker import Worker
from moda_core.cli.console import clock

from .bench_batch import write_inputs
from .cluster_simulation import Costs, Outcome, Scene, simulate
from .line_chart import Line, draw_chart
from .progress import Progress

ROOT = Path(__file__).resolve().parents[2]
NUM_CLIPS = 100_000
SIZES = (1, 8, 40, 200, 1000)
NUM_SHARDS = 8
PIECE_S = 5.0
NUM_PLANNED, NUM_HANDLED = 200, 20_000
# Seconds for a result that Ray brings, for each worker that is waited for, and for a new worker;
# rounded up.
RAY = {"result_s": 1.3e-3, "watch_s": 1.0e-6, "actor_s": 3.0}
GOES_WRONG = {
    **{"slow_share": 0.03, "slowness": 3.0, "spread": 0.3},
    **{"failures_per_hour": 0.02, "away_s": 120.0, "deadly_jobs": 10},
}
# Networks of 10 Gbit/s; the released networks on a GPU, a clip of 5 s.
ASSUMED = {
    "storage": {"bandwidth": 1.25e9, "worker_bandwidth": 1.25e9},
    "gpu": {"clip_s": 8.0, "load_s": 10.0, "model_bytes": 2.4e9, "write_bytes": 1e6},
    "local_disk_bytes_per_s": 2e9,
}
COLUMNS = {
    **{"total_s": "time", "of_ideal": "in clips", "loading": "loading", "lost": "lost"},
    **{"planning_s": "planning", "driver": "driver", "storage": "storage", "tail_s": "tail"},
}


def measure(folder: Path, announce: Progress) -> Costs:
    """Measure what the starter takes on one core of this machine, and its driver."""
    announce("start of a worker")
    command = [sys.executable, "-c", "import moda_core.cli.batch.worker"]
    before = os.times()
    subprocess.run(command, cwd=ROOT, check=True)
    start_s = sum(os.times()[2:4]) - sum(before[2:4])
    announce("clips")
    torch.set_num_threads(1)
    inputs = write_inputs(folder / "clips", 2, 4, PIECE_S)
    lines, _ = folder_jobs(*map(Path, inputs), "all")
    jobs, _ = plan(lines, folder, Path())
    worker = Worker(folder, folder)
    seconds = [_seconds(lambda job=job: make(worker, job)) for job in jobs]
    clip_s = sum(seconds[1:]) / (len(seconds) - 1)
    read, written = (
        sum(path.stat().st_size for path in paths) / len(jobs)
        for paths in ([Path(part) for job in jobs for part in job.arguments], folder.glob("*.mp4"))
    )
    announce("plan")
    inputs = write_inputs(folder / "plan", 1, NUM_PLANNED, PIECE_S)
    lines, _ = folder_jobs(*map(Path, inputs), "all")
    drafts_s = _seconds(lambda: plan(lines, folder, Path(), shard=Shard(1, len(lines))))
    plan_s = _seconds(lambda: plan(lines, folder, Path()))
    announce("results")
    return Costs(
        clip_s=clip_s,
        line_s=drafts_s / len(lines),
        job_s=(plan_s - drafts_s) / len(lines),
        handle_s=handle(folder) + RAY["result_s"],
        watch_s=RAY["watch_s"],
        start_s=RAY["actor_s"] + start_s,
        load_s=max(seconds[0] - clip_s, 0.0),
        model_bytes=float(sum(path.stat().st_size for path in (ROOT / "moda_core").rglob("*.*"))),
        read_bytes=read,
        write_bytes=written,
        **ASSUMED["storage"],
    )


def make(worker: Worker, job: Job) -> None:
    """Make a clip that must succeed."""
    result = worker.run(job)
    if result.status != DONE:
        raise RuntimeError(f"A clip has failed: {result.sentence}")


def handle(folder: Path) -> float:
    """Return what this project's own part of a result takes, each job of a portrait of its own."""
    ids = [f"{number:064}" for number in range(NUM_HANDLED)]
    jobs = [Job(each, 1, (), f"{each}.mp4", subject=each, sound_s=1.0) for each in ids]
    waiting, results, progress = Waiting(jobs), Results(folder), BatchProgress(jobs, 1000)
    elsewhere = set(ids[-1000:])

    def run() -> None:
        for _ in jobs:
            job = waiting.take("", elsewhere)
            result = Result(job.id, job.line, job.output, DONE, 1.0)
            results.append(result)
            progress.end(result)

    return _seconds(run) / NUM_HANDLED


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def variants(starter: Costs) -> dict[str, tuple[Costs, int]]:
    """Return what is simulated: costs and the number of shards, by name."""
    gpu = replace(starter, **ASSUMED["gpu"])
    read_s = gpu.model_bytes / ASSUMED["local_disk_bytes_per_s"]
    local = replace(gpu, model_bytes=0.0, load_s=gpu.load_s + read_s)
    return {
        "starter, a core each": (starter, 1),
        f"starter, {NUM_SHARDS} shards": (starter, NUM_SHARDS),
        "released, a GPU each": (gpu, 1),
        "models on local disks": (local, 1),
        f"and {NUM_SHARDS} shards": (local, NUM_SHARDS),
    }


def table(name: str, outcomes: dict[int, Outcome]) -> str:
    """Return the outcomes of a variant by the number of workers."""
    header = ["workers", *COLUMNS.values()]
    rows = [
        [f"{size}", *map(_cell, COLUMNS, [outcome] * len(COLUMNS))]
        for size, outcome in outcomes.items()
    ]
    return "\n".join([name, *("".join(f"{cell:>11}" for cell in row) for row in [header, *rows])])


def _cell(column: str, outcome: Outcome) -> str:
    value = getattr(outcome, column)
    return clock(value) if column.endswith("_s") else f"{value:.1%}"


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure, simulate and draw; return the figures."""
    announce = Progress("cluster-plan", 4 + 5)
    with tempfile.TemporaryDirectory() as name:
        starter = measure(Path(name), announce)
    found = {}
    for variant, (costs, num_shards) in variants(starter).items():
        announce(variant)
        found[variant] = {
            size: simulate(costs, Scene(NUM_CLIPS, size, min(num_shards, size), **GOES_WRONG))
            for size in SIZES
        }
        sys.stderr.write(table(variant, found[variant]) + "\n")
    picture = ROOT / "output" / "cluster_plan.png"
    picture.parent.mkdir(exist_ok=True)
    shares = [
        Line(variant, [outcome.of_ideal for outcome in outcomes.values()])
        for variant, outcomes in found.items()
    ]
    title = f"{NUM_CLIPS:,} clips: share of the workers' time that goes into clips"
    draw_chart(title, "workers", SIZES, shares).save(picture)
    return {
        "dtype": "float32",
        "clips": NUM_CLIPS,
        "measured": {name: value for name, value in vars(starter).items() if value},
        "of_ideal": {
            variant: {size: round(outcome.of_ideal, 3) for size, outcome in outcomes.items()}
            for variant, outcomes in found.items()
        },
        "seconds": {
            variant: {size: round(outcome.total_s) for size, outcome in outcomes.items()}
            for variant, outcomes in found.items()
        },
        "plot": str(picture.relative_to(ROOT)),
    }
