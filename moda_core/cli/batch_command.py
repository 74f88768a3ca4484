"""The command `batch`."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MoDAError
from .batch.pool import num_cores, run_jobs, warm_up
from .console import write_line
from .talk_arguments import model_folder

if TYPE_CHECKING:
    from .batch.job_file import Line


def batch(arguments: argparse.Namespace) -> int:
    """Run a batch, and show its table; return 1 if a job has failed, else 0."""
    warm_up()

    from .batch.batch import run_batch  # which takes as long to load as the workers
    from .batch.plan import Shard

    lines, inputs = _lines(arguments)
    common, cores = dict(arguments.set), num_cores()
    num_workers = arguments.workers or (cores if _are_small([common, *lines]) else 1)
    share = max(1, cores // num_workers)
    result = run_batch(
        lines,
        arguments.output,
        inputs,
        partial(run_jobs, num_workers=num_workers, threads=share),
        num_workers,
        common,
        Shard(*arguments.shard),
        arguments.retry_failed,
    )
    for sentence in result.failures:
        write_line(sentence, sys.stderr)
    write_line(result.table)
    return int(result.num_failed > 0)


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
