"""Whether a file can be one of weights at all, told by its beginning, its end and its size."""

from functools import lru_cache
from pathlib import Path

from ..errors import InputFileError
from .file_format import SAFETENSORS, weights_format
from .safetensors_header import read_header


def find_problem(path: Path) -> str | None:
    """Return why a file is of no use, without reading its values.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str or None
        One sentence: that it is a web page, a Git LFS pointer, empty, gone or cut short; None if
        nothing of that kind is seen.
    """
    try:
        stat = path.stat()
    except OSError as error:
        return f"'{path}' cannot be opened ({error.strerror or error}): a link to nowhere?"
    return _find_problem(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)  # menus ask at every prompt
def _find_problem(path: Path, mtime_ns: int, size: int) -> str | None:
    try:
        if weights_format(path) == SAFETENSORS:
            read_header(path)
    except InputFileError as error:
        return str(error)
    return None
