"""What the loaders' menus offer, and which file a choice means."""

from collections.abc import Callable, Iterable
from pathlib import Path

from ..moda_core.audio.find_encoders import find_encoders
from ..moda_core.errors import InputFileError
from ..moda_core.model_folder import (
    RENDERER_PARTS,
    find_model_files,
    find_motion_models,
    find_renderers,
)
from . import _host

BUILT_IN = "starter (built in)"
# Of the same name in two places the first one counts, as for the host's own models.


def encoder_places() -> dict[str, Path]:
    """Return the audio encoders that were found, by the name that a menu shows."""
    places = {}
    for key in (_host.MODEL_FOLDER, _host.ENCODER_FOLDER):
        for root in _host.model_roots(key):
            places = {f"{key}/{name}": root / name for name in find_encoders(root)} | places
    return places


def model_places() -> dict[str, Path]:
    """Return the motion models that were found, by the name that a menu shows."""
    places = {}
    for root in _host.model_roots(_host.MODEL_FOLDER):
        places = {name: root / name for name in find_motion_models(root)} | places
    return places


def renderer_places() -> dict[str, Path]:
    """Return the folders with a whole renderer, by the name that a menu shows."""
    places = {}
    for key in (_host.LIVEPORTRAIT_FOLDER, _host.MODEL_FOLDER):
        for root in _host.model_roots(key):
            for name in find_renderers(root):
                places.setdefault(key if name == "." else f"{key}/{name}", root / name)
    return places


def menu(places: dict[str, Path]) -> list[str]:
    """Return what a menu shows: the built-in part first."""
    return [BUILT_IN, *sorted(places)]


def is_built_in(choice: str) -> bool:
    """Tell whether a choice is the built-in part."""
    return choice == BUILT_IN


def chosen(choice: str, places: dict[str, Path]) -> Path:
    """Return the file or folder of a choice.

    Parameters
    ----------
    choice : str
        With ``/`` or, from a workflow that was made on Windows, with the other slash.
    places : dict
        What was found.

    Raises
    ------
    ValueError
        If it was not found.
    """
    place = places.get(choice.replace("\\", "/"))
    if place is None:
        found = ", ".join(sorted(places)) or "nothing"
        raise ValueError(
            f"'{choice}' was not found in the model folders, which hold {found}. Put the files "
            f"there and press R, or choose '{BUILT_IN}'."
        )
    return place


def check_choice(choice: str | None, find: Callable[[], dict[str, Path]]) -> bool | str:
    """Check a choice before anything runs, as a node's `validate_inputs` does.

    Parameters
    ----------
    choice : str or None
        None where another node gives it, and it is not known yet.
    find : callable () -> dict
        Looks for the files; not called without need.

    Returns
    -------
    bool or str
        True, or what is wrong.
    """
    if choice is None or is_built_in(choice):
        return True
    try:
        chosen(choice, find())
    except ValueError as error:
        return str(error)
    return True


def fingerprint(
    choice: str | None,
    find: Callable[[], dict[str, Path]],
    files_of: Callable[[Path], Iterable[Path]],
) -> str:
    """Return what changes when the files of a choice change, so that the node runs again.

    Parameters
    ----------
    choice, find
        As in `check_choice`.
    files_of : callable (place) -> paths
        Lists the files of a choice that are read.
    """
    if choice is None or is_built_in(choice):
        return ""
    place = find().get(choice.replace("\\", "/"))
    if place is None:
        return choice
    stats = [path.stat() for path in files_of(place) if path.is_file()]
    return f"{place} {[(stat.st_mtime_ns, stat.st_size) for stat in stats]}"


def encoder_files(place: Path) -> list[Path]:
    """Return what is read of an audio encoder: its file, or the files of its folder."""
    return [place] if place.is_file() else sorted(place.iterdir())


def model_files(place: Path) -> list[Path]:
    """Return what is read of a motion model: its file."""
    return [place]


def renderer_files(place: Path) -> list[Path]:
    """Return what is read of a renderer's folder."""
    try:
        found = find_model_files(place, RENDERER_PARTS)
    except InputFileError:  # since a moment
        return []
    return [path for path in vars(found).values() if path is not None]
