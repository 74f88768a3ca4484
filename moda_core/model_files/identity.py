"""What a file's size and hash say about it."""

from collections.abc import Callable
from pathlib import Path

from ..errors import InputFileError
from .catalog import ModelFile, known_files
from .stamps import Stamps

SHOWN_DIGITS = 12


def identify(path: Path, part: str, stamps: Stamps) -> str:
    """Say in a few words what is known of a file's content, without reading it.

    Parameters
    ----------
    path : Path
        Of a file that is there.
    part : str
        What it should be, one of `model_folder.PARTS`.
    stamps : Stamps
        Of the files that were checked.

    Returns
    -------
    str
        Begins with the file's size.
    """
    size = path.stat().st_size
    return f"{human_size(size)}; {_known(path, part, size, stamps)}"


def _known(path: Path, part: str, size: int, stamps: Stamps) -> str:
    stamp, known = stamps.get(path), known_files(part)
    if stamp is None:
        if stamps.is_outdated(path):
            return "it has changed since it was checked"
        same = next((file for file in known if file.size == size), None)
        if same is None:
            return "hash not known; its contents are checked when it is loaded"
        return f"as long as the file of {same.repo_id}; its hash is not checked yet"
    same = next((file for file in known if file.sha256 == stamp.sha256), None)
    what = f"as published by {same.repo_id}" if same else "in no list of published files"
    source = f", {stamp.source}" if stamp.source else ""
    return f"SHA-256 {stamp.sha256[:SHOWN_DIGITS]}… checked on {stamp.date}, {what}{source}"


def verify(
    path: Path,
    part: str,
    stamps: Stamps,
    judge: Callable[[Path, str], None],
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Work out the SHA-256 of a file, judge the file by it, and remember it.

    Parameters
    ----------
    path : Path
    part : str
        What it should be, one of `model_folder.PARTS`.
    stamps : Stamps
        Gets the result.
    judge : callable (path, part)
        Reads the contents of a file whose hash is not known, and refuses those of another model.
    progress : callable (done, total), optional
        Called with bytes; may raise to cancel.

    Returns
    -------
    str
        What `identify` says then.

    Raises
    ------
    InputFileError
        If the file has changed since it was checked, has the size of a published one and another
        hash, or is refused. What was remembered of it stays.
    """
    checked = stamps.digest(path, progress)  # refuses what has changed
    known = known_files(part)
    if not any(file.sha256 == checked.sha256 for file in known):
        same_size = [file for file in known if file.size == checked.size]
        _refuse_damaged(path, checked.sha256, same_size)
        judge(path, part)
    stamps.record(path, checked)
    return identify(path, part, stamps)


def _refuse_damaged(path: Path, sha256: str, same_size: list[ModelFile]) -> None:
    if same_size:
        raise InputFileError(
            f"'{path}' is as long as the file of {same_size[0].repo_id}, but has the SHA-256 "
            f"{sha256} instead of {same_size[0].sha256}: it is damaged or another model. Delete "
            "it and download it again."
        )


def human_size(num_bytes: int) -> str:
    """Return a size in the unit that suits it, such as "1.49 GB".

    Parameters
    ----------
    num_bytes : int
    """
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= step:
            return f"{num_bytes / step:.3g} {unit}"
    return f"{num_bytes} bytes"
