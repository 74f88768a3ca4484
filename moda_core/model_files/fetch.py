"""Fetching a model file: checked, resumable, and never under its name before it is complete."""

import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DownloadError, InputFileError
from ..weights.file_format import HEAD_SIZE, foreign_content, weights_format
from . import hub
from .catalog import ModelFile
from .digest import Progress, Stopped, file_digest, git_blob_digest, stoppable
from .hub import TransientError

WAITS_S = (1.0, 2.0, 4.0, 8.0, 8.0)  # after failures in a row, without a new byte
LONGEST_WAIT_S = 120.0
STEP_S = 0.2  # of a wait, so that a cancel is noticed soon
DISK_MARGIN = 16 << 20  # bytes that stay free
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
HASH = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")  # SHA-256, or the SHA-1 of a git blob
WEIGHT_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")


class Fetched(NamedTuple):
    """A verified model file, and how many bytes of it this call received."""

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
    """Fetch a model file from the Hugging Face Hub, or resume where an earlier try stopped.

    Until it is complete, a ``.part`` grows beside `target`. `progress` is called with bytes, those
    of earlier tries included, after each piece and in short steps of every wait; whatever it raises
    passes through, and the part is kept. `endpoint` replaces huggingface_hub's own. Raises
    `DownloadError` if the file cannot be had, or another one is at `target`, which stays.
    """
    fetch = _Fetch(file, Path(target), stoppable(progress), endpoint, sleep)
    try:
        return fetch.existing() or fetch.run()
    except Stopped as stopped:
        raise stopped.reason from stopped.reason.__cause__
    except (DownloadError, TransientError, OSError) as error:
        cause = error.__cause__ if isinstance(error, DownloadError) else error
        raise DownloadError(fetch.explain(error) + fetch.kept()) from cause


