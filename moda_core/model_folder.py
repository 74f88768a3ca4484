"""Finding the released files in a folder, under the names that people keep them by."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .audio.encoder_folder import WEIGHT_FILES
from .errors import InputFileError

# What lies nearest to a plain list of numbers comes first.
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
# The speech encoder that the released model was trained on: the name of its folder, or a part of
# the path to it.
ENCODER = "chinese-hubert-base"
# LivePortrait keeps files of the same names, keys and shapes for animals.
OTHER_MODELS = "animal"
NAMES = {
    "motion_model": "net-200",
    "appearance_feature_extractor": "appearance_feature_extractor",
    "motion_extractor": "motion_extractor",
    "warping_module": "warping_module",
    "spade_generator": "spade_generator",
    "stitching_retargeting_module": "stitching_retargeting_module",
    "yunet": "yunet",
}
OPTIONAL = ("yunet",)


@dataclass(frozen=True)
class ModelFiles:
    """Where the parts of the released system are.

    Parameters
    ----------
    motion_model : Path
        ``net-200``.
    encoder : Path
        Folder of `ENCODER`, in the layout of transformers.
    appearance_feature_extractor, motion_extractor, warping_module, spade_generator, \
stitching_retargeting_module : Path
        LivePortrait's files.
    yunet : Path, optional
        Face finder.
    """

    motion_model: Path
    encoder: Path
    appearance_feature_extractor: Path
    motion_extractor: Path
    warping_module: Path
    spade_generator: Path
    stitching_retargeting_module: Path
    yunet: Path | None = None


def find_model_files(folder: Path) -> ModelFiles:
    """Find the released files anywhere below a folder.

    Parameters
    ----------
    folder : Path
        Such as the released tree, or a collection of LivePortrait's files or their conversions.
        Links are followed.

    Returns
    -------
    ModelFiles
        Of several candidates the one with the exact name, then safetensors, then the one that is
        less deep, then the first by name.

    Raises
    ------
    InputFileError
        If the folder does not exist, or files are missing; the text names all of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputFileError(f"'{folder}' is no folder. Name the folder that holds the models.")
    files = list_files(folder)
    found = {part: _find_file(files, name, folder) for part, name in NAMES.items()}
    found["encoder"] = _find_encoder(files, folder)
    missing = [part for part, path in found.items() if path is None and part not in OPTIONAL]
    if missing:
        raise InputFileError(
            f"'{folder}' and its folders lack {', '.join(map(_description, missing))}. "
            "Put the released files there, or name the folder that has them."
        )
    return ModelFiles(**found)


def list_files(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted; linked folders are entered once each.

    Parameters
    ----------
    folder : Path
    """
    files, entered = [], set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in entered:
            folders.clear()  # a link that leads back
            continue
        entered.add(real)
        folders.sort()
        files += [Path(root, name) for name in names]
    return sorted(files)


def _find_file(files: list[Path], name: str, folder: Path) -> Path | None:
    pattern = re.compile(rf"(?<![a-z0-9]){_plain(name)}(?![a-z0-9])")  # not `net-2000`
    candidates = [
        path
        for path in files
        if path.suffix.lower() in SUFFIXES
        and pattern.search(_plain(path.stem))
        and OTHER_MODELS not in str(path.relative_to(folder)).lower()
    ]
    return min(candidates, key=_preference(name, folder), default=None)


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
    folders = {path.parent for path in files if path.name in WEIGHT_FILES}
    named = [path for path in folders if ENCODER in str(path.relative_to(folder)).lower()]
    return min(named, key=lambda path: (len(path.parts), str(path)), default=None)


def _description(part: str) -> str:
    if part == "encoder":
        return f"{ENCODER} (a folder with config.json and {' or '.join(WEIGHT_FILES)})"
    return f"{NAMES[part]} ({' or '.join(SUFFIXES[:2])})"
