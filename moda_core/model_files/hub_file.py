"""What the Hugging Face Hub says of a file before it is fetched."""

import re
from dataclasses import dataclass

from ..errors import DownloadError
from .catalog import LATEST, ModelFile
from .retries import TransientError, retry_after_s
from .transfer import Answer, open_url

SHA256 = re.compile(r"[0-9a-f]{64}")
GIT_SHA1 = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubFile:
    """A file on the hub.

    Parameters
    ----------
    url : str
        Pinned to `commit`, so that all parts of the file are of one version.
    commit : str
    etag : str
        Of files in Git LFS the SHA-256 of the content, of others git's SHA-1; mirrors may give
        another one.
    size : int
        Bytes.
    """

    url: str
    commit: str
    etag: str
    size: int


def look_up(file: ModelFile, endpoint: str | None) -> HubFile:
    """Ask the hub about a file, once.

    Parameters
    ----------
    file : ModelFile
    endpoint : str, optional
        Of the hub, in place of the one that huggingface_hub was set to.

    Raises
    ------
    TransientError
        If the answer may be another one later.
    DownloadError
        If the file is not there, may not be read, or is not the one in the table.
    """
    from huggingface_hub import constants

    url = address(file, endpoint, file.revision or LATEST)
    # Not get_hf_file_metadata: in some versions its own retries sleep for up to half a minute,
    # where no cancel is noticed, and it hides the type of the content.
    timeout_s = constants.HF_HUB_ETAG_TIMEOUT
    with open_url("HEAD", url, request_headers(), timeout_s, _is_described) as answer:
        check_status(answer, file, url)
        found = _described(answer, file, url)
    return HubFile(address(file, endpoint, found.commit), found.commit, found.etag, found.size)


def promised_hash(file: ModelFile, source: HubFile | None) -> str | None:
    """Return the hash that a file must have, None if nobody gave one.

    Parameters
    ----------
    file : ModelFile
    source : HubFile, optional
        None before the hub was asked.

    Returns
    -------
    str or None
        SHA-256, 64 digits, of the table if it has one; else the hub's, which may be git's SHA-1,
        40 digits (see `digest.git_blob_digest`).
    """
    if file.sha256 is not None or source is None:
        return file.sha256
    is_hash = SHA256.fullmatch(source.etag) or GIT_SHA1.fullmatch(source.etag)
    return source.etag if is_hash else None


def address(file: ModelFile, endpoint: str | None, revision: str) -> str:
    """Return where a file lies on the hub; `endpoint` is that of `look_up`."""
    from huggingface_hub import hf_hub_url

    return hf_hub_url(file.repo_id, file.path, revision=revision, endpoint=endpoint)


def request_headers() -> dict[str, str]:
    """Return the headers of a request, with the user's token if there is one."""
    from huggingface_hub.utils import build_hf_headers

    return build_hf_headers()


def check_status(answer: Answer, file: ModelFile, url: str) -> None:
    """Make sure that an answer brings what was asked for.

    Parameters
    ----------
    answer : Answer
    file : ModelFile
    url : str
        That was asked for, for the message.

    Raises
    ------
    TransientError
        If it may be another one later.
    DownloadError
        If it will not, or if it is a web page in place of the file.
    """
    status = answer.status
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
        raise TransientError(f"the answer had the status {status}", retry_after_s(answer.headers))
    if status not in (200, 206) and not answer.is_redirect:
        raise DownloadError(
            f"'{file.name}' did not come from {url}: the answer had the status {status}. Open the "
            "address in a browser to see why."
        )
    kind = (answer.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    if kind == "text/html" and not answer.is_redirect and not file.path.endswith(".html"):
        raise unexpected_content(file, url)


def unexpected_content(file: ModelFile, url: str, what: str = "a web page") -> DownloadError:
    """Return the error for an answer that brings `what` in place of the file."""
    return DownloadError(
        f"{url} gave {what}, not '{file.name}'. Log in to your network or proxy if it asks "
        "for that, check HF_ENDPOINT, and try again."
    )


def _is_described(answer: Answer) -> bool:
    """Tell whether a redirect says all of the file already; the size is then X-Linked-Size."""
    names = ("X-Repo-Commit", "X-Linked-Etag", "X-Linked-Size")
    return all(answer.headers.get(name) for name in names)


def _described(answer: Answer, file: ModelFile, url: str) -> HubFile:
    headers = answer.headers
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
    found = HubFile(url, commit, etag, size)
    _check_against_table(found, file)
    return found


def _check_against_table(found: HubFile, file: ModelFile) -> None:
    pairs = [("size", file.size, found.size), ("revision", file.revision, found.commit)]
    if SHA256.fullmatch(found.etag):
        pairs.append(("SHA-256", file.sha256, found.etag))
    for what, expected, seen in pairs:
        if expected is not None and expected != seen:
            raise DownloadError(
                f"{found.url} has another file than '{file.name}': its {what} is {seen}, expected "
                f"{expected}. Check HF_ENDPOINT, or update this pack."
            )
