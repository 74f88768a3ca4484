"""Finding the released files in a folder, under the names that people keep them by."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..audio.encoder_config import CONFIG_FILE
from ..audio.encoder_file import ENCODER
from ..audio.encoder_folder import WEIGHT_FILES
from ..errors import InputFileError, MissingModelError
from ..weights.converted import is_outdated
from ..weights.input_file import walk_once
from ..weights.quick_check import find_problem
from ..weights.released_files import RENDERER_PARTS

# What lies nearest to a plain list of numbers comes first.
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
# LivePortrait keeps files of the same names, keys and shapes for animals.
OTHER_MODELS = "animal"
NAMES = {"motion_model": "net-200", **{part: part for part in RENDERER_PARTS}}
PARTS = ("motion_model", "encoder", *RENDERER_PARTS)


@dataclass(frozen=True)
class ModelFiles:
    """Where the parts of the released system are; None, what nobody asked for.

    Parameters
    ----------
    motion_model : Path, optional
        ``net-200``.
    encoder : Path, optional
        `ENCODER`: a folder in the layout of transformers, or one safetensors file.
    appearance_feature_extractor, motion_extractor, warping_module, spade_generator, \
stitching_retargeting_module : Path, optional
        LivePortrait's files.
    """

    motion_model: Path | None = None
    encoder: Path | None = None
    appearance_feature_extractor: Path | None = None
    motion_extractor: Path | None = None
    warping_module: Path | None = None
    spade_generator: Path | None = None
    stitching_retargeting_module: Path | None = None


def find_model_files(folder: Path, parts: Sequence[str] = PARTS) -> ModelFiles:
    """Find the released files anywhere below a folder.

    Parameters
    ----------
    folder : Path
        Such as the released tree, or a collection of LivePortrait's files or their conversions.
        Links are followed.
    parts : sequence of str
        Which of `PARTS` are needed; the optional ones are always looked for.

    Returns
    -------
    ModelFiles
        Of several candidates the one with the exact name, then safetensors, then the one that is
        less deep, then the first by name; what is damaged, or a conversion of a file that has
        changed since, only if there is nothing else.

    Raises
    ------
    InputFileError
        If the folder does not exist.
    MissingModelError
        If files are missing; the text names all of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputFileError(f"'{folder}' is not a folder. Name the folder that holds the models.")
    found = vars(find_parts(folder, parts))
    missing = [part for part in parts if found[part] is None]
    if missing:
        raise MissingModelError(
            f"'{folder}' and its folders lack {', '.join(map(_description, missing))}. "
            "Put the released files there, or name the folder that has them."
        )
    return ModelFiles(**found)


def find_parts(folder: Path, parts: Sequence[str] = PARTS) -> ModelFiles:
    """Find what there is of the released files, as `find_model_files` does.

    The folder may be missing; parts that are not there are None.
    """
    files = list_files(folder)
    wanted = set(parts)
    found = {
        part: _find_file(files, name, folder) for part, name in NAMES.items() if part in wanted
    }
    if "encoder" in wanted:
        found["encoder"] = _find_encoder(files, folder)
    return ModelFiles(**found)


def find_renderers(folder: Path) -> list[str]:
    """List the folders that hold all files of the renderer, only the innermost of nested ones.

    Paths are relative to `folder`, with ``/`` on every system, sorted; ``"."`` is `folder` itself.
    """
    files = list_files(folder)
    places = {parent for path in files for parent in path.parents if parent.is_relative_to(folder)}
    complete = {
        place
        for place in places
        if all(_find_file(files, NAMES[part], folder, place) for part in RENDERER_PARTS)
    }
    outer = {parent for place in complete for parent in place.parents}
    return sorted(place.relative_to(folder).as_posix() for place in complete - outer)


def find_motion_models(folder: Path) -> list[str]:
    """List the files that may hold a motion model.

    These are all weights but those under the names of other parts, and those of audio encoders.
    Paths are relative to `folder`, with ``/`` on every system, sorted.
    """
    files = list_files(folder)
    others = {
        path
        for path in files
        if path.suffix.lower() not in SUFFIXES or path.with_name("config.json") in files
    }
    for name in (name for part, name in NAMES.items() if part != "motion_model"):
        others |= {path for path in files if _is_named(path, name)}
    others |= {path for path in files if ENCODER in path.stem.lower()}
    return [path.relative_to(folder).as_posix() for path in files if path not in others]


def released_motion_models(places: Mapping[str, Path]) -> list[str]:
    """Choose those of some files, by the names that users see, named as the released motion model.

    The best comes first: the exact name, then safetensors.
    """
    released = NAMES["motion_model"]
    named = [name for name, path in places.items() if _is_named(path, released)]
    return sorted(
        named,
        key=lambda name: (
            not _is_usable(places[name]),
            _plain(places[name].stem) != _plain(released),
            SUFFIXES.index(places[name].suffix.lower()),
            name,
        ),
    )


def list_files(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted; linked folders are entered once each."""
    return sorted(root / name for root, names in walk_once(folder) for name in names)


def _find_file(
    files: list[Path], name: str, folder: Path, place: Path | None = None
) -> Path | None:
    candidates = [
        path
        for path in files
        if path.suffix.lower() in SUFFIXES
        and _is_named(path, name)
        and OTHER_MODELS not in str(path.relative_to(folder)).lower()
        and path.is_relative_to(place or folder)
    ]
    ranked = sorted(candidates, key=_preference(name, folder))
    return next(filter(_is_usable, ranked), ranked[0] if ranked else None)


def _is_usable(path: Path) -> bool:
    return find_problem(path) is None and not is_outdated(path)


def _is_named(path: Path, name: str) -> bool:
    # A whole word: not `net-2000`.
    return re.search(rf"(?<![a-z0-9]){_plain(name)}(?![a-z0-9])", _plain(path.stem)) is not None


def _preference(name: str, folder: Path) -> Callable[[Path], tuple]:
    def key(path: Path) -> tuple:
        inside = path.relative_to(folder)
        return (
            _plain(path.stem) != _plain(name),
            SUFFIXES.index(path.suffix.lower()),
            len(inside.parts),
            str(inside),
        )

    return key


def _plain(stem: str) -> str:
    return stem.lower().replace("_", "-")


def _find_encoder(files: list[Path], folder: Path) -> Path | None:
    named = [path for path in files if ENCODER in str(path.relative_to(folder)).lower()]
    weights = [path for path in named if path.name in WEIGHT_FILES]
    single = {path for path in named if path.suffix.lower() == SUFFIXES[0]}
    single -= {path for path in named if path.with_name(CONFIG_FILE) in files}
    whole = {path.parent for path in weights if path not in single}
    ranked = sorted(whole | single, key=lambda path: (len(path.parts), str(path)))
    usable = (place for place in ranked if _is_usable(encoder_weights(place)))
    return next(usable, ranked[0] if ranked else None)


def encoder_weights(place: Path) -> Path:
    """Return the file of weights of an encoder."""
    inside = (place / name for name in WEIGHT_FILES)
    found = [path for path in inside if path.exists()]
    return next(filter(_is_usable, found), found[0] if found else place)


def _description(part: str) -> str:
    if part == "encoder":
        return f"{ENCODER} (a folder with config.json and {' or '.join(WEIGHT_FILES)})"
    return f"{NAMES[part]} ({' or '.join(SUFFIXES[:2])})"
