"""What a safetensors file says of itself at its beginning; no tensor is read."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputFileError

LARGEST_HEADER = 100_000_000  # bytes; the safetensors library reads no larger one

# What JSON of another form, or nested too deep, leads to.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True)
class SafetensorsHeader:
    """The header of a safetensors file.

    Parameters
    ----------
    shapes : dict
        Shapes of the tensors by key.
    metadata : dict
        Text by name; empty where the file has none.
    """

    shapes: dict[str, tuple[int, ...]]
    metadata: dict[str, str]


def read_header(path: Path) -> SafetensorsHeader:
    """Read the header of a safetensors file, and compare what it promises with the file's size.

    The library would map the whole file, which on Windows takes memory for all of it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    SafetensorsHeader

    Raises
    ------
    InputFileError
        If the file is missing, has no such header, or is longer or shorter than that says.
    """
    try:
        entries, num_bytes = _read_entries(path)
        metadata = dict(entries.pop("__metadata__", None) or {})
        shapes = {key: tuple(map(int, entry["shape"])) for key, entry in entries.items()}
        expected = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (OSError, ArithmeticError, MemoryError, *MALFORMED) as error:
        raise InputFileError(
            f"'{path}' has no header that can be read ({error!r:.160}). Download it again."
        ) from error
    if num_bytes != expected:
        raise InputFileError(
            f"'{path}' is damaged or cut short: its header promises {expected} bytes of weights, "
            f"but {num_bytes} follow. Download it again."
        )
    return SafetensorsHeader(shapes, metadata)


def _read_entries(path: Path) -> tuple[dict, int]:
    """Return what the file says of each tensor, and how many bytes follow."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > LARGEST_HEADER:
            raise ValueError(f"it would take {size} bytes")
        entries = json.loads(file.read(size))
        return entries, file.seek(0, os.SEEK_END) - 8 - size
