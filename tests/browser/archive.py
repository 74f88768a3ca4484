"""The files that the registry's archive holds: git's, less those that `.comfyignore` names."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def git_files(*options: str) -> set[str]:
    """List files of the checkout, new ones too.

    Parameters
    ----------
    *options : str
        Of ``git ls-files``, to choose among them.

    Returns
    -------
    set of str
        Paths from the project's root, with ``/``.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        If there is no git, or the project is no checkout.
    """
    command = ["git", "-c", f"safe.directory={ROOT.as_posix()}", "ls-files", "-z", *options]
    kinds = ["--cached", "--others"]
    result = subprocess.run([*command, *kinds], cwd=ROOT, capture_output=True, check=True)
    names = result.stdout.decode().split("\0")
    return {name for name in names if name and (ROOT / name).is_file()}


def archive_files() -> list[str]:
    """List what is published.

    Returns
    -------
    list of str
        Sorted paths from the project's root, with ``/``.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        If there is no git, or the project is no checkout.
    """
    left_out = git_files("--ignored", "--exclude-from=.comfyignore")
    return sorted(git_files("--exclude-standard") - left_out)


def export_archive(folder: Path) -> None:
    """Copy what is published.

    Parameters
    ----------
    folder : Path
        Where to; made if it must.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        If there is no git, the project is no checkout, or a file can't be copied.
    """
    for name in archive_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
