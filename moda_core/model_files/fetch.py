"""Fetching a model file: checked, resumable, and never under its name before it is complete."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from http.cookiejar import http2time
from inspect import signature
from pathlib import Path
from typing import Any

from ..errors import DownloadError, InputFileError
from ..weights.file_format import foreign_content, weights_format
from .catalog import HUB, LATEST, ModelFile
from .digest import Progress, Stopped, file_digest, git_blob_digest, stoppable
from .model_folder import SUFFIXES

WAITS_S = (1.0, 2.0, 4.0, 8.0, 8.0)  # after failures in a row, without a new byte
LONGEST_WAIT_S = 120.0
STEP_S = 0.2  # of a wait, so that a cancel is noticed soon
HASH = re.compile("[0-9a-f]{64}|[0-9a-f]{40}")  # SHA-256, or git's SHA-1 of small files
ADVICE = "Log in to your network or proxy if it asks, check HF_ENDPOINT, or update this pack."


class Fetched:
    """A model file at `path`: its `sha256`, its `commit`, and `num_received` bytes of it."""

    def __init__(self, file: ModelFile, path: Path, report: Progress, endpoint, sleep):
        from huggingface_hub import constants, utils

        self.hub, self.utils = constants, utils  # loaded only where something is fetched
        self.file, self.path, self.report, self.sleep = file, path, report, sleep
        self.url, self.commit = file.url.replace(HUB, endpoint or constants.ENDPOINT), file.revision
        can_wait = "timeout" in signature(utils.WeakFileLock).parameters  # since 0.28
        self.lock_wait = {"timeout": STEP_S} if can_wait else {}
        self.part: Path | None = None  # until the hub has described the file
        self.asked_s: float | None = None  # to wait, by the last answer
        self.num_received = self.num_failures = 0

    @property
    def num_bytes(self) -> int:
        return self.part.stat().st_size if self.part and self.part.exists() else 0

    def report_state(self, *_) -> None:
        self.report(self.num_bytes, self.file.about_size or 1)

    def is_there(self) -> bool:
        """Tell whether the file is in its place, as far as that is known; refuse another one."""
        if not self.path.exists() or not (self.file.sha256 or self.part):
            return False
        wrong = "a folder" if self.path.is_dir() else self.find_fault(self.path)
        if wrong:
            raise DownloadError(f"'{self.path}' is {wrong}. Move or rename it and try again.")
        return True

    def find_fault(self, path: Path) -> str:
        """Hash a file, and say what is wrong about its size or hash; empty if nothing is."""
        size, self.sha256 = path.stat().st_size, file_digest(path, self.report_state)
        promised = self.file.sha256 or self.sha256
        seen = self.sha256 if len(promised) == 64 else git_blob_digest(path, self.report_state)
        if seen == promised and self.file.size in (None, size):
            return ""
        expected = f"{promised} and {self.file.size} bytes"
        return f"another file of {size} bytes (its hash is {seen}, expected {expected})"

    def fetch(self) -> None:
        while not self.part:
            with self.patience(), self.request("HEAD") as answer:
                self.look_up(answer)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = self.path.with_name(f".{self.path.name}.lock")
        while True:
            with suppress(TimeoutError), self.utils.WeakFileLock(lock, **self.lock_wait):
                if not self.is_there():
                    self.complete()
                with suppress(OSError):  # others look for the file before they take the next lock
                    lock.unlink()
                return
            self.report_state()

    def look_up(self, answer: Any) -> None:
        """Read commit, size and hash of the file; refuse what differs from the table's."""
        # A redirect that describes the file is enough: what follows may refuse a HEAD.
        answer = next((hop for hop in answer.history if "X-Linked-Etag" in hop.headers), answer)
        self.content(answer)
        headers, known = answer.headers, self.file.sha256
        etag = headers.get("X-Linked-Etag") or headers.get("ETag") or ""
        etag, commit = etag.removeprefix("W/").strip('"'), headers.get("X-Repo-Commit")
        size = headers.get("X-Linked-Size") or headers.get("Content-Length") or self.file.size
        if not (commit and etag and size):
            raise self.unexpected("an answer without size, or without commit and ETag")
        is_hash = HASH.fullmatch(etag) and len(etag) == len(known or etag)
        told = {"size": int(size), "revision": commit, "sha256": etag if is_hash else known}
        for name, seen in told.items():
            expected = getattr(self.file, name)
            if expected not in (None, seen):
                raise self.unexpected(f"another file (its {name} is {seen}, expected {expected})")
        self.file, self.commit = replace(self.file, **told), commit
        self.url = self.url.replace(f"/resolve/{LATEST}/", f"/resolve/{commit}/")
        version = re.sub(r"\W", "", etag)[:8]  # no other one completes this part
        self.part = self.path.with_name(f"{self.path.name}.{version}.part")

    def complete(self) -> None:
        """Fetch what is missing, check the whole, and give it its name."""
        if 0 < shutil.disk_usage(self.path.parent).free < self.file.size - self.num_bytes:
            raise OSError("the disk is full")  # some shares only tell 0
        if wrong := self.receive() and self.receive():  # an earlier part may be damaged
            raise self.unexpected(wrong)
        if self.file.path.endswith(SUFFIXES):
            weights_format(self.part)
        if not self.is_there():  # it may have been put there by hand
            self.part.replace(self.path)

    def receive(self) -> str:
        """Write what is missing, over as many connections as it takes; return a fault if any."""
        self.num_failures, furthest, size, out = 0, 0, self.file.size, None
        with ExitStack() as stack:
            while (start := self.num_bytes) < size:
                if start > furthest:
                    furthest, self.num_failures = start, 0
                with self.patience(), self.request("GET", start) as answer:
                    for piece in self.content(answer, start):
                        if self.num_bytes == 0 and (foreign := foreign_content(piece)):
                            raise self.unexpected(foreign[0])
                        out = out or stack.enter_context(self.part.open("ab"))
                        out.write(piece[: size - self.num_bytes])
                        out.flush()  # every byte counts, and a full disk shows at once
                        self.num_received += len(piece)
                        self.report_state()
                    if self.num_bytes < size:
                        raise ConnectionError(f"{self.num_bytes} of {size} bytes had come")
                    os.fsync(out.fileno())
        if wrong := self.find_fault(self.part):
            self.part.unlink()
        return wrong

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Wait after a failure that may pass; raise `ConnectionError` after too many in a row."""
        try:
            yield
        except Exception as error:
            # Those of the disk are plain; each library of HTTP has classes of its own.
            if isinstance(error, (DownloadError, PermissionError)) or type(error) is OSError:
                raise
            self.num_failures += 1
            asked_s, self.asked_s = self.asked_s, None
            if self.num_failures > len(WAITS_S) or (asked_s or 0) > LONGEST_WAIT_S:
                words = " ".join(str(error).split())[:160] or type(error).__name__
                raise ConnectionError(
                    f"no answer came that is of use, or the connection failed: {words}. Try again "
                    f"later ({self.num_failures} of {len(WAITS_S) + 1} failures in a row)."
                ) from error
            wait_s = WAITS_S[self.num_failures - 1] if asked_s is None else asked_s
            for _ in range(round(wait_s / STEP_S)):
                self.report_state()
                self.sleep(STEP_S)

    def request(self, method: str, start: int = 0) -> Any:
        """Ask for what follows byte `start`; return a context of the response."""
        if self.hub.HF_HUB_OFFLINE:
            raise DownloadError(f"HF_HUB_OFFLINE is set. Unset it, or save '{self.path}' by hand.")
        # Encoded otherwise, sizes and ranges are not those of the file.
        headers = {**self.utils.build_hf_headers(), "accept-encoding": "identity"}
        if start:
            headers["range"] = f"bytes={start}-"
        session = self.utils.get_session()  # httpx; before 1.0 requests, where `stream` is a flag
        send = session.stream if callable(session.stream) else partial(session.request, stream=True)
        return send(method, self.url, headers=headers, timeout=self.hub.HF_HUB_DOWNLOAD_TIMEOUT)

    def content(self, answer: Any, start: int = 0) -> Iterator[bytes]:
        """Return the content of an answer that brings the file; empty the part if it brings all."""
        status, headers, size = answer.status_code, answer.headers, self.file.size
        if status in (408, 429) or status >= 500:
            asked = headers.get("Retry-After") or headers.get("RateLimit", "").rpartition("t=")[2]
            until = http2time(asked)  # None if it is no date
            self.asked_s = until and max(0.0, until - time.time())
            if asked.strip().isdecimal():
                self.asked_s = float(asked)
            words = f". The hub asks to wait {self.asked_s:.0f} s" if self.asked_s else ""
            raise ConnectionError(f"the answer had the status {status}{words}")
        if status >= 400 and not (start and status == 416):
            raise DownloadError(
                f"it gave the status {status}. See {self.file.page}: if the file has gone, update "
                "this pack; if it has conditions, accept them; use 'hf auth login' or HF_TOKEN."
            )
        if status == 200 and headers.get("Content-Type", "").lower().startswith("text/html"):
            raise self.unexpected("a web page")
        if start and not headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            length = headers.get("Content-Length")
            if status == 200 and length not in (None, str(size)):
                raise ConnectionError(f"the answer had {length} bytes, the file has {size}")
            os.truncate(self.part, 0)
            if status != 200:
                raise ConnectionError("the answer had another part of the file than was asked for")
        if hasattr(answer, "iter_bytes"):
            return answer.iter_bytes()
        # Not `iter_content` of requests: it waits for full pieces, and loses one that stays short.
        read = getattr(answer.raw, "read1", answer.raw.read)
        return iter(partial(read, 1 << 16, decode_content=True), b"")

    def unexpected(self, what: str) -> DownloadError:
        return DownloadError(f"it gave {what}, not '{self.file.name}'. {ADVICE}")

    def explain(self, error: Exception) -> str:
        """Return the message for an error, and what of the file is kept."""
        done, size, text = self.num_bytes, self.file.about_size, str(error)
        if isinstance(error, InputFileError):
            self.part.unlink(missing_ok=True)
            done, text = 0, f"it has no usable '{self.file.name}': {error}"
        elif isinstance(error, OSError) and not isinstance(error, ConnectionError):
            free = shutil.disk_usage(next(filter(Path.is_dir, self.path.parents))).free
            text = (
                f"it cannot be written ({error}). It needs {(size - done) / 1e6:.1f} MB more in "
                f"'{self.path.parent}', where {free / 1e6:.1f} MB are free, or fewer by a quota. "
                "Free some, or use another folder if this one may not be written."
            )
        if done:
            text += f" {done} of {size} bytes are kept in '{self.part.name}' for the next try."
        return f"'{self.file.name}' was not fetched from {self.url}: {text}"


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
    of earlier tries included, often and in every wait; what it raises passes through. Raises
    `DownloadError`, from a `ConnectionError` if the connection failed, or if another file is at
    `target`, which stays. `endpoint` replaces huggingface_hub's own.
    """
    fetched = Fetched(file, Path(target), stoppable(progress), endpoint, sleep)
    try:
        if not fetched.is_there():
            fetched.fetch()
    except Stopped as stopped:
        raise stopped.reason from stopped.reason.__cause__
    except (DownloadError, InputFileError, OSError) as error:
        raise DownloadError(fetched.explain(error)) from error
    return fetched
