"""Checks for every file that a user names, and the files below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputFileError


def check_input_file(path: Path, kind: str) -> None:
    """Raise InputFileError if a file is missing, a folder, not readable or empty.

    `kind` says in the message what it should be, such as "picture".
    """
    try:
        if path.is_dir():
            raise InputFileError(f"'{path}' is a folder. Name a {kind} file in it.")
        size = path.stat().st_size
    except PermissionError as error:
        raise InputFileError(
            f"'{path}' can't be read: permission denied. Change its permissions."
        ) from error
    except OSError as error:
        raise InputFileError(f"'{path}' does not exist. Check the path of the {kind}.") from error
    if size == 0:
        raise InputFileError(f"'{path}' is empty (0 bytes). Make the {kind} again.")


def walk_once(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield every folder below one, and the names of its files; linked folders once each."""
    entered = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in entered:
            folders.clear()  # a link back to a folder already entered
            continue
        entered.add(real)
        folders.sort()
        yield Path(root), names
