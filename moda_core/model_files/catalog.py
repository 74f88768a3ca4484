"""The table of the released files: where each is published, its size, its hash, its licence."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("model_files.json")
HUB = "https://huggingface.co"
LATEST = "main"  # where no revision could be looked up
RENDERER_GROUP = "renderer"  # names the five files of LivePortrait together


@dataclass(frozen=True)
class ModelFile:
    """A published file.

    Parameters
    ----------
    name : str
        As users name it, "net-200".
    part : str
        What it is, one of `model_folder.PARTS`.
    repo_id : str
        Repository on the Hugging Face Hub, "owner/name".
    revision : str, optional
        Commit, 40 hexadecimal digits; None where it could not be looked up.
    path : str
        In the repository, with ``/``.
    licence : str
        What its authors state.
    target : str
        Where it belongs below a folder of models, with ``/``: the kind of models, then the file.
        Empty for a file that is only recognised.
    size : int, optional
        Bytes; None where it could not be looked up.
    sha256 : str, optional
        64 hexadecimal digits; None where it could not be looked up.
    weights_size : int, optional
        Bytes of the weights alone, where `size` is not known.
    """

    name: str
    part: str
    repo_id: str
    revision: str | None
    path: str
    licence: str
    target: str = ""
    size: int | None = None
    sha256: str | None = None
    weights_size: int | None = None

    @property
    def page(self) -> str:
        """Address of the repository's page."""
        return f"{HUB}/{self.repo_id}"

    @property
    def url(self) -> str:
        """Address of the file, at its pinned revision if there is one."""
        return f"{self.page}/resolve/{self.revision or LATEST}/{self.path}"

    @property
    def about_size(self) -> int:
        """Size in bytes, to a hundredth where the exact one is not known."""
        return self.size or self.weights_size or 0


def published_files() -> tuple[ModelFile, ...]:
    """Return the files that make up the released system, in the order of `model_folder.PARTS`."""
    return _read_table()[0]


def known_files(part: str) -> tuple[ModelFile, ...]:
    """Return all published forms of a part whose hash is known."""
    downloads, others = _read_table()
    return tuple(file for file in downloads + others if file.part == part and file.sha256)


def named_files(names: list[str]) -> tuple[ModelFile, ...]:
    """Return published files by their names.

    Parameters
    ----------
    names : list of str
        Names of files, or `RENDERER_GROUP`. Empty: all.

    Returns
    -------
    tuple of ModelFile
        Each once, in the order of the table.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    files = published_files()
    unknown = [name for name in names if name not in choices()]
    if unknown:
        raise ValueError(
            f"There is no model file '{unknown[0]}'. Choose among {', '.join(choices())}."
        )
    return tuple(
        file
        for file in files
        if not names or file.name in names or (RENDERER_GROUP in names and is_renderer(file))
    )


def is_renderer(file: ModelFile) -> bool:
    """Tell whether a file is one of the renderer's, which are of use together only."""
    return file.part not in ("motion_model", "encoder")


def choices() -> tuple[str, ...]:
    """Return the names that `named_files` takes."""
    return (*(file.name for file in published_files()), RENDERER_GROUP)


@cache
def _read_table() -> tuple[tuple[ModelFile, ...], tuple[ModelFile, ...]]:
    """Return the files to fetch, and those that are only recognised."""
    table = json.loads(TABLE.read_text("utf-8"))

    def read(entry: dict) -> ModelFile:
        entry = dict(entry)
        return ModelFile(**table["repositories"][entry.pop("repository")], **entry)

    return tuple(tuple(map(read, table[key])) for key in ("downloads", "also_known"))
