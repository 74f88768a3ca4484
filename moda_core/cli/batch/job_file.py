"""Where jobs come from: a file with a line for each, or folders of pictures and recordings."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...audio.sound_file import SOUND_SUFFIXES
from ...errors import InputFileError, MoDAError
from ...portrait.image import PICTURE_SUFFIXES
from ...video.footage import VIDEO_SUFFIXES


@dataclass(frozen=True)
class Line:
    """A line of a job file: its fields, or why it has none.

    Parameters
    ----------
    number : int
        From 1, as editors count.
    text : str
        The line itself.
    """

    number: int
    text: str
    fields: Mapping[str, object] = field(default_factory=dict)
    problem: str = ""


def read_job_file(path: Path) -> list[Line]:
    """Read a job file, by its suffix .jsonl or .csv.

    Empty lines, and in .jsonl those that begin with #, are left out. A CSV file has the names of
    the options in its first line; an empty cell means that the option is not given.

    Raises
    ------
    InputFileError
        If the file can't be read, has another suffix or no job.
    """
    readers = {".jsonl": _json_lines, ".csv": _csv_lines}
    if path.suffix.lower() not in readers:
        raise InputFileError(f"'{path}' is not a job file. Its name must end in .jsonl or .csv.")
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputFileError(f"'{path}' can't be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise InputFileError(f"'{path}' is not text in UTF-8. Save it as UTF-8.") from error
    lines = list(readers[path.suffix.lower()](text))
    if not lines:
        raise InputFileError(f"'{path}' has no jobs. Write one on each line.")
    return lines


def _json_lines(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            fields, problem = json.loads(line), ""
        except (ValueError, RecursionError) as error:
            fields, problem = {}, f"This is not JSON: {getattr(error, 'msg', error)}."
        if not isinstance(fields, dict):
            fields, problem = {}, 'A job is an object, such as {"portrait": "a.png", ...}.'
        yield Line(number, line, fields, problem)


def _csv_lines(text: str) -> Iterator[Line]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    header, end = None, 0
    while True:
        start = end + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Line(reader.line_num, text, {}, f"This is not CSV: {error}.")
            return
        end = reader.line_num
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = [name.strip() for name in cells]
            continue
        problem = ""
        if len(cells) > len(header):
            problem = f"There are {len(cells)} cells, but {len(header)} names in the first line."
        fields = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
        yield Line(start, ",".join(cells), fields, problem)


def folder_jobs(portraits: Path, audios: Path, pairing: str) -> tuple[list[Line], list[Path]]:
    """Pair the pictures and videos of a folder with the recordings of another.

    Parameters
    ----------
    pairing : {"all", "names"}
        Each with each, or those whose names are equal up to the suffix.

    Returns
    -------
    list of Line, and the files that have no counterpart

    Raises
    ------
    InputFileError
        If a folder can't be read.
    MoDAError
        If there are no pairs.
    """
    pictures = files_of(portraits, (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES))
    sounds = files_of(audios, (*SOUND_SUFFIXES, *VIDEO_SUFFIXES))
    pairs = [
        (picture, sound)
        for picture in pictures
        for sound in sounds
        if pairing == "all" or picture.stem == sound.stem
    ]
    if not pairs:
        equal = " of equal names" if pairing == "names" else ""
        raise MoDAError(
            f"There is no picture in '{portraits}' with a recording{equal} in '{audios}'."
        )
    lines = [
        Line(number, f"{picture} {sound}", {"portrait": str(picture), "audio": str(sound)})
        for number, (picture, sound) in enumerate(pairs, 1)
    ]
    paired = {path for pair in pairs for path in pair}
    return lines, [path for path in (*pictures, *sounds) if path not in paired]


def files_of(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Return the files directly in a folder with one of the suffixes, by name."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InputFileError(f"The folder '{folder}' can't be read ({error.strerror}).") from error
    return [
        path
        for path in paths
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    ]
