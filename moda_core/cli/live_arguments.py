"""The options of the command `live`."""

import argparse
from pathlib import Path

from ..example import PORTRAIT
from .arguments import number
from .talk_arguments import add_device, add_face_arguments, add_models, add_performance

PORT = 8199
SIZES = (512, 384, 256)
LARGEST_SIZE = 1920


def add_live_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `live` to its parser."""
    parser.argument_default = argparse.SUPPRESS
    parser.add_argument(
        "portrait",
        type=Path,
        nargs="?",
        default=PORTRAIT,
        metavar="PORTRAIT",
        help="a picture with a face (default: the bundled one)%(default).0s",
    )
    add_performance(parser, "how the face looks at first")
    parser.add_argument(
        "--size",
        type=number(64, LARGEST_SIZE, int),
        metavar="PIXELS",
        help="scale a larger picture down to this (default: the largest of "
        f"{', '.join(map(str, SIZES))} for which this machine is fast enough)",
    )
    parser.add_argument(
        "--port",
        type=number(0, 65535, int),
        default=PORT,
        help="where the page is served on this machine; 0 takes any free one",
    )
    parser.add_argument(
        "--no-browser", action="store_true", default=False, help="do not open the page"
    )
    add_device(parser)
    add_face_arguments(parser)
    add_models(parser.add_argument_group("the released networks"))
