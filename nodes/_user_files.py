"""Files of the user in ComfyUI's input and output folders."""

import os
import posixpath
import re
from pathlib import Path, PureWindowsPath

from ..moda_core.errors import OutputError
from . import _host

SHOWN_LETTERS = 60
SHOWN_KINDS = ("input", "output", "temp")
INPUT_FOLDER = "(input folder)"
NOTE = re.compile(r" ?\[(input|output|temp)\]$")


def shown_file(name: str, subfolder: str = "", kind: str = "input") -> Path:
    """Return the path of a file that the host itself shows to the page.

    Parameters
    ----------
    name : str
        May hold folders, and end with a note of the folder, such as `face.png [output]`, which
        counts more than `kind`.
    subfolder : str
        Folder inside that of the kind.
    kind : {"input", "output", "temp"}

    Raises
    ------
    ValueError
        If the file is not inside the folder, or the kind is unknown.
    FileNotFoundError
        If there is no such file.
    """
    note = NOTE.search(name)
    name, kind = (name[: note.start()], note[1]) if note else (name, kind)
    folder = _host.shown_folder(kind) if kind in SHOWN_KINDS else None
    if folder is None:
        raise ValueError(f"'{kind}' is not a kind of folder: {', '.join(SHOWN_KINDS)}.")
    place = posixpath.join(subfolder, name).replace("\\", "/")
    absolute = place.startswith("/") or PureWindowsPath(place).drive
    if not name or absolute or ".." in place.split("/") or "\0" in place:
        raise ValueError(f"'{name[:SHOWN_LETTERS]}' is not the name of a file in the folder.")
    path = folder / place
    if not path.is_file():
        raise FileNotFoundError(f"There is no file '{place[:SHOWN_LETTERS]}'. Choose another one.")
    return path


def saved_path(prefix: str, suffix: str) -> tuple[Path, str]:
    """Return the path of a new file in the host's output folder, and its subfolder there.

    `prefix` may hold folders, which are made, and the host's placeholders, such as ``%year%``. The
    host adds a number. Raises `OutputError` if the file can't lie in the output folder.
    """
    output = _host.user_folders()[1].resolve()
    try:
        if not prefix.strip() or output not in Path(output, prefix).resolve().parents:
            raise OutputError(
                f"'{prefix}' is not a name inside ComfyUI's output folder. Use one such as "
                "'motion/MoDA'."
            )
        plain = os.path.relpath(os.path.join(output, prefix), output)  # `faces/` is `faces`
        folder, name, number, subfolder = _host.numbered_name(plain, output)
        while (path := Path(folder, f"{name}_{number:05}_{suffix}")).exists():
            number += 1
        return path, subfolder
    except (OSError, ValueError) as error:  # the system or the host refuses the name
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"Can't save a file as '{prefix[:SHOWN_LETTERS]}' ({reason}). Use another name."
        ) from error


def user_files(suffixes: tuple[str, ...]) -> dict[str, Path]:
    """Return the files of the input and output folders whose names end in lower-case `suffixes`.

    Keys are the host's names, sorted: `folder/name` in the input folder, then
    `folder/name [output]`. Folders that are links are left out.
    """
    found = {}
    for root, note in zip(_host.user_folders(), ("", " [output]"), strict=True):
        walked = ((folder, name) for folder, _, names in os.walk(root) for name in names)
        paths = (Path(*each) for each in walked if each[1].lower().endswith(suffixes))
        for path in sorted(path for path in paths if path.is_file()):
            found[path.relative_to(root).as_posix() + note] = path
    return found


def input_folders(suffixes: tuple[str, ...]) -> dict[str, list[Path]]:
    """Return the files of each folder of the input folder that has some with these suffixes.

    Keys are the folders' names, `INPUT_FOLDER` for the input folder itself; files are sorted by
    name. Hidden files are left out.
    """
    folders = {}
    for name, path in user_files(suffixes).items():
        if not NOTE.search(name) and not path.name.startswith("."):
            folders.setdefault(posixpath.dirname(name) or INPUT_FOLDER, []).append(path)
    return dict(sorted(folders.items(), key=lambda item: (item[0] != INPUT_FOLDER, item[0])))
