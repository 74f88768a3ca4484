"""The command `batch`."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MoDAError
from ..runtime.loading import loading
from .batch.pool import num_cores, run_jobs, warm_up
from .console import write_line
from .talk_arguments import model_folder

if TYPE_CHECKING:
    from .batch.batch import RunJobs
    from .batch.job_file import Line


def batch(arguments: argparse.Namespace) -> int:
    """Run a batch, and show its table; return 1 if a job has failed, else 0."""
    if arguments.ray is None:
        warm_up()

    with loading():
        from .batch.batch import run_batch  # which takes as long to load as the workers
        from .batch.plan import Shard

    lines, inputs = _lines(arguments)
    common = dict(arguments.set)
    workers = _on_this_machine if arguments.ray is None else _on_cluster
    with workers(arguments, [common, *lines]) as (run, num_workers):
        result = run_batch(
            lines,
            Path(os.path.abspath(arguments.output)) if arguments.ray else arguments.output,
            inputs,
            run,
            num_workers,
            common,
            Shard(*arguments.shard),
            arguments.retry_failed,
        )
    for sentence in result.failures:
        write_line(sentence, sys.stderr)
    write_line(result.table)
    return int(result.num_failed > 0)


@contextmanager
def _on_this_machine(
    arguments: argparse.Namespace, jobs: "list[dict | Line]"
) -> "Iterator[tuple[RunJobs, int]]":
    """Give what runs jobs in processes of this machine, and their number."""
    cores = num_cores()
    most = max(1, cores // (arguments.threads or 1))
    num_workers = arguments.workers or (most if _are_small(jobs) else 1)
    share = arguments.threads or max(1, cores // num_workers)
    yield partial(run_jobs, num_workers=num_workers, threads=share), num_workers


@contextmanager
def _on_cluster(
    arguments: argparse.Namespace, jobs: "list[dict | Line]"
) -> "Iterator[tuple[RunJobs, int]]":
    """Give what runs jobs on a Ray cluster, and the number of workers."""
    from .batch import ray_cluster, ray_pool

    with ray_cluster.joined(arguments.ray):
        on_gpu, sizes = _need_gpu(jobs), (arguments.workers, arguments.threads)
        share = ray_cluster.divide(ray_cluster.nodes(), on_gpu, _are_small(jobs), *sizes)
        yield partial(ray_pool.run_jobs, share=share), share.num_workers


def _need_gpu(jobs: "list[dict | Line]") -> bool:
    fields = [getattr(job, "fields", job) for job in jobs]
    return any(str(each.get("device", "cpu")) != "cpu" for each in fields)


def _are_small(jobs: "list[dict | Line]") -> bool:
    """Return whether no job is for a GPU or the released networks, which fill the memory."""
    fields = [getattr(job, "fields", job) for job in jobs]
    return model_folder() is None and all(
        each.get("device", "cpu") == "cpu" and "models" not in each for each in fields
    )


def _lines(arguments: argparse.Namespace) -> "tuple[list[Line], Path]":
    """Return the jobs' lines, and the folder to which their paths are relative."""
    from .batch.job_file import folder_jobs, read_job_file

    folders = arguments.portraits, arguments.audios
    if arguments.jobs is not None and any(folders):
        raise MoDAError("Name either a file of jobs, or --portraits and --audios.")
    if arguments.jobs is not None:
        return read_job_file(arguments.jobs), arguments.jobs.parent
    if None in folders:
        raise MoDAError("There are no jobs. Name a file of them, or --portraits and --audios.")
    lines, alone = folder_jobs(*folders, arguments.pair)
    if alone:
        names = ", ".join(path.name for path in alone[:5]) + (", ..." if len(alone) > 5 else "")
        write_line(f"Without a counterpart of the same name: {names}.", sys.stderr)
    return lines, Path()
