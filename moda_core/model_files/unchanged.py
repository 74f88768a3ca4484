"""Refusing files that were checked once and are not the same any more."""

from collections.abc import Iterable
from pathlib import Path

from ..weights.converted import converted_file
from .stamps import Stamps


def check_unchanged(places: Iterable[Path], stamps: Stamps) -> None:
    """Check the files of a model before they are loaded.

    Parameters
    ----------
    places : iterable of Path
        Files, with their conversions, and folders, whose files count.
    stamps : Stamps
        Of the files that were checked; others pass.

    Raises
    ------
    InputFileError
        If a file has changed since it was checked.
    """
    for place in places:
        for path in place.iterdir() if place.is_dir() else {place, converted_file(place)}:
            stamps.check(path)
