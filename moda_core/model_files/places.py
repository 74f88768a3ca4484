"""Where model files are looked for, and where new ones belong."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputFileError
from .catalog import ModelFile

# Kinds of models, by ComfyUI's names for their folders.
MODA, LIVEPORTRAIT, AUDIO_ENCODERS = "moda", "liveportrait", "audio_encoders"
KINDS = (MODA, LIVEPORTRAIT, AUDIO_ENCODERS)
ENVIRONMENT = "MODA_MODELS"
CONFIG = "extra_model_paths.yaml"


@dataclass(frozen=True)
class Places:
    """Folders of models.

    Parameters
    ----------
    search : mapping from str to tuple of Path
        Folders to look in, by kind; the first counts most.
    targets : mapping from str to Path
        Folder that a new file goes to, by kind.
    """

    search: Mapping[str, tuple[Path, ...]]
    targets: Mapping[str, Path]

    def of_part(self, part: str) -> tuple[Path, ...]:
        """Return the folders in which one of `model_folder.PARTS` may be, each once."""
        kinds = {"motion_model": (MODA,), "encoder": (MODA, AUDIO_ENCODERS)}
        folders = [
            folder
            for kind in kinds.get(part, (LIVEPORTRAIT, MODA))
            for folder in self.search.get(kind, ())
        ]
        return tuple(dict.fromkeys(folders))

    def target(self, file: ModelFile) -> Path:
        """Return where a published file that has a target belongs."""
        kind, _, rest = file.target.partition("/")
        return self.targets[kind] / rest


def folder_places(folder: str | Path) -> Places:
    """Return one folder as the place of everything, found anywhere below it."""
    folder = Path(folder).absolute()
    if folder.exists() and not folder.is_dir():
        raise InputFileError(f"'{folder}' is not a folder. Name the folder of the models.")
    return Places(dict.fromkeys(KINDS, (folder,)), {kind: folder / kind for kind in KINDS})


def kind_places(search: Mapping[str, Iterable[str | Path]]) -> Places:
    """Return places by kind, as ComfyUI has them, at least one folder of each.

    The first that can be written gets new files.
    """
    folders = {kind: tuple(map(Path, paths)) for kind, paths in search.items()}
    targets = {kind: next(filter(_is_writable, paths), paths[0]) for kind, paths in folders.items()}
    return Places(folders, targets)


def command_line_places(folder: Path | None, pack: Path) -> Places:
    """Return where the command line looks.

    Parameters
    ----------
    folder : Path, optional
        What the user named; default `ENVIRONMENT`, else the folders of the ComfyUI in whose
        ``custom_nodes`` the pack lies.
    pack : Path
        Folder of the pack.

    Raises
    ------
    InputFileError
        If there is none of these, or ComfyUI's list of folders can't be read.
    """
    folder = folder or named_folder()
    if folder is not None:
        return folder_places(folder)
    if pack.parent.name != "custom_nodes":
        raise InputFileError(
            f"This copy lies in no ComfyUI, so no folder of models is known ('{pack}'). Name one "
            f"with --models FOLDER, or set {ENVIRONMENT}."
        )
    return _comfyui_places(pack.parents[1])


def named_folder() -> Path | None:
    """Return the folder that the environment names, if it does; it may be missing."""
    value = os.environ.get(ENVIRONMENT)
    return Path(value).expanduser() if value else None


def _comfyui_places(comfyui: Path) -> Places:
    """Return the folders of a ComfyUI with those that its `CONFIG` adds, in its own order."""
    search = {kind: [comfyui / "models" / kind] for kind in KINDS}
    config = comfyui / CONFIG
    if config.is_file():
        for kind, path, is_default in _read_config(config):
            own = search.get(kind, [])
            # Kinds that only this pack knows are added after those of the list.
            own.insert(0 if is_default else len(own) - (kind != AUDIO_ENCODERS), path)
    return kind_places(search)


def _read_config(path: Path) -> list[tuple[str, Path, bool]]:
    """Return kind, folder, and whether it comes first, of each line of an `extra_model_paths`."""
    import yaml

    try:
        sections = yaml.safe_load(path.read_text("utf-8")) or {}
        entries = []
        for section in filter(None, sections.values()):
            base = os.path.expandvars(os.path.expanduser(section.pop("base_path", "")))
            is_default = bool(section.pop("is_default", False))
            for kind, lines in section.items():
                for line in filter(None, str(lines).splitlines()):
                    entries.append((kind, Path(path.parent, base, line), is_default))
    except (OSError, AttributeError, TypeError, ValueError, yaml.YAMLError) as error:
        raise InputFileError(
            f"'{path}' can't be read ({str(error).splitlines()[0]}). Correct it, or name a folder "
            "with --models."
        ) from error
    return entries


def _is_writable(folder: Path) -> bool:
    existing = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    return os.access(existing, os.W_OK)
