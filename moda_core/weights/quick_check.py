"""A quick check of files of weights by their beginning, end and size."""

from functools import lru_cache
from pathlib import Path

from ..errors import InputFileError
from .file_format import SAFETENSORS, weights_format
from .safetensors_header import read_header


def find_problem(path: Path) -> str | None:
    """Return why a file is not usable, in one sentence, or None; values are not read.

    Finds web pages, Git LFS pointers, and files that are empty, missing or cut short.
    """
    try:
        stat = path.stat()
    except OSError as error:
        return f"'{path}' cannot be opened ({error.strerror or error}). Is it a broken link?"
    return _find_problem(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)  # menus ask at every prompt
def _find_problem(path: Path, mtime_ns: int, size: int) -> str | None:
    try:
        if weights_format(path) == SAFETENSORS:
            read_header(path)
    except InputFileError as error:
        return str(error)
    return None
