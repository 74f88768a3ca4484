"""What a file of weights is, told by its first bytes and not by its name."""

import zipfile
from pathlib import Path

from ..errors import InputFileError
from .input_file import check_input_file

SAFETENSORS = "safetensors"
TORCH_ZIP = "torch zip"
TORCH_PICKLE = "torch pickle"  # written by torch before 1.6

# How files begin that are met in place of weights, and what to do about each.
NOT_WEIGHTS = (
    (b"version https://git-lfs", "a Git LFS pointer", "Fetch the file itself with 'git lfs pull'"),
    (b"<!doctype", "a web page", "Download the file itself"),
    (b"<html", "a web page", "Download the file itself"),
)
PICKLE_STARTS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
HEAD_SIZE = 512


def weights_format(path: Path) -> str:
    """Return the format of a file of weights.

    Parameters
    ----------
    path : Path
        Its suffix plays no part.

    Returns
    -------
    {SAFETENSORS, TORCH_ZIP, TORCH_PICKLE}

    Raises
    ------
    InputFileError
        If the file is missing, empty, cut short at once, or something else; the text says what.
    """
    check_input_file(path, "checkpoint")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_SIZE)
    except OSError as error:
        raise InputFileError(f"'{path}' cannot be read ({error}). Check its disk.") from error
    if head.startswith(b"PK\x03\x04"):
        _check_zip(path)
        return TORCH_ZIP
    if head[257:262] == b"ustar":  # torch reads it by other rules
        raise InputFileError(f"'{path}' is a tar archive, not a checkpoint. Unpack it first.")
    if head.startswith(PICKLE_STARTS):
        return TORCH_PICKLE
    foreign = foreign_content(head)
    if foreign is not None:
        raise InputFileError(f"'{path}' is {foreign[0]}, not a checkpoint. {foreign[1]}.")
    if head[8:9] != b"{":
        raise InputFileError(
            f"'{path}' is neither a safetensors file nor a torch checkpoint. Download it again, or "
            "use the .safetensors or .pth file of the same model."
        )
    _check_header_size(path, int.from_bytes(head[:8], "little"))
    return SAFETENSORS


def foreign_content(head: bytes) -> tuple[str, str] | None:
    """Tell what a file is that was taken for weights, by how it begins.

    Parameters
    ----------
    head : bytes
        Its first `HEAD_SIZE` bytes, or as many as there are.

    Returns
    -------
    tuple of (str, str) or None
        What it is, "a web page", and what to do about it; None if it is none of `NOT_WEIGHTS`.
    """
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next(
        ((what, remedy) for start, what, remedy in NOT_WEIGHTS if text.startswith(start)), None
    )


def _check_header_size(path: Path, header_size: int) -> None:
    size = path.stat().st_size
    if header_size > size - 8:
        raise InputFileError(
            f"'{path}' is damaged or cut short: its header claims {header_size} bytes, but the "
            f"whole file has {size}. Download it again."
        )


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception as error:  # a damaged archive fails in many ways
        raise InputFileError(
            f"'{path}' is damaged or cut short: the list at its end is missing or wrong. "
            "Download it again."
        ) from error
    if not any(name.endswith("data.pkl") for name in names):
        raise InputFileError(
            f"'{path}' is a zip archive of other files, not a checkpoint. Unpack it first."
        )


def is_stored(path: Path) -> bool:
    """Tell whether a torch zip holds its values as they are; packed again, it may not.

    Parameters
    ----------
    path : Path
        A file of the format `TORCH_ZIP`.
    """
    with zipfile.ZipFile(path) as archive:
        return all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
