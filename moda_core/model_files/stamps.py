"""Notes of which files were checked, and whether those are still the same."""

import datetime
import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..errors import InputFileError
from ..weights.converted import converted_file
from .digest import Progress, file_digest

NAME = "checked_files"
logger = logging.getLogger(__name__)


class Stamp(NamedTuple):
    """A file when it was hashed: bytes, nanoseconds, 64 digits, "2026-11-21", where it is from."""

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

    def digest(self, file: Path, progress: Progress | None = None) -> Stamp:
        """Hash a file, for `record`; refuse content that differs from what was checked before."""
        before, sha256 = _state(file), file_digest(file, progress)
        new = Stamp(*_state(file), sha256, datetime.date.today().isoformat())
        if before != new[:2]:
            raise InputFileError(f"'{file}' changed while it was read. Try again when it is whole.")
        old = self._read(file)
        if old is None:
            return new
        if old.sha256 != sha256:
            raise InputFileError(
                f"'{file}' has changed since it was checked on {old.date}: it had {old.size} "
                f"bytes with the SHA-256 {old.sha256[:16]}…, and has {new.size} with "
                f"{sha256[:16]}… now. Delete it and download it again; or, if you put another "
                f"model there yourself, delete '{self._note(file)}', which remembers the check."
            )
        return new._replace(source=old.source)

    def record(self, file: Path, stamp: Stamp) -> None:
        """Remember the stamp of a file."""
        note = self._note(file)
        part = note.with_name(f"{note.name}.{os.getpid()}")
        text = json.dumps({"path": os.path.realpath(file), **stamp._asdict()}, indent=1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_text(text, "utf-8")
            part.replace(note)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            logger.warning("'%s' can't be written (%s): a check is forgotten.", note, error)

    def record_new(self, file: Path, sha256: str, source: str = "") -> None:
        """Remember a file that was just written, whatever was there before."""
        today = datetime.date.today().isoformat()
        self.record(file, Stamp(*_state(file), sha256, today, source))

    def get(self, file: Path) -> Stamp | None:
        """Return the stamp of a file; None if it was never checked, or has another size or time."""
        stamp = self._read(file)
        return stamp if stamp and stamp[:2] == _state(file) else None

    def is_outdated(self, file: Path) -> bool:
        """Tell whether a file was checked and has another size or time now."""
        return self._read(file) is not None and self.get(file) is None

    def _note(self, file: Path) -> Path:
        name = hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest()[:32]
        return self.folder / f"{name}.json"

    def _read(self, file: Path) -> Stamp | None:
        try:
            content = json.loads(self._note(file).read_text("utf-8"))
            content.pop("path")
            stamp = Stamp(**content)
        except (OSError, ValueError, TypeError, AttributeError, LookupError):
            return None
        return stamp if all(map(isinstance, stamp, (int, int, str, str, str))) else None


def check_unchanged(places: Iterable[Path], stamps: Stamps) -> None:
    """Refuse a model one of whose files was checked and has changed since.

    A file is read only if its size or time is another: copying it back gives a new time.

    Parameters
    ----------
    places : iterable of Path
        Files, with their conversions, and folders, whose files count.
    stamps : Stamps
        Of the files that were checked; others pass.

    Raises
    ------
    InputFileError
        If the content of a file is another than the one that was checked.
    """
    for place in places:
        for path in place.iterdir() if place.is_dir() else {place, converted_file(place)}:
            if stamps.is_outdated(path) and path.is_file():
                stamps.record(path, stamps.digest(path))


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


def _state(file: Path) -> tuple[int, int] | None:
    """Return size and time of the last change of a file, None if it is gone."""
    with suppress(OSError):
        stat = file.stat()
        return stat.st_size, stat.st_mtime_ns
    return None
