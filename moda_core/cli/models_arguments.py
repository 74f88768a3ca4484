"""The options of the command `models`."""

import argparse
from pathlib import Path

from ..model_files.catalog import choices
from ..model_files.places import ENVIRONMENT


def add_models_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `models` to its parser."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which files, default all: {', '.join(choices())}"
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help=f"where they are and belong; default what {ENVIRONMENT} names, else the folders of "
        "the ComfyUI around this pack",
    )
    parser.add_argument("--download", action="store_true", help="fetch those that are missing")
    parser.add_argument("--verify", action="store_true", help="work out and compare their SHA-256")
    parser.add_argument(
        "--convert",
        action="store_true",
        help="write .pth and .bin files as safetensors beside them, which loaders then open",
    )
    parser.add_argument(
        "--fp16",
        action="store_true",
        help="with --convert: net-200 and the encoder at half the size, as <name>_fp16",
    )
