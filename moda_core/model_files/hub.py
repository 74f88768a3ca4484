"""Requests to the Hugging Face Hub, through the session of the installed huggingface_hub.

That is requests before 1.0, and httpx or a successor since; neither is imported by name. Files come
over plain HTTP, never through hf_xet, which can be neither cancelled nor resumed.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, NamedTuple

from ..errors import DownloadError
from .catalog import LATEST, ModelFile

PIECE_SIZE = 1 << 16  # bytes; at most this much is lost when a connection breaks
LINKED = ("X-Repo-Commit", "X-Linked-Etag", "X-Linked-Size")
SHA256 = re.compile(r"[0-9a-f]{64}")


class TransientError(Exception):
    """A failure that may pass: a clause for a sentence, and the seconds the server asks to wait."""

    def __init__(self, reason: str, wait_s: float | None = None):
        super().__init__(reason)
        self.wait_s = wait_s


class HubFile(NamedTuple):
    """A file on the hub.

    The ETag is the SHA-256 of files in Git LFS and git's SHA-1 of others; mirrors may give any.
    """

    url: str
    commit: str | None
    etag: str
    size: int | None


def file_url(file: ModelFile, endpoint: str | None, commit: str | None = None) -> str:
    """Return the address of a file at a commit, else at the table's revision."""
    from huggingface_hub import hf_hub_url

    revision = commit or file.revision or LATEST
    return hf_hub_url(file.repo_id, file.path, revision=revision, endpoint=endpoint)


def look_up(file: ModelFile, endpoint: str | None) -> HubFile:
    """Ask for commit, ETag and size of a file; refuse one that differs from the table's."""
    from huggingface_hub import constants

    url = file_url(file, endpoint)
    # Not get_hf_file_metadata: its own retries cannot be cancelled, and it hides the content type.
    with open_url("HEAD", url, constants.HF_HUB_ETAG_TIMEOUT) as answer:
        # A redirect that describes the file is enough: what follows may refuse a HEAD.
        headers = [each.headers for each in answer.history if all(map(each.headers.get, LINKED))]
        if not headers:
            check_status(answer, file, url)
    headers = (headers or [answer.headers])[0]
    commit = headers.get("X-Repo-Commit")
    etag = (headers.get("X-Linked-Etag") or headers.get("ETag") or "").removeprefix("W/").strip('"')
    if not commit or not etag:
        raise unexpected_content(file, url, "an answer without commit and ETag")
    length = headers.get("X-Linked-Size") or headers.get("Content-Length") or ""
    size = int(length) if length.isdecimal() else file.size
    if size is None:
        raise DownloadError(
            f"{url} does not say how large '{file.name}' is. Use another HF_ENDPOINT, or fetch "
            "the file by hand."
        )
    for what, expected, seen in (
        ("size", file.size, size),
        ("revision", file.revision, commit),
        ("SHA-256", file.sha256 if SHA256.fullmatch(etag) else None, etag),
    ):
        if expected not in (None, seen):
            raise DownloadError(
                f"{url} has another file than '{file.name}': its {what} is {seen}, expected "
                f"{expected}. Check HF_ENDPOINT, or update this pack."
            )
    return HubFile(file_url(file, endpoint, commit), commit, etag, size)


@contextmanager
def open_url(method: str, url: str, timeout_s: float, start: int = 0) -> Iterator[Any]:
    """Send a request for what follows byte `start`; yield the library's own response."""
    from huggingface_hub.utils import build_hf_headers, get_session

    # Encoded otherwise, sizes and ranges are not those of the file.
    headers = {**build_hf_headers(), "accept-encoding": "identity"}
    if start:
        headers["range"] = f"bytes={start}-"
    session: Any = get_session()
    with ExitStack() as stack:
        try:
            if callable(getattr(session, "stream", None)):  # httpx; in requests it is a flag
                send = partial(session.stream, follow_redirects=True)
            else:
                send = partial(session.request, allow_redirects=True, stream=True)
            answer = stack.enter_context(send(method, url, headers=headers, timeout=timeout_s))
        except Exception as error:  # each library has its own classes
            raise TransientError(f"no answer came ({_words(error)})") from error
        yield answer


def read_pieces(answer: Any) -> Iterator[bytes]:
    """Yield content as it comes; raise `TransientError` where the connection breaks."""
    if hasattr(answer, "iter_bytes"):
        pieces = answer.iter_bytes()
    else:  # `iter_content` of requests waits for full pieces, and loses one that stays short
        read = getattr(answer.raw, "read1", answer.raw.read)
        pieces = iter(lambda: read(PIECE_SIZE, decode_content=True), b"")
    try:
        yield from filter(None, pieces)
    except Exception as error:
        raise TransientError(f"the connection was lost ({_words(error)})") from error


def check_status(answer: Any, file: ModelFile, url: str) -> None:
    """Raise `TransientError` or `DownloadError` if an answer does not bring the file."""
    status = answer.status_code
    if status in (401, 403):
        raise DownloadError(
            f"'{file.name}' may not be read at {url} (status {status}), or its repository has "
            f"gone. If {file.page} shows conditions, accept them; then log in with 'hf auth login' "
            "or put a token into HF_TOKEN."
        )
    if status == 404:
        raise DownloadError(
            f"'{file.name}' is not at {url} (status 404): the repository, its revision or the "
            "file has gone. Update this pack, or fetch the file by hand from where it is now."
        )
    if status in (408, 429) or status >= 500:
        raise TransientError(f"the answer had the status {status}", _retry_after_s(answer.headers))
    if status not in (200, 206):
        raise DownloadError(
            f"'{file.name}' did not come from {url}: the answer had the status {status}. Open the "
            "address in a browser to see why."
        )
    kind = (answer.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    if kind == "text/html" and not file.path.endswith(".html"):
        raise unexpected_content(file, url, "a web page")


def unexpected_content(file: ModelFile, url: str, what: str) -> DownloadError:
    """Return the error for an answer that brings `what` in place of the file."""
    return DownloadError(
        f"{url} gave {what}, not '{file.name}'. Log in to your network or proxy if it asks "
        "for that, check HF_ENDPOINT, and try again."
    )


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After``, seconds or a date, else ``t`` of the hub's ``RateLimit``."""
    value = headers.get("Retry-After")
    if value is None:
        limit = re.search(r";\s*t=(\d+)", headers.get("RateLimit") or "")
        return float(limit[1]) if limit else None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _words(error: Exception) -> str:
    """Return the text of an error on one line."""
    return " ".join(str(error).split())[:160] or type(error).__name__
