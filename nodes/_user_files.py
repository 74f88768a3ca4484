"""Files that users keep: where they are saved in the host's folders, and how they are found."""

import os
from pathlib import Path

from ..moda_core.errors import OutputError
from . import _host

SHOWN_LETTERS = 60


def saved_path(prefix: str, suffix: str) -> tuple[Path, str]:
    """Return a new name in the host's output folder.

    Parameters
    ----------
    prefix : str
        What the user calls the file, perhaps with folders; the host fills in what it knows, such
        as ``%year%``, and a number.
    suffix : str

    Returns
    -------
    path : Path
        In a folder that exists.
    subfolder : str
        Where in the output folder it lies.

    Raises
    ------
    OutputError
        If that is no place in the output folder, or no folder can be made there.
    """
    output = _host.user_folders()[1].resolve()
    try:
        if not prefix.strip() or output not in Path(output, prefix).resolve().parents:
            raise OutputError(
                f"'{prefix}' is no name in ComfyUI's output folder. Use one such as 'motion/MoDA'."
            )
        plain = os.path.relpath(os.path.join(output, prefix), output)  # `faces/` is `faces`
        folder, name, number, subfolder = _host.numbered_name(plain, output)
        while (path := Path(folder, f"{name}_{number:05}_{suffix}")).exists():
            number += 1
        return path, subfolder
    except (OSError, ValueError) as error:  # a name may hold what no name can
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"Nothing can be saved at '{prefix[:SHOWN_LETTERS]}' ({reason}). Use another name."
        ) from error


def user_files(suffixes: tuple[str, ...]) -> dict[str, Path]:
    """Return the files of the host's input and output folders that end in certain ways.

    Parameters
    ----------
    suffixes : tuple of str
        In lower case.

    Returns
    -------
    dict from str to Path
        By the host's names for them, sorted: `folder/name` of the input folder, then
        `folder/name [output]`. Folders that are links are left out.
    """
    found = {}
    for root, note in zip(_host.user_folders(), ("", " [output]"), strict=True):
        walked = ((folder, name) for folder, _, names in os.walk(root) for name in names)
        paths = (Path(*each) for each in walked if each[1].lower().endswith(suffixes))
        for path in sorted(path for path in paths if path.is_file()):
            found[path.relative_to(root).as_posix() + note] = path
    return found
