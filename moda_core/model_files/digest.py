"""The SHA-256 of a file, read in pieces."""

import hashlib
from collections.abc import Callable
from pathlib import Path

Progress = Callable[[int, int], None]  # bytes done and in all; may raise anything to cancel

CHUNK_SIZE = 1 << 20


class Stopped(BaseException):
    """Carries what a `Progress` raised past the handling of other errors."""

    def __init__(self, reason: BaseException):
        super().__init__()
        self.reason = reason


def stoppable(progress: Progress | None) -> Progress:
    """Return a progress that raises `Stopped` with what the given one raises, if there is one."""

    def report(done: int, total: int) -> None:
        try:
            if progress is not None:
                progress(done, total)
        except BaseException as reason:
            raise Stopped(reason) from reason

    return report


def file_digest(path: Path, progress: Progress | None = None) -> str:
    """Return the SHA-256 of a file's content.

    Parameters
    ----------
    progress : callable (done, total), optional
        Called with bytes after each piece; may raise to cancel.

    Returns
    -------
    str
        64 hex digits, lower case.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    return _feed(hashlib.sha256(), path, progress).hexdigest()


def git_blob_digest(path: Path, progress: Progress | None = None) -> str:
    """Return the SHA-1 under which git knows a file's content."""
    start = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    return _feed(start, path, progress).hexdigest()


def _feed(digest, path: Path, progress: Progress | None = None):
    """Return `digest`, a hash of `hashlib`, after it has taken in a file's content."""
    total, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK_SIZE):
            digest.update(piece)
            done += len(piece)
            if progress is not None:
                progress(done, total)
    return digest
