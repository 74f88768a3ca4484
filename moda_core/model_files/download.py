"""Fetching all files that are missing, one after the other."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import DownloadError
from .catalog import ModelFile
from .digest import Progress
from .fetch import fetch_file
from .identity import human_size
from .report import FileReport
from .stamps import Stamps


def download_missing(
    reports: Sequence[FileReport],
    stamps: Stamps,
    progress: Callable[[ModelFile], Progress],
    *,
    endpoint: str | None = None,
) -> list[Path]:
    """Fetch what was not found.

    Parameters
    ----------
    reports : sequence of FileReport
        Those of files that are there are passed over.
    stamps : Stamps
        Gets the hashes of what was fetched.
    progress : callable (file) -> callable (done, total)
        Makes what shows the progress of a file, in bytes; that may raise to cancel, and the next
        call goes on from there.
    endpoint : str, optional
        Address of the hub; default that of huggingface_hub.

    Returns
    -------
    list of Path
        The new files.

    Raises
    ------
    DownloadError
        If the disk has no room for all of them, or some could not be fetched; the text has a line
        for each. The others are there then, unless the connection was lost.
    """
    missing = [report for report in reports if report.is_missing]
    _check_disk(missing)
    fetched, failures = [], []
    for report in missing:
        try:
            result = fetch_file(
                report.file, report.target, progress(report.file), endpoint=endpoint
            )
        except DownloadError as error:
            failures.append(str(error))
            if isinstance(error.__cause__, ConnectionError):
                break  # no use in waiting for the same connection once more for each file
        else:
            source = report.file.repo_id + (f" at {result.commit}" if result.commit else "")
            stamps.record_new(result.path, result.sha256, source)
            fetched.append(result.path)
    if failures:
        raise DownloadError("\n".join(failures))
    return fetched


def _check_disk(missing: Sequence[FileReport]) -> None:
    needed: dict[Path, int] = {}
    for report in missing:
        disk = next(place for place in report.target.parents if place.is_dir())
        parts = report.target.parent.glob(f"{report.target.name}.*.part")
        there = sum(part.stat().st_size for part in parts)
        needed[disk] = needed.get(disk, 0) + max(report.file.about_size - there, 0)
    for place, size in needed.items():
        usage = shutil.disk_usage(place)
        if usage.total and usage.free < size:  # some shares tell nothing
            raise DownloadError(
                f"'{place}' has room for {human_size(usage.free)}, but {human_size(size)} are "
                "missing. Free some space, or name another folder."
            )
