"""The options of the command `score`."""

import argparse
from pathlib import Path


def add_score_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `score` to its parser."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a video with a face and speech")
    parser.add_argument(
        "--phones",
        type=Path,
        metavar="FILE",
        help="times of p, b and m: a phone and its time, or its start and end, in each line",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="also draw the figures, as .png, .jpg or .webp"
    )
