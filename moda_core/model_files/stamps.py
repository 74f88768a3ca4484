"""Which files were checked, and whether they are still the same: notes outside model folders."""

import datetime
import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import InputFileError
from .digest import file_digest

NAME = "checked_files"
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
    source : str
        Where it was fetched from, with the version; empty if that is not known.
    """

    size: int
    mtime_ns: int
    sha256: str
    date: str
    source: str = ""


class Stamps:
    """The stamps of all checked files.

    Model folders may be shared and read-only, so nothing is written there. Each file has a note of
    its own, so that processes never overwrite one another's. A note that can't be read counts as
    none, and one that can't be written is left.

    Parameters
    ----------
    folder : Path
        Of the notes.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def digest(self, file: Path, progress: Callable[[int, int], None] | None = None) -> Stamp:
        """Work out the hash of a file, and compare it with what is remembered of the file.

        Parameters
        ----------
        file : Path
        progress : callable (done, total), optional
            Called with bytes; may raise to cancel.

        Returns
        -------
        Stamp
            For `record`.

        Raises
        ------
        InputFileError
            If its content is another than the one that was checked, or changes meanwhile.
        """
        before = file.stat()
        sha256, now = file_digest(file, progress), file.stat()
        if (before.st_size, before.st_mtime_ns) != (now.st_size, now.st_mtime_ns):
            raise InputFileError(f"'{file}' changed while it was read. Try again when it is whole.")
        old, today = self._read(file), datetime.date.today().isoformat()
        if old is not None and old.sha256 != sha256:
            raise InputFileError(
                f"'{file}' has changed since it was checked on {old.date}: it had {old.size} "
                f"bytes with the SHA-256 {old.sha256[:16]}…, and has {now.st_size} with "
                f"{sha256[:16]}… now. Delete it and download it again; or, if you put another "
                f"model there yourself, delete '{self._note(file)}', which remembers the check."
            )
        return Stamp(now.st_size, now.st_mtime_ns, sha256, today, old.source if old else "")

    def record(self, file: Path, stamp: Stamp) -> None:
        """Remember the hash of a file.

        Parameters
        ----------
        file : Path
        stamp : Stamp
            From `digest`, or of what was just written there.
        """
        note = self._note(file)
        part = note.with_name(f"{note.name}.{os.getpid()}")
        text = json.dumps({"path": _key(file), **asdict(stamp)}, indent=1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_text(text, "utf-8")
            part.replace(note)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            logger.warning("'%s' can't be written (%s): a check is forgotten.", note, error)

    def record_new(self, file: Path, sha256: str, source: str = "") -> None:
        """Remember a file that was just written, whatever was there before.

        Parameters
        ----------
        file : Path
        sha256 : str
        source : str
            See `Stamp`.
        """
        stat, today = file.stat(), datetime.date.today().isoformat()
        self.record(file, Stamp(stat.st_size, stat.st_mtime_ns, sha256, today, source))

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
        stamp = self._read(file)
        return stamp if stamp is not None and _is_current(file, stamp) else None

    def is_outdated(self, file: Path) -> bool:
        """Tell whether a file was checked and has another size or time now."""
        stamp = self._read(file)
        return stamp is not None and not _is_current(file, stamp)

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
        if self.is_outdated(file) and file.is_file():
            self.record(file, self.digest(file, progress))

    def _note(self, file: Path) -> Path:
        name = hashlib.sha256(os.fsencode(_key(file))).hexdigest()[:32]
        return self.folder / f"{name}.json"

    def _read(self, file: Path) -> Stamp | None:
        try:
            content = json.loads(self._note(file).read_text("utf-8"))
            content.pop("path")
            stamp = Stamp(**content)
        except (OSError, ValueError, TypeError, AttributeError, LookupError):
            return None
        kinds = (int, int, str, str, str)
        fits = all(map(isinstance, vars(stamp).values(), kinds))
        return stamp if fits else None


def user_stamps() -> Stamps:
    """Return the stamps of the command line, in the user's cache."""
    return Stamps(Path(_user_cache(), "comfyui-moda", NAME))


def _user_cache() -> Path:
    named = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    if sys.platform != "darwin" and os.environ.get(named):
        return Path(os.environ[named])
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, as in containers
        return Path(tempfile.gettempdir())
    inside = {"win32": "AppData/Local", "darwin": "Library/Caches"}
    return home / inside.get(sys.platform, ".cache")


def _key(file: Path) -> str:
    return os.path.realpath(file)


def _is_current(file: Path, stamp: Stamp) -> bool:
    try:
        stat = file.stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (stamp.size, stamp.mtime_ns)
