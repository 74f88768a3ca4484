"""Conversions of original files: where they are stored, and whether they are current."""

from collections.abc import Mapping
from pathlib import Path

from ..errors import InputFileError
from .safetensors_header import read_header

SUFFIX, HALF_SUFFIX = ".safetensors", "_fp16.safetensors"
# Names of transformers for one file in its two formats.
ENCODER_NAMES = {"pytorch_model.bin": "model"}
# Fields of a conversion's metadata.
SOURCE, SIZE, MTIME = "converted_from", "source_size", "source_mtime_ns"
SHA256 = "source_sha256"


def conversion_path(path: Path, half: bool = False) -> Path:
    """Return the path of the conversion of a file: in the same folder, under its name.

    A conversion to float16 has a name of its own, since it is another choice, not another format.
    """
    stem = ENCODER_NAMES.get(path.name, path.stem)
    return path.with_name(stem + (HALF_SUFFIX if half else SUFFIX))


def converted_file(path: Path) -> Path:
    """Return the current conversion of a file if there is one, else `path`.

    A conversion has the same tensors bit for bit. It is current as long as size and modification
    time of the original are those it was made from. Only headers are read.
    """
    target = conversion_path(Path(path))
    return target if is_current(target, Path(path)) else path


def is_outdated(path: Path) -> bool:
    """Return whether a file is a conversion of one in its folder that has changed since."""
    if path.suffix.lower() != SUFFIX or not path.is_file():
        return False
    try:
        source = read_header(path).metadata.get(SOURCE)
    except InputFileError:
        return False
    original = source and path.with_name(source)
    return bool(original) and original.is_file() and not is_current(path, original)


def is_current(target: Path, path: Path) -> bool:
    """Return whether `target` exists and is a conversion of `path` in its present state."""
    try:
        return state_of(path).items() <= conversion_metadata(target, path).items()
    except OSError:
        return False


def conversion_metadata(target: Path, path: Path) -> Mapping[str, str]:
    """Return the metadata of `target` if it is a conversion of a file of this name, else {}."""
    if target == path or not target.is_file():
        return {}
    try:
        metadata = read_header(target).metadata
    except InputFileError:
        return {}
    return metadata if metadata.get(SOURCE) == path.name else {}


def state_of(path: Path) -> dict[str, str]:
    """Return name, size and modification time of a file as metadata; OSError if missing."""
    stat = path.stat()
    return {SOURCE: path.name, SIZE: str(stat.st_size), MTIME: str(stat.st_mtime_ns)}
