"""What the loaders' menus offer, and which file a choice means."""

from pathlib import Path

from ..moda_core.audio.find_encoders import find_encoders
from ..moda_core.model_folder import find_motion_models, find_renderers
from . import _host

BUILT_IN = "starter (built in)"


def encoder_places() -> dict[str, Path]:
    """Return the audio encoders that were found, by the name that a menu shows."""
    places = {}
    for key in (_host.MODEL_FOLDER, _host.ENCODER_FOLDER):
        for root in _host.model_roots(key):
            places |= {f"{key}/{name}": root / name for name in find_encoders(root)}
    return places


def model_places() -> dict[str, Path]:
    """Return the motion models that were found, by the name that a menu shows."""
    places = {}
    for root in _host.model_roots(_host.MODEL_FOLDER):
        places |= {name: root / name for name in find_motion_models(root) if name not in places}
    return places


def renderer_places() -> dict[str, Path]:
    """Return the folders with a whole renderer, by the name that a menu shows."""
    places = {}
    for key in (_host.LIVEPORTRAIT_FOLDER, _host.MODEL_FOLDER):
        for root in _host.model_roots(key):
            for name in find_renderers(root):
                places[key if name == "." else f"{key}/{name}"] = root / name
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


def check_choice(choice: str, places: dict[str, Path]) -> bool | str:
    """Check a choice before anything runs, as a node's `validate_inputs` does.

    Returns
    -------
    bool or str
        True, or what is wrong.
    """
    if is_built_in(choice):
        return True
    try:
        chosen(choice, places)
    except ValueError as error:
        return str(error)
    return True


def fingerprint(choice: str, places: dict[str, Path]) -> str:
    """Return what changes when the files of a choice change, so that the node runs again."""
    place = places.get(choice.replace("\\", "/"))
    if place is None:
        return choice
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*"))
    stats = [path.stat() for path in files if path.is_file()]
    return f"{place} {[(stat.st_mtime_ns, stat.st_size) for stat in stats]}"
