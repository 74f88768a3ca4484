"""Which file a converted original is read from, and where conversions are kept."""

from collections.abc import Mapping
from pathlib import Path

from ..errors import InputFileError
from .safetensors_header import read_header

SUFFIX, HALF_SUFFIX = ".safetensors", "_fp16.safetensors"
# The transformers library's names for one file in its two formats.
ENCODER_NAMES = {"pytorch_model.bin": "model"}
# Fields of a conversion's metadata.
SOURCE, SIZE, MTIME, SHA256 = (
    "converted_from",
    "source_size",
    "source_mtime_ns",
    "source_sha256",
)


def conversion_path(path: Path, half: bool = False) -> Path:
    """Return where the conversion of a file is kept: next to it, under its name.

    Parameters
    ----------
    path : Path
        The original.
    half : bool
        In float16: under a name of its own, as that is another choice and not another format.
    """
    stem = ENCODER_NAMES.get(path.name, path.stem)
    return path.with_name(stem + (HALF_SUFFIX if half else SUFFIX))


def converted_file(path: Path) -> Path:
    """Return what to read in place of a file: its conversion, where there is one.

    A conversion holds the same tensors bit for bit. It counts only as long as the original is the
    very file that it was made of, by size and time of the last change. Only headers are read.

    Parameters
    ----------
    path : Path
        What the user chose.

    Returns
    -------
    Path
        The conversion, else `path`: also if that is missing, or the other file has another origin
        or is damaged.
    """
    target = conversion_path(Path(path))
    return target if is_current(target, Path(path)) else path


def is_outdated(path: Path) -> bool:
    """Tell whether a file is a conversion of another beside it that has changed since.

    Parameters
    ----------
    path : Path
        Any file.
    """
    if path.suffix.lower() != SUFFIX or not path.is_file():
        return False
    try:
        source = read_header(path).metadata.get(SOURCE)
    except InputFileError:
        return False
    original = source and path.with_name(source)
    return bool(original) and original.is_file() and not is_current(path, original)


def is_current(target: Path, path: Path) -> bool:
    """Tell whether a file is a conversion of another as that is now.

    Parameters
    ----------
    target : Path
        May be missing or anything else.
    path : Path
        The original.
    """
    try:
        return state_of(path).items() <= conversion_metadata(target, path).items()
    except OSError:
        return False


def conversion_metadata(target: Path, path: Path) -> Mapping[str, str]:
    """Return what a conversion says of its origin.

    Parameters
    ----------
    target : Path
        May be missing or anything else.
    path : Path
        The original.

    Returns
    -------
    mapping
        Metadata of the safetensors file; empty if it is no conversion of a file of this name.
    """
    if target == path or not target.is_file():
        return {}
    try:
        metadata = read_header(target).metadata
    except InputFileError:
        return {}
    return metadata if metadata.get(SOURCE) == path.name else {}


def state_of(path: Path) -> dict[str, str]:
    """Return name, size in bytes and time of the last change of a file, as fields of metadata.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If it is missing.
    """
    stat = path.stat()
    return {SOURCE: path.name, SIZE: str(stat.st_size), MTIME: str(stat.st_mtime_ns)}
