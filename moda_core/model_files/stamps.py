"""Which files were checked, and whether they are still the same: a list outside model folders."""

import datetime
import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import InputFileError
from .digest import file_digest

NAME = "checked_files.json"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stamp:
    """What a file was when its hash was worked out.

    Parameters
    ----------
    size : int
        Bytes.
    mtime_ns : int
        Time of its last change, nanoseconds.
    sha256 : str
        64 hexadecimal digits.
    date : str
        Day of the check, "2026-11-21".
    """

    size: int
    mtime_ns: int
    sha256: str
    date: str


class Stamps:
    """The stamps of all checked files, kept in one JSON file.

    Model folders may be shared and read-only, so nothing is written there. A list that can't be
    read counts as empty, and one that can't be written is left.

    Parameters
    ----------
    path : Path
        Of the list.
    """

    def __init__(self, path: Path):
        self.path = Path(path)

    def record(self, file: Path, sha256: str) -> None:
        """Remember that a file has a hash.

        Parameters
        ----------
        file : Path
        sha256 : str
        """
        stat = file.stat()
        day = datetime.date.today().isoformat()
        self._update(file, Stamp(stat.st_size, stat.st_mtime_ns, sha256, day))

    def forget(self, file: Path) -> None:
        """Drop what is remembered of a file."""
        self._update(file, None)

    def get(self, file: Path) -> Stamp | None:
        """Return the stamp of a file that has not changed since; the file itself is not read.

        Parameters
        ----------
        file : Path

        Returns
        -------
        Stamp or None
            None if the file is gone, was never checked, or has another size or time now.
        """
        stamp = self._read().get(_key(file))
        return stamp if stamp is not None and _is_current(file, stamp) else None

    def check(self, file: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Refuse a file that was checked and has changed since.

        Reads the file only if its size or time is another: copying it back gives a new time.

        Parameters
        ----------
        file : Path
        progress : callable (done, total), optional
            Called with bytes while the file is read.

        Raises
        ------
        InputFileError
            If its content is another than the one that was checked.
        """
        stamp = self._read().get(_key(file))
        if stamp is None or _is_current(file, stamp) or not file.is_file():
            return
        sha256 = file_digest(file, progress)
        if sha256 != stamp.sha256:
            raise InputFileError(
                f"'{file}' has changed since it was checked on {stamp.date}: it had {stamp.size} "
                f"bytes with the SHA-256 {stamp.sha256[:16]}…, and has {file.stat().st_size} with "
                f"{sha256[:16]}… now. Delete it and download it again, or, if you put another "
                "model there yourself, give it another name."
            )
        self.record(file, sha256)

    def _read(self) -> dict[str, Stamp]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
            return {key: Stamp(**entry) for key, entry in content.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _update(self, file: Path, stamp: Stamp | None) -> None:
        stamps = self._read()
        stamps.pop(_key(file), None)
        if stamp is not None:
            stamps[_key(file)] = stamp
        text = json.dumps({key: asdict(entry) for key, entry in stamps.items()}, indent=1)
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, "utf-8")
            part.replace(self.path)
        except OSError as error:
            logger.warning("'%s' can't be written (%s): checks are forgotten.", self.path, error)


def user_stamps() -> Stamps:
    """Return the stamps of the command line, in the user's cache."""
    home = Path.home()
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        cache = home / "Library" / "Caches"
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Stamps(Path(cache, "comfyui-moda", NAME))


def _key(file: Path) -> str:
    return os.path.realpath(file)


def _is_current(file: Path, stamp: Stamp) -> bool:
    try:
        stat = file.stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (stamp.size, stamp.mtime_ns)