class _Fetch:
    """One call of `fetch_file`, and how far it has come."""

    def __init__(self, file: ModelFile, target: Path, report: Progress, endpoint, sleep):
        self.file, self.target, self.endpoint = file, target, endpoint
        self.report, self.sleep = report, sleep
        self.source = hub.HubFile(hub.file_url(file, endpoint), file.revision, "", file.size)
        self.part: Path | None = None  # until the hub has described the file
        self.is_weights = file.path.endswith(WEIGHT_SUFFIXES)
        self.num_received = self.num_failures = self.furthest = 0

    @property
    def promised(self) -> str | None:
        """The hash that the file must have: the table's, else the hub's if that is one."""
        return self.file.sha256 or (self.source.etag if HASH.fullmatch(self.source.etag) else None)

    @property
    def num_bytes(self) -> int:
        return self.part.stat().st_size if self.part and self.part.exists() else 0

    def report_state(self, *_) -> None:
        self.report(self.num_bytes, self.source.size or self.file.about_size or 1)

    def hashes(self, path: Path, report: Progress) -> tuple[str, str]:
        """Return the SHA-256 of a file, and the hash to compare with the promised one."""
        sha256 = file_digest(path, report)
        is_git = self.promised and len(self.promised) == 40
        return sha256, git_blob_digest(path, report) if is_git else sha256

    def existing(self) -> Fetched | None:
        """Return the file if it is in its place; None if nothing is, or it can't be judged yet."""
        if not self.target.exists() or not (self.promised or self.part):
            return None
        what = "a folder"
        if self.target.is_file():
            size = self.target.stat().st_size
            what = f"another file of {size} bytes"
            if self.source.size in (None, size):
                sha256, seen = self.hashes(self.target, self.report)
                if self.promised in (None, seen):
                    return Fetched(self.target, sha256, self.source.commit, self.num_received)
                what += f" with the hash {seen}"
        raise DownloadError(
            f"'{self.file.name}' was not fetched, since '{self.target}' is {what}. Move or rename "
            "it and try again."
        )

    def run(self) -> Fetched:
        from huggingface_hub import constants

        if constants.HF_HUB_OFFLINE:
            there = " and the hash of the file that is there is not known"
            raise DownloadError(
                f"'{self.file.name}' was not fetched, since HF_HUB_OFFLINE is set"
                f"{there if self.target.exists() else ''}. Unset it, or fetch {self.source.url} "
                f"elsewhere and save it as '{self.target}'."
            )
        self.source = self.retry(lambda: hub.look_up(self.file, self.endpoint))
        version = re.sub(r"\W", "", self.source.etag)[:8]  # no other one completes this part
        self.part = self.target.with_name(f"{self.target.name}.{version}.part")
        found = self.existing()
        if found:
            return found
        self.target.parent.mkdir(parents=True, exist_ok=True)
        lock = self.target.with_name(f".{self.target.name}.lock")
        with ExitStack() as stack:
            while not _try_lock(lock, stack):
                self.report_state()
            fetched = self.existing() or self.complete()
            with suppress(OSError):  # others look for the file before they take the next lock
                lock.unlink(missing_ok=True)
        return fetched

    def retry(self, attempt: Callable[[], Any]) -> Any:
        """Return what an attempt gives; wait after each that fails in a way that may pass."""
        while True:
            try:
                return attempt()
            except TransientError as failure:
                self.num_failures += 1
                if self.num_failures > len(WAITS_S) or (failure.wait_s or 0) > LONGEST_WAIT_S:
                    raise
                wait_s = failure.wait_s
                if wait_s is None:
                    wait_s = WAITS_S[self.num_failures - 1]
            while wait_s > 0:
                self.report_state()
                self.sleep(min(wait_s, STEP_S))
                wait_s -= STEP_S
            self.report_state()

    def complete(self) -> Fetched:
        """Fetch what is missing, check the whole, and give it its name."""
        usage, missing = shutil.disk_usage(self.target.parent), self.source.size - self.num_bytes
        if usage.total and usage.free < missing + DISK_MARGIN:  # some shares tell nothing
            raise DownloadError(self.disk_full())
        for _ in range(2):  # the part of an earlier try may have been damaged
            self.num_failures, self.furthest = 0, self.num_bytes
            while self.num_bytes != self.source.size:
                self.retry(self.transfer)
            self.part.touch()  # an empty file takes no transfer
            with self.part.open("rb+") as file:
                os.fsync(file.fileno())
            sha256, seen = self.hashes(self.part, self.report_state)
            if self.promised in (None, seen):
                break
            self.part.unlink()
        else:
            raise DownloadError(
                f"'{self.file.name}' came whole from {self.source.url}, but its hash is {seen}, "
                f"expected {self.promised}. It was deleted. Check HF_ENDPOINT and your proxy, or "
                "update this pack."
            )
        if self.is_weights:
            try:
                weights_format(self.part)
            except InputFileError as error:
                self.part.unlink()
                text = f"{self.source.url} has no usable '{self.file.name}': {error}"
                raise DownloadError(text) from error
        if not self.existing():  # it may have been put there by hand
            self.part.replace(self.target)
        return Fetched(self.target, sha256, self.source.commit, self.num_received)

    def transfer(self) -> None:
        """Fetch what is missing over one connection."""
        from huggingface_hub import constants

        if self.num_bytes > self.source.size:
            self.part.unlink()
        url, timeout_s = self.source.url, constants.HF_HUB_DOWNLOAD_TIMEOUT
        with hub.open_url("GET", url, timeout_s, self.num_bytes) as answer:
            start = self.first_byte(answer, self.num_bytes)
            if start is None:
                return self.part.unlink()
            pieces = hub.read_pieces(answer)
            head = next(pieces, b"")
            foreign = foreign_content(head[:HEAD_SIZE]) if start == 0 else None
            if foreign and self.is_weights:
                raise hub.unexpected_content(self.file, url, foreign[0])
            if head:
                self.append(chain([head], pieces), start)
        done, size = self.num_bytes, self.source.size
        if done < size:
            raise TransientError(f"the connection ended after {done} of {size} bytes")

    def first_byte(self, answer: Any, start: int) -> int | None:
        """Return with which byte of the file an answer begins, None if the part is of no use."""
        if start and answer.status_code == 416:
            return None
        hub.check_status(answer, self.file, self.source.url)
        size, length = self.source.size, answer.headers.get("Content-Length")
        if answer.status_code == 200:
            if start and length not in (None, str(size)):
                raise TransientError(f"the answer had {length} bytes, the file has {size}")
            return 0
        content_range = answer.headers.get("Content-Range") or ""
        if re.fullmatch(rf"bytes {start}-\d+/({size}|\*)", content_range):
            return start
        if start and self.num_failures:  # once is forgiven
            return None
        raise TransientError("the answer had another part of the file than was asked for")

    def append(self, pieces: Iterable[bytes], start: int) -> None:
        """Write what follows byte `start`, and report every piece that is on the disk."""
        # Unbuffered: every byte that has come counts, and a full disk shows at once.
        with self.part.open("r+b" if start else "wb", buffering=0) as out:
            out.seek(start)
            for piece in pieces:
                rest = memoryview(piece)[: self.source.size - out.tell()]
                while rest:
                    rest = rest[out.write(rest) :]
                self.num_received += len(piece)
                if out.tell() > self.furthest:
                    self.furthest, self.num_failures = out.tell(), 0
                self.report(out.tell(), self.source.size)
                if out.tell() == self.source.size:
                    return

    def explain(self, error: Exception) -> str:
        """Return the message for an error, without what is kept."""
        name, folder = self.file.name, self.target.parent
        if isinstance(error, DownloadError):
            return str(error)
        if isinstance(error, TransientError):
            wait_s, times = error.wait_s or 0, self.num_failures
            remedy = "Check the connection and try again later."
            if wait_s > LONGEST_WAIT_S:
                remedy = f"The hub asks to wait {wait_s:.0f} s: try again after that."
            again = f", the last of {times} failures in a row" if times > 1 else ""
            return f"'{name}' could not be fetched from {self.source.url}: {error}{again}. {remedy}"
        if self.part and error.errno in DISK_FULL:
            return self.disk_full()
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return (
                f"'{name}' cannot be fetched, since '{folder}' may not be written "
                f"({error.strerror}). Change its permissions, or use another folder of models."
            )
        return (
            f"'{name}' cannot be written to '{self.target}' ({error.strerror or error}). Check the "
            "disk and the path, then try again."
        )

    def disk_full(self) -> str:
        folder = self.target.parent
        return (
            f"'{self.file.name}' needs {(self.source.size - self.num_bytes) / 1e6:.1f} MB more in "
            f"'{folder}', where {shutil.disk_usage(folder).free / 1e6:.1f} MB are free on the disk "
            "and a quota may leave less. Free some space and try again."
        )

    def kept(self) -> str:
        """Say what of the file stays; empty if nothing does."""
        if not self.num_bytes:
            return ""
        return (
            f" {self.num_bytes} of {self.source.size} bytes are kept in '{self.part.name}'; the "
            "next try goes on from there."
        )


def _try_lock(path: Path, stack: ExitStack) -> bool:
    """Take a lock that other processes heed; false if another has it for longer than a moment."""
    from huggingface_hub.utils import WeakFileLock

    try:
        try:
            lock = WeakFileLock(path, timeout=STEP_S)
        except TypeError:  # before 0.28 it waits for as long as it takes
            lock = WeakFileLock(path)
        stack.enter_context(lock)
    except TimeoutError:
        return False
    return True
