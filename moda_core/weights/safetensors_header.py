"""The header of a safetensors file; no tensor is read."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputFileError

LARGEST_HEADER = 100_000_000  # bytes; the safetensors library has this limit too

# Errors from JSON of another structure, or nested too deep.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True)
class SafetensorsHeader:
    """Shapes of the tensors by key, and the metadata, which may be empty."""

    shapes: dict[str, tuple[int, ...]]
    metadata: dict[str, str]


def read_header(path: Path) -> SafetensorsHeader:
    """Read the header of a safetensors file, and compare the size it states with the file's size.

    The library would map the whole file, which on Windows takes memory for all of it. Raises
    InputFileError if the file is missing, has no such header, or another length.
    """
    try:
        entries, num_bytes = _read_entries(path)
        metadata = dict(entries.pop("__metadata__", None) or {})
        shapes = {key: tuple(map(int, entry["shape"])) for key, entry in entries.items()}
        expected = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (OSError, ArithmeticError, MemoryError, *MALFORMED) as error:
        raise InputFileError(
            f"'{path}' has an unreadable header ({error!r:.160}). Download it again."
        ) from error
    if num_bytes != expected:
        raise InputFileError(
            f"'{path}' is damaged or cut short: its header states {expected} bytes of weights, "
            f"but {num_bytes} follow. Download it again."
        )
    return SafetensorsHeader(shapes, metadata)


def _read_entries(path: Path) -> tuple[dict, int]:
    """Return the header's entries, and the number of bytes after it."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > LARGEST_HEADER:
            raise ValueError(f"it would take {size} bytes")
        entries = json.loads(file.read(size))
        return entries, file.seek(0, os.SEEK_END) - 8 - size
