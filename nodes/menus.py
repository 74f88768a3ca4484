"""Menus of the loaders, and the files of a choice."""

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
from ._convert import check_result

BUILT_IN = "starter (built in)"
RELEASED = "MoDA (model files)"  # of nodes that do all steps
# If two places have the same name the first one counts, as for the host's own models.


def encoder_places() -> dict[str, Path]:
    """Return the audio encoders by name; those in the host's own folder have the host's names."""
    places = {}
    for key, prefix in ((MODA, f"{MODA}/"), (AUDIO_ENCODERS, "")):
        for root in _host.model_roots(key):
            places = {f"{prefix}{name}": root / name for name in find_encoders(root)} | places
    return places


def model_places() -> dict[str, Path]:
    """Return the motion models by name."""
    places = {}
    for root in _host.model_roots(MODA):
        places = {name: root / name for name in find_motion_models(root)} | places
    return places


def renderer_places() -> dict[str, Path]:
    """Return the folders with all of a renderer's files, by name."""
    places = {}
    for key in (LIVEPORTRAIT, MODA):
        for root in _host.model_roots(key):
            for name in find_renderers(root):
                places.setdefault(key if name == "." else f"{key}/{name}", root / name)
    return places


def encoder_files(place: Path) -> list[Path]:
    """Return the files of an audio encoder, which is a file or a folder."""
    return [place] if place.is_file() else sorted(place.iterdir())


def renderer_files(place: Path) -> list[Path]:
    """Return the files of a renderer in a folder."""
    return [path for path in vars(find_parts(place, RENDERER_PARTS)).values() if path is not None]


@dataclass(frozen=True)
class Menu:
    """A loader's menu.

    Parameters
    ----------
    places : callable () -> dict
        Finds the files or folders, by the names that the menu shows.
    files_of : callable (place) -> list of Path
        Lists the files that are read of one.
    published : str
        Name of the released part, for `named_files`.
    """

    places: Callable[[], dict[str, Path]]
    files_of: Callable[[Path], list[Path]]
    published: str


ENCODERS = Menu(encoder_places, encoder_files, ENCODER)
MODELS = Menu(model_places, lambda place: [place], NAMES["motion_model"])
RENDERERS = Menu(renderer_places, renderer_files, RENDERER_GROUP)


def options(menu: Menu) -> list[str]:
    """Return the choices of a menu, the built-in part first."""
    return [BUILT_IN, *sorted(menu.places())]


def is_built_in(choice: str) -> bool:
    return choice == BUILT_IN


def chosen(choice: str, menu: Menu) -> Path:
    """Return the file or folder of a choice, whose slashes may be those of Windows.

    Raises `ValueError` if it was not found, with the places of the released files.
    """
    places = menu.places()
    place = places.get(choice.replace("\\", "/"))
    if place is None:
        found = ", ".join(sorted(places)) or "nothing"
        raise ValueError(
            f"'{choice}' was not found in the model folders, which hold {found}. Download the "
            f"released files with the node MoDA Download Models, or put them there yourself, and "
            f"press R; or choose '{BUILT_IN}'.\n{describe_published([menu.published])}"
        )
    return place


def describe_published(names: list[str]) -> str:
    """Return a report on released files, by their names for `named_files`."""
    stamps = _host.stamps()
    reports = report_files(_host.model_places(), named_files(names))
    return "\n".join(line for report in reports for line in describe(report, stamps))


def unchanged(choice: str, menu: Menu) -> Path:
    """Return the file or folder of a choice, as `chosen`.

    Raises `InputFileError` if one of its files has changed since it was checked.
    """
    place = chosen(choice, menu)
    check_unchanged(menu.files_of(place), _host.stamps())
    return place


def check_choice(choice: str | None, menu: Menu) -> bool | str:
    """Return True or what is wrong with a choice, as `validate_inputs` must."""
    if choice is None or is_built_in(choice):
        return True  # without a look into the folders
    return check_result(chosen, choice, menu)


def fingerprint(choice: str | None, menu: Menu) -> str:
    """Return a text that changes with the files of a choice, so that the node runs again."""
    if choice is None or is_built_in(choice):
        return ""
    place = menu.places().get(choice.replace("\\", "/"))
    if place is None:
        return choice
    stats = [path.stat() for path in menu.files_of(place) if path.is_file()]
    return f"{place} {[(stat.st_mtime_ns, stat.st_size) for stat in stats]}"
