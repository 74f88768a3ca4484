"""A file that is being fetched: it grows under a name of its own until it is complete."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DownloadError, InputFileError
from ..weights.file_format import HEAD_SIZE, foreign_content, weights_format
from .catalog import ModelFile
from .digest import Progress, file_digest, git_blob_digest
from .hub_file import (
    GIT_SHA1,
    HubFile,
    check_status,
    promised_hash,
    request_headers,
    unexpected_content,
)
from .retries import Patience, TransientError
from .transfer import Answer, open_url

CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
WEIGHT_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")


def part_path(target: Path, etag: str) -> Path:
    """Return the name beside `target` of its part, which no search for models takes for one.

    It holds the beginning of the ETag, so that a part is never completed by another version.
    """
    return target.with_name(f"{target.name}.{re.sub(r'[^0-9A-Za-z]', '', etag)[:8]}.part")


class WrongContentError(Exception):
    """A complete part that is another file; the text is a clause that gives both hashes."""


@dataclass
class PartFile:
    """The part of one file; whatever stops it, what has come so far is on the disk.

    Parameters
    ----------
    file : ModelFile
    source : HubFile
    path : Path
    report : Progress
        Called with the bytes that are there and the size, after each piece.
    """

    file: ModelFile
    source: HubFile
    path: Path
    report: Progress
    num_received: int = 0
    _furthest: int = field(default=0, init=False)
    _num_wrong_ranges: int = field(default=0, init=False)

    @property
    def num_bytes(self) -> int:
        """How much of the file is there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def complete(self, patience: Patience) -> None:
        """Fetch what is missing, over as many connections as it takes.

        Parameters
        ----------
        patience : Patience
            Reset whenever the part has grown beyond what it ever was.

        Raises
        ------
        TransientError
            If patience ends.
        DownloadError
            If the hub refuses, or gives something else.
        OSError
            If the disk does.
        """
        patience.reset()
        self._furthest = 0 if self.num_bytes > self.source.size else self.num_bytes
        while self.num_bytes != self.source.size:
            try:
                self._continue(patience)
            except TransientError as failure:
                self._refuse_foreign()
                patience.wait(failure)
        self.path.touch()  # an empty file takes no connection
        self._refuse_foreign()
        with self.path.open("rb+") as part:
            os.fsync(part.fileno())

    def _continue(self, patience: Patience) -> None:
        """Fetch over one connection; return early where it is best to start anew."""
        from huggingface_hub import constants

        if self.num_bytes > self.source.size:
            self.path.unlink()
        offset, headers = self.num_bytes, request_headers()
        if offset:
            headers["range"] = f"bytes={offset}-"
        timeout_s = constants.HF_HUB_DOWNLOAD_TIMEOUT
        with open_url("GET", self.source.url, headers, timeout_s) as answer:
            if offset and answer.status == 416:
                self.path.unlink()
                return
            check_status(answer, self.file, self.source.url)
            start = self._first_byte(answer, offset)
            if start is None:
                self.path.unlink()
                return
            try:
                self._take_in(answer.pieces, start, patience)
            finally:
                self._discard_empty()
        if self.num_bytes < self.source.size:
            raise TransientError(
                f"the connection ended after {self.num_bytes} of {self.source.size} bytes"
            )

    def _first_byte(self, answer: Answer, offset: int) -> int | None:
        """Return with which byte of the file an answer begins, None if it is none to go on from."""
        size = self.source.size
        if answer.status == 206:
            named = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range") or "")
            if named and int(named[1]) == offset and named[2] in (str(size), "*"):
                return offset
            self._num_wrong_ranges += 1
            if offset and self._num_wrong_ranges > 1:
                return None
            raise TransientError("the answer had another part of the file than was asked for")
        length = answer.headers.get("Content-Length")
        if offset and length is not None and length != str(size):
            raise TransientError(f"the answer had {length} bytes, the file has {size}")
        return 0

    def _take_in(self, pieces: Iterator[bytes], start: int, patience: Patience) -> None:
        done = start
        # Unbuffered: every byte that has come counts, and a full disk shows at once.
        with self.path.open("r+b" if self.path.exists() else "wb", buffering=0) as out:
            out.seek(start)
            out.truncate()
            for piece in pieces:
                rest = memoryview(piece)[: self.source.size - done]
                done += len(rest)
                while rest:
                    rest = rest[out.write(rest) :]
                self.num_received += len(piece)
                if done > self._furthest:
                    self._furthest = done
                    patience.reset()
                self.report(done, self.source.size)
                if done == self.source.size:
                    return

    def _discard_empty(self) -> None:
        if not self.num_bytes:
            self.path.unlink(missing_ok=True)

    def _refuse_foreign(self) -> None:
        """Delete the part and raise, if it begins as no weights do."""
        if not (self._holds_weights and self.num_bytes):
            return
        with self.path.open("rb") as part:
            foreign = foreign_content(part.read(HEAD_SIZE))
        if foreign is not None:
            self.path.unlink()
            raise unexpected_content(self.file, self.source.url, foreign[0])

    @property
    def _holds_weights(self) -> bool:
        return self.file.path.endswith(WEIGHT_SUFFIXES)

    def check(self) -> str:
        """Compare the complete part with what was promised; return its SHA-256.

        Raises
        ------
        WrongContentError
            If it is another file; it is deleted, since more bytes would not mend it.
        DownloadError
            If the hub's file is itself damaged.
        """
        size = self.source.size

        def report(done: int, total: int) -> None:
            self.report(size, size)  # it stays full, but may cancel

        sha256 = file_digest(self.path, report)
        expected, seen = promised_hash(self.file, self.source), sha256
        if expected is not None and GIT_SHA1.fullmatch(expected):
            seen = git_blob_digest(self.path, report)
        if expected not in (None, seen):
            self.path.unlink()
            raise WrongContentError(f"its hash is {seen}, expected {expected}")
        if self._holds_weights:
            self._check_format()
        return sha256

    def _check_format(self) -> None:
        try:
            weights_format(self.path)
        except InputFileError as error:
            self.path.unlink()
            raise DownloadError(
                f"{self.source.url} has no usable '{self.file.name}': {error}"
            ) from error
