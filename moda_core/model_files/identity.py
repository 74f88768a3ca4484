"""What a file's size and hash say about it."""

from collections.abc import Callable
from pathlib import Path

from ..errors import InputFileError
from .catalog import known_files
from .digest import Progress
from .stamps import Stamps

SHOWN_DIGITS = 12


def identify(path: Path, part: str, stamps: Stamps) -> str:
    """Say in a few words what is known of a file for one of `model_folder.PARTS`, unread."""
    size, stamp, known = path.stat().st_size, stamps.get(path), known_files(part)
    if stamp:
        same = next((file for file in known if file.sha256 == stamp.sha256), None)
        what = f"as published by {same.repo_id}" if same else "in no list of published files"
        source = f", {stamp.source}" if stamp.source else ""
        said = f"SHA-256 {stamp.sha256[:SHOWN_DIGITS]}… checked on {stamp.date}, {what}{source}"
    elif stamps.is_outdated(path):
        said = "it has changed since it was checked"
    elif same := next((file for file in known if file.size == size), None):
        said = f"as long as the file of {same.repo_id}; its hash is not checked yet"
    else:
        said = "hash not known; its contents are checked when it is loaded"
    return f"{human_size(size)}; {said}"


def verify(
    path: Path,
    part: str,
    stamps: Stamps,
    judge: Callable[[Path, str], None],
    progress: Progress | None = None,
) -> None:
    """Work out the SHA-256 of a file, judge the file by it, and remember it.

    Parameters
    ----------
    part : str
        What it should be, one of `model_folder.PARTS`.
    stamps : Stamps
        Gets the result.
    judge : callable (path, part)
        Reads the contents of a file whose hash is not known, and refuses those of another model.
    progress : callable (done, total), optional
        Called with bytes; may raise to cancel.

    Raises
    ------
    InputFileError
        If the file has changed since it was checked, has the size of a published one and another
        hash, or is refused. What was remembered of it stays.
    """
    checked, known = stamps.digest(path, progress), known_files(part)
    if checked.sha256 not in {file.sha256 for file in known}:
        for file in known:
            if file.size == checked.size:
                raise InputFileError(
                    f"'{path}' is as long as the file of {file.repo_id}, but has the SHA-256 "
                    f"{checked.sha256} instead of {file.sha256}: it is damaged or another model. "
                    "Delete it and download it again."
                )
        judge(path, part)
    stamps.record(path, checked)


def human_size(num_bytes: int) -> str:
    """Return a size in the unit that suits it, such as "1.49 GB"."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= step:
            return f"{num_bytes / step:.3g} {unit}"
    return f"{num_bytes} bytes"
