"""What the loaders' menus offer, and which file a choice means."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..moda_core.audio.encoder_file import ENCODER
from ..moda_core.audio.find_encoders import find_encoders
from ..moda_core.model_files.catalog import RENDERER_GROUP, named_files
from ..moda_core.model_files.model_folder import (
    NAMES,
    RENDERER_PARTS,
    find_motion_models,
    find_parts,
    find_renderers,
)
from ..moda_core.model_files.places import AUDIO_ENCODERS, LIVEPORTRAIT, MODA
from ..moda_core.model_files.report import describe, report_files
from ..moda_core.model_files.stamps import check_unchanged
from . import _host

BUILT_IN = "starter (built in)"
# Of the same name in two places the first one counts, as for the host's own models.


def encoder_places() -> dict[str, Path]:
    """Return the audio encoders that were found, by the name that a menu shows.

    Those in the host's own folder for them go by the name that the host gives them.
    """
    places = {}
    for key, prefix in ((MODA, f"{MODA}/"), (AUDIO_ENCODERS, "")):
        for root in _host.model_roots(key):
            places = {f"{prefix}{name}": root / name for name in find_encoders(root)} | places
    return places


def model_places() -> dict[str, Path]:
    """Return the motion models that were found, by the name that a menu shows."""
    places = {}
    for root in _host.model_roots(MODA):
        places = {name: root / name for name in find_motion_models(root)} | places
    return places


def renderer_places() -> dict[str, Path]:
    """Return the folders with a whole renderer, by the name that a menu shows."""
    places = {}
    for key in (LIVEPORTRAIT, MODA):
        for root in _host.model_roots(key):
            for name in find_renderers(root):
                places.setdefault(key if name == "." else f"{key}/{name}", root / name)
    return places


def encoder_files(place: Path) -> list[Path]:
    """Return what is read of an audio encoder: its file, or the files of its folder."""
    return [place] if place.is_file() else sorted(place.iterdir())


def model_files(place: Path) -> list[Path]:
    """Return what is read of a motion model: its file."""
    return [place]


def renderer_files(place: Path) -> list[Path]:
    """Return what is read of a renderer's folder."""
    return [path for path in vars(find_parts(place, RENDERER_PARTS)).values() if path is not None]


@dataclass(frozen=True)
class Menu:
    """A loader's menu.

    Parameters
    ----------
    places : callable () -> dict
        Looks for files or folders; they are by the name that the menu shows.
    files_of : callable (place) -> list of Path
        Lists the files of a choice that are read.
    published : str
        What the released system has there, a name of `named_files`.
    """

    places: Callable[[], dict[str, Path]]
    files_of: Callable[[Path], list[Path]]
    published: str


ENCODERS = Menu(encoder_places, encoder_files, ENCODER)
MODELS = Menu(model_places, model_files, NAMES["motion_model"])
RENDERERS = Menu(renderer_places, renderer_files, RENDERER_GROUP)


def options(menu: Menu) -> list[str]:
    """Return what a menu shows: the built-in part first."""
    return [BUILT_IN, *sorted(menu.places())]


def is_built_in(choice: str) -> bool:
    """Tell whether a choice is the built-in part."""
    return choice == BUILT_IN


def chosen(choice: str, menu: Menu) -> Path:
    """Return the file or folder of a choice.

    Parameters
    ----------
    choice : str
        With ``/`` or, from a workflow that was made on Windows, with the other slash.
    menu : Menu

    Raises
    ------
    ValueError
        If it was not found; the text says what the released files are, and where they belong.
    """
    places = menu.places()
    place = places.get(choice.replace("\\", "/"))
    if place is None:
        found = ", ".join(sorted(places)) or "nothing"
        raise ValueError(
            f"'{choice}' was not found in the model folders, which hold {found}. Fetch the "
            f"released files with the node MoDA Download Models, or put them there yourself, and "
            f"press R; or choose '{BUILT_IN}'.\n{describe_published([menu.published])}"
        )
    return place


def describe_published(names: list[str]) -> str:
    """Return lines on released files: what is there, what is missing, and where it belongs.

    Parameters
    ----------
    names : list of str
        Of `named_files`.
    """
    stamps = _host.stamps()
    reports = report_files(_host.model_places(), named_files(names))
    return "\n".join(line for report in reports for line in describe(report, stamps))


def unchanged(choice: str, menu: Menu) -> Path:
    """Return the file or folder of a choice, unless a checked file in it has changed since.

    Parameters
    ----------
    choice, menu
        As in `chosen`.

    Raises
    ------
    ValueError
        If it was not found.
    InputFileError
        If a file has changed since it was checked.
    """
    place = chosen(choice, menu)
    check_unchanged(menu.files_of(place), _host.stamps())
    return place


def check_choice(choice: str | None, menu: Menu) -> bool | str:
    """Check a choice before anything runs, as a node's `validate_inputs` does.

    Parameters
    ----------
    choice : str or None
        None where another node gives it, and it is not known yet.
    menu : Menu
        Not asked without need.

    Returns
    -------
    bool or str
        True, or what is wrong.
    """
    if choice is None or is_built_in(choice):
        return True
    try:
        chosen(choice, menu)
    except ValueError as error:
        return str(error)
    return True


def fingerprint(choice: str | None, menu: Menu) -> str:
    """Return what changes when the files of a choice change, so that the node runs again.

    Parameters
    ----------
    choice, menu
        As in `check_choice`.
    """
    if choice is None or is_built_in(choice):
        return ""
    place = menu.places().get(choice.replace("\\", "/"))
    if place is None:
        return choice
    stats = [path.stat() for path in menu.files_of(place) if path.is_file()]
    return f"{place} {[(stat.st_mtime_ns, stat.st_size) for stat in stats]}"
