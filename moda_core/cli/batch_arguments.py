"""The options of the command `batch`."""

import argparse
import re
from pathlib import Path

from .arguments import number, text_type

PAIRINGS = ("all", "names")
MOST_WORKERS = 1024


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `batch` to its parser."""
    parser.add_argument(
        "jobs",
        type=Path,
        nargs="?",
        metavar="JOBS",
        help="a .jsonl or .csv file with a job on each line: portrait, audio, and options of talk",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder for the videos and the results; a batch that was stopped goes on there",
    )
    parser.add_argument(
        "--portraits", type=Path, metavar="DIR", help="pictures and videos, instead of JOBS"
    )
    parser.add_argument(
        "--audios", type=Path, metavar="DIR", help="recordings, to go with --portraits"
    )
    parser.add_argument(
        "--pair",
        choices=PAIRINGS,
        default=PAIRINGS[0],
        help="all: each portrait with each recording; names: those of equal names (default: all)",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=text_type(name_and_value),
        default=[],
        metavar="NAME=VALUE",
        help="an option of talk for all jobs that don't state it, such as emotion=happiness",
    )
    parser.add_argument(
        "--workers",
        type=number(1, MOST_WORKERS, int),
        help="processes; the processor's cores are shared among them (default: one for each core "
        "with the starter on a processor, else 1; with --ray as many as the cluster has room for)",
    )
    parser.add_argument(
        "--threads",
        type=number(1, MOST_WORKERS, int),
        help="cores of each process (default: its share)",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="run on a Ray cluster, HOST:PORT, or auto for the one that this machine belongs to",
    )
    parser.add_argument(
        "--shard",
        type=text_type(shard_numbers),
        default=(1, 1),
        metavar="I/N",
        help="do only part I of N, counted from 1, such as each task of a slurm array",
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="try again what has failed in an earlier run"
    )


def name_and_value(text: str) -> tuple[str, str]:
    """Return the two sides of NAME=VALUE; ValueError if there is no such."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"expected NAME=VALUE, such as emotion=happiness, got {text!r}")
    return name, value


def shard_numbers(text: str) -> tuple[int, int]:
    """Return the numbers of I/N; ValueError if I is not one of 1 to N."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    index, count = map(int, match.groups()) if match else (0, 0)
    if not 1 <= index <= count:
        raise ValueError(f"expected a part and their number, such as 1/4 to 4/4, got {text!r}")
    return index, count
