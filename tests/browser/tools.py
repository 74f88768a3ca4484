"""What the browser test needs on the machine, and where it finds it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# A ComfyUI server imports these first; an interpreter that has them was made for one.
HOST_MODULES = "import aiohttp, comfyui_frontend_package, torch, torchvision, torchaudio"


class MissingToolError(RuntimeError):
    """Something is not on this machine; the text says what, and how to get it."""


@dataclass(frozen=True)
class Tools:
    """Paths of all that the test starts.

    Attributes
    ----------
    comfyui : Path
        Checkout of ComfyUI.
    interpreter : str
        Python that runs it.
    node, chromium : str
        Programs.
    node_path : str
        Folders in which Node looks for playwright-core.
    """

    comfyui: Path
    interpreter: str
    node: str
    chromium: str
    node_path: str


def find_tools() -> Tools:
    """Find everything.

    Returns
    -------
    Tools

    Raises
    ------
    MissingToolError
        At the first thing that is not there.
    """
    comfyui = find_comfyui()
    node, node_path = find_node()
    return Tools(comfyui, find_interpreter(comfyui), node, find_chromium(), node_path)


def find_comfyui() -> Path:
    """Return ComfyUI's checkout, `COMFYUI_PATH`.

    Returns
    -------
    Path

    Raises
    ------
    MissingToolError
        If it is not set, or no ComfyUI is there.
    """
    named = os.environ.get("COMFYUI_PATH")
    if not named or not Path(named, "main.py").is_file():
        seen = f"holds {named!r}" if named else "is not set"
        raise MissingToolError(
            f"COMFYUI_PATH {seen}. Set it to a checkout of ComfyUI, 0.8.0 or newer: "
            "git clone https://github.com/comfyanonymous/ComfyUI"
        )
    return Path(named).resolve()


def find_interpreter(comfyui: Path) -> str:
    """Return a Python that can run ComfyUI: this one, or that of its own environment.

    Parameters
    ----------
    comfyui : Path
        Its checkout.

    Returns
    -------
    str

    Raises
    ------
    MissingToolError
        If none can.
    """
    folders = [comfyui / name for name in (".venv", "venv")]
    places = [
        folder / place for folder in folders for place in ("bin/python", "Scripts/python.exe")
    ]
    for candidate in [sys.executable, *(str(place) for place in places if place.is_file())]:
        check = subprocess.run([candidate, "-c", HOST_MODULES], capture_output=True, check=False)
        if check.returncode == 0:
            return candidate
    raise MissingToolError(
        f"{sys.executable} can't run ComfyUI. Start this command with the Python of your ComfyUI: "
        "HOSTENV/bin/python run.py --here COMMAND"
    )


def find_chromium() -> str:
    """Return Chromium's path, `CHROMIUM` or a program on the path.

    Returns
    -------
    str

    Raises
    ------
    MissingToolError
        If there is none.
    """
    found = [os.environ.get("CHROMIUM")] + [shutil.which(name) for name in BROWSERS]
    for path in filter(None, found):
        return path
    raise MissingToolError(
        "Chromium is missing. Install it (apt-get install chromium), "
        "or name its program in CHROMIUM."
    )


def find_node() -> tuple[str, str]:
    """Return Node and the folders in which it finds playwright-core.

    Returns
    -------
    node : str
        The program.
    node_path : str
        `NODE_PATH` and the folder of globally installed packages.

    Raises
    ------
    MissingToolError
        If there is no Node, or no playwright-core.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node:
        raise MissingToolError("Node is missing. Install it: apt-get install nodejs npm")
    folders = [os.environ.get("NODE_PATH")]
    if npm:
        root = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False)
        folders.append(root.stdout.strip())
    node_path = os.pathsep.join(filter(None, folders))
    check = subprocess.run(
        [node, "-e", "require.resolve('playwright-core')"],
        env={**os.environ, "NODE_PATH": node_path},
        cwd=Path(__file__).parent,
        capture_output=True,
        check=False,
    )
    if check.returncode:
        raise MissingToolError(
            "playwright-core is missing. Install it (npm install -g playwright-core), "
            "or name the node_modules folder that holds it in NODE_PATH."
        )
    return node, node_path
