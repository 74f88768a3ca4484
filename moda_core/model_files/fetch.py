"""Fetching a model file: once, checked, resumable, and never half there under its name."""

import errno
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import DownloadError
from .catalog import LATEST, ModelFile
from .digest import Progress, file_digest, git_blob_digest
from .hub_file import GIT_SHA1, HubFile, address, look_up, promised_hash
from .part_file import PartFile, WrongContentError, part_path
from .retries import LONGEST_WAIT_S, Patience, TransientError

DISK_MARGIN = 16 << 20  # bytes that stay free
LOCK_WAIT_S = 0.3  # so that a cancel is noticed soon
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Fetched:
    """A model file that is there, and is the right one.

    Parameters
    ----------
    path : Path
    sha256 : str
        64 hexadecimal digits.
    commit : str, optional
        Of the repository, as the hub reported it; the table's where the hub was not asked.
    num_received : int
        Bytes that came over the wire in this call, 0 if the file was there already.
    """

    path: Path
    sha256: str
    commit: str | None
    num_received: int


def fetch_file(
    file: ModelFile,
    target: Path,
    progress: Progress | None = None,
    *,
    endpoint: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Fetch a model file from the Hugging Face Hub, or go on where an earlier try stopped.

    Parameters
    ----------
    file : ModelFile
    target : Path
        Where it goes; until it is complete, a ``.part`` grows beside it.
    progress : callable (done, total), optional
        Called with bytes, those of earlier tries included, after each piece and in short steps
        of every wait. Whatever it raises passes through; the part is kept.
    endpoint : str, optional
        Of the hub, in place of the one that huggingface_hub was set to, as by ``HF_ENDPOINT``.
    sleep : callable (seconds), optional
        What waits between retries.

    Returns
    -------
    Fetched

    Raises
    ------
    DownloadError
        If it cannot be had, or another file is at `target`. Nothing is then changed there.
    """
    job = _Job(file, Path(target), progress, endpoint, sleep)
    try:
        return job.found_there() or job.fetch()
    except OSError as error:  # of the disk: those of connections are told apart where they arise
        if error is job.raised_by_progress:
            raise
        raise DownloadError(job.disk_failure(error)) from error


class _Job:
    """One call of `fetch_file`, and how far it has come."""

    def __init__(self, file: ModelFile, target: Path, progress, endpoint, sleep):
        self.file, self.target, self.endpoint = file, target, endpoint
        self.progress, self.raised_by_progress = progress, None
        self.source: HubFile | None = None
        self.part: PartFile | None = None
        self.patience = Patience(self.report_state, sleep)

    def report(self, done: int, total: int) -> None:
        if self.progress is None:
            return
        try:
            self.progress(done, total)
        except BaseException as error:
            self.raised_by_progress = error
            raise

    def report_state(self) -> None:
        done = self.part.num_bytes if self.part else 0
        self.report(done, self.source.size if self.source else self.file.about_size or 1)

    def found_there(self) -> Fetched | None:
        """Return the file if it is at its place already and can be judged; None if it is not."""
        if not self.target.exists():
            return None
        promised = promised_hash(self.file, self.source)
        if promised is None and self.source is None:
            return None  # the hub has to be asked first
        if self.target.is_dir():
            raise self._other_there("a folder")
        size = self.target.stat().st_size
        if size != (self.source.size if self.source else self.file.size or size):
            raise self._other_there(f"another file of {size} bytes")
        sha256 = seen = file_digest(self.target, self.report)
        if promised is not None and GIT_SHA1.fullmatch(promised):
            seen = git_blob_digest(self.target, self.report)
        if promised not in (None, seen):
            raise self._other_there(f"another file of {size} bytes with the hash {seen}")
        commit = self.source.commit if self.source else self.file.revision
        return Fetched(self.target, sha256, commit, 0)

    def _other_there(self, what: str) -> DownloadError:
        return DownloadError(
            f"'{self.file.name}' was not fetched, since '{self.target}' is {what}. Move or rename "
            "it and try again."
        )

    def fetch(self) -> Fetched:
        self._refuse_offline()
        try:
            self.source = self._with_patience(lambda: look_up(self.file, self.endpoint))
            found = self.found_there()
            if found is not None:
                return found
            self.target.parent.mkdir(parents=True, exist_ok=True)
            with self._lock():
                return self.found_there() or self._fetch_alone()
        except TransientError as failure:
            raise DownloadError(self._gave_up(failure)) from failure

    def _refuse_offline(self) -> None:
        from huggingface_hub import constants

        if constants.HF_HUB_OFFLINE:
            there = " and the hash of the file that is there is not known"
            raise DownloadError(
                f"'{self.file.name}' was not fetched, since HF_HUB_OFFLINE is set"
                f"{there if self.target.exists() else ''}. Unset it, or fetch {self._url()} "
                f"elsewhere and save it as '{self.target}'."
            )

    def _url(self) -> str:
        if self.source is not None:
            return self.source.url
        return address(self.file, self.endpoint, self.file.revision or LATEST)

    def _with_patience(self, attempt: Callable[[], HubFile]) -> HubFile:
        while True:
            try:
                return attempt()
            except TransientError as failure:
                self.patience.wait(failure)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep other processes from the same file; remove the lock when the file is there."""
        path = self.target.with_name(f".{self.target.name}.lock")
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(_lock_file(path))
                    break
                except TimeoutError:
                    self.report_state()
            yield
            # Those who wait for it look for the file first, so a second lock does no harm.
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _fetch_alone(self) -> Fetched:
        path = part_path(self.target, self.source.etag)
        self.part = PartFile(self.file, self.source, path, self.report)
        self._check_free_space()
        try:
            sha256 = self._complete_and_check()
        except DownloadError as error:
            if error is self.raised_by_progress:
                raise
            raise DownloadError(f"{error}{self._kept()}") from error
        found = self.found_there()  # it may have been put there by hand
        if found is None:
            self.part.path.replace(self.target)
            found = Fetched(self.target, sha256, self.source.commit, 0)
        return replace(found, num_received=self.part.num_received)

    def _complete_and_check(self) -> str:
        try:
            self.part.complete(self.patience)
            return self.part.check()
        except WrongContentError:
            pass  # the part of an earlier try may have been damaged
        try:
            self.part.complete(self.patience)
            return self.part.check()
        except WrongContentError as error:
            raise DownloadError(
                f"'{self.file.name}' came whole from {self.source.url}, but {error}. It was "
                "deleted. Check HF_ENDPOINT and your proxy, or update this pack."
            ) from error

    def _check_free_space(self) -> None:
        usage = shutil.disk_usage(self.target.parent)
        missing = self.source.size - self.part.num_bytes
        if usage.total and usage.free < missing + DISK_MARGIN:  # some shares tell nothing
            raise DownloadError(self._disk_full())

    def _disk_full(self) -> str:
        folder = self.target.parent
        missing = self.source.size - self.part.num_bytes
        return (
            f"'{self.file.name}' needs {missing / 1e6:.1f} MB more in '{folder}', where "
            f"{shutil.disk_usage(folder).free / 1e6:.1f} MB are free on the disk and a quota may "
            f"leave less. Free some space and try again.{self._kept()}"
        )

    def disk_failure(self, error: OSError) -> str:
        """Return the sentence for a disk that fails."""
        if self.part is not None and error.errno in DISK_FULL:
            return self._disk_full()
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return (
                f"'{self.file.name}' cannot be fetched, since '{self.target.parent}' may not be "
                f"written ({error.strerror}). Change its permissions, or use another folder of "
                "models."
            )
        return (
            f"'{self.file.name}' cannot be written to '{self.target}' "
            f"({error.strerror or error}). Check the disk and the path, then try again."
            f"{self._kept()}"
        )

    def _gave_up(self, failure: TransientError) -> str:
        remedy = "Check the connection and try again later."
        if failure.wait_s is not None and failure.wait_s > LONGEST_WAIT_S:
            remedy = f"The hub asks to wait {failure.wait_s:.0f} s: try again after that."
        times = self.patience.num_failures
        return (
            f"'{self.file.name}' could not be fetched from {self._url()}: {failure}"
            f"{f', the last of {times} failures in a row' if times > 1 else ''}. "
            f"{remedy}{self._kept()}"
        )

    def _kept(self) -> str:
        """Say what of the file stays; empty if nothing does."""
        there = self.part.num_bytes if self.part else 0
        if not there:
            return ""
        return (
            f" {there} of {self.source.size} bytes are kept in '{self.part.path.name}'; the next "
            "try goes on from there."
        )


def _lock_file(path: Path):
    """Return a lock as a context manager, which raises `TimeoutError` after a moment."""
    from huggingface_hub.utils import WeakFileLock

    try:
        return WeakFileLock(path, timeout=LOCK_WAIT_S)
    except TypeError:  # before 0.28 it waits for as long as it takes
        return WeakFileLock(path)
