"""Requests through the session of huggingface_hub, whichever library it is built on.

Before 1.0 that is requests, later httpx or a successor; none is imported here by name. The
files come over plain HTTP, never through hf_xet, which can be neither cancelled nor resumed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from .retries import TransientError

PIECE_SIZE = 1 << 16  # this much at most is lost when a connection breaks
MAX_REDIRECTS = 10


@dataclass(frozen=True)
class Answer:
    """The answer to one request.

    Parameters
    ----------
    status : int
    headers : mapping of str to str
        Names in any case.
    url : str
        That answered, after redirects.
    pieces : iterator of bytes
        The body as it comes; raises `TransientError` when the connection breaks.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    pieces: Iterator[bytes]

    @property
    def is_redirect(self) -> bool:
        """Whether it names another address."""
        return self.status in (301, 302, 303, 307, 308) and "Location" in self.headers


@contextmanager
def open_url(
    method: str,
    url: str,
    headers: Mapping[str, str],
    timeout_s: float,
    is_final: Callable[[Answer], bool] = lambda answer: False,
) -> Iterator[Answer]:
    """Send a request, follow redirects, and give the answer.

    Parameters
    ----------
    method : {"GET", "HEAD"}
    url : str
    headers : mapping of str to str
        ``authorization`` goes to the host of `url` only.
    timeout_s : float
        For the connection and for every silence of the other side.
    is_final : callable (Answer) -> bool, optional
        Tells of a redirect whether to stop there.

    Yields
    ------
    Answer

    Raises
    ------
    TransientError
        If there is no connection or no answer, or redirects never end.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    headers["accept-encoding"] = "identity"  # else sizes and ranges are not the file's
    for _ in range(MAX_REDIRECTS + 1):
        with ExitStack() as stack:
            try:
                answer = _send(stack, method, url, headers, timeout_s)
            except Exception as error:  # each library has its own classes
                raise TransientError(f"no answer came ({_words(error)})") from error
            if not answer.is_redirect or is_final(answer):
                yield answer
                return
            next_url = urljoin(url, answer.headers["Location"])
        if not same_host(url, next_url):
            headers.pop("authorization", None)
        url = next_url
    raise TransientError(f"more than {MAX_REDIRECTS} redirects follow one another")


def same_host(url: str, other: str) -> bool:
    """Tell whether two addresses share scheme, host and port."""
    return urlsplit(url)[:2] == urlsplit(other)[:2]


def _send(
    stack: ExitStack, method: str, url: str, headers: Mapping[str, str], timeout_s: float
) -> Answer:
    from huggingface_hub.utils import get_session

    session: Any = get_session()
    if callable(getattr(session, "stream", None)):  # httpx; in requests it is a flag
        response = stack.enter_context(
            session.stream(method, url, headers=headers, follow_redirects=False, timeout=timeout_s)
        )
        pieces = response.iter_bytes()
    else:
        response = session.request(
            method, url, headers=headers, allow_redirects=False, stream=True, timeout=timeout_s
        )
        stack.callback(response.close)
        pieces = _read_arrived(response)
    return Answer(response.status_code, response.headers, url, _guarded(pieces))


def _read_arrived(response: Any) -> Iterable[bytes]:
    """Yield what has come of a response of requests, without waiting for a full piece."""
    if not hasattr(response.raw, "read1"):  # urllib3 before 2.0
        return response.iter_content(PIECE_SIZE)
    return iter(lambda: response.raw.read1(PIECE_SIZE, decode_content=True), b"")


def _guarded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    pieces = iter(pieces)
    while True:
        try:  # around the reading only: what the caller does may fail in the same classes
            piece = next(pieces, None)
        except Exception as error:
            raise TransientError(f"the connection was lost ({_words(error)})") from error
        if piece is None:
            return
        if piece:
            yield piece


def _words(error: BaseException) -> str:
    """Return the text of an error on one line; requests wraps them into one another."""
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    first = error.args[0] if error.args else ""
    text = first if isinstance(first, str) and first else str(error)
    words = " ".join(text.split()) or type(error).__name__
    return words if len(words) <= 160 else f"{words[:160]} ..."
