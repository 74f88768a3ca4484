"""A host for tests, with one face: the stand-in, or a real ComfyUI."""

import atexit
import functools
import json
import os
import shutil
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
STANDIN = Path(__file__).parent / "standin"
REAL = os.environ.get("COMFYUI_PATH")
FOLDERS = ("input", "output", "temp", "models", "custom_nodes", "user")


@dataclass(frozen=True)
class Result:
    """The result of a prompt.

    Parameters
    ----------
    ran, cached : list of str
        Ids of the nodes that were executed, in order, and of those taken from the cache.
    outputs : dict
        A tuple of values for each node that has them in the cache afterwards.
    ui : dict
        What nodes sent to the page, by id.
    error, error_type : str, optional
        Message and exception of the node that failed; of refused prompts "invalid".
    error_node : str, optional
        Its id.
    interrupted : bool
        Whether it was cancelled.
    """

    ran: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    outputs: dict[str, tuple] = field(default_factory=dict)
    ui: dict[str, dict] = field(default_factory=dict)
    error: str | None = None
    error_type: str | None = None
    error_node: str | None = None
    interrupted: bool = False


class Host(ABC):
    """The interface of a host to tests; `start_host` makes the one of this process.

    Parameters
    ----------
    base : Path
        An empty folder for the host's own folders.
    """

    name = ""
    is_real = False

    def __init__(self, base: Path):
        import comfy.model_management
        import comfy.utils

        self.base = base
        self.management = comfy.model_management
        self.load_models = comfy.model_management.load_models_gpu
        comfy.utils.set_progress_bar_global_hook(self._hear)
        comfy.model_management.load_models_gpu = self._load
        self.node_classes: dict[str, type] = {}
        self.pack = None

    @property
    def input_folder(self) -> Path:
        """Folder of the user's files."""
        return self.base / "input"

    @property
    def output_folder(self) -> Path:
        """Folder of saved results."""
        return self.base / "output"

    @property
    def temp_folder(self) -> Path:
        """Folder that lasts as long as the host runs."""
        return self.base / "temp"

    @property
    def models_folder(self) -> Path:
        """Folder of model files."""
        return self.base / "models"

    def reset(self) -> None:
        """Empty folders and cache, and forget progress, previews, loads and Cancel."""
        for name in FOLDERS:
            shutil.rmtree(self.base / name, ignore_errors=True)
            (self.base / name).mkdir(parents=True)
        self.progress: list[tuple] = []
        self.previews: list[tuple] = []
        self.loads: list[tuple] = []
        self._cancel_at = None
        self.management.interrupt_current_processing(False)
        self.clear_cache()

    def cancel_after(self, updates: int) -> None:
        """Press Cancel when so many more updates of progress have come."""
        self._cancel_at = len(self.progress) + updates

    def _hear(self, value, total, preview, prompt_id=None, node_id=None) -> None:
        """Record an update as the server's hook sends it, which polls Cancel first."""
        self.management.throw_exception_if_processing_interrupted()
        self.progress.append((value, total))
        if preview is not None:
            self.previews.append(preview)
        if len(self.progress) == self._cancel_at:
            self.management.interrupt_current_processing(True)

    def _load(self, models, memory_required=0, **options) -> None:
        self.loads.append((list(models), memory_required))
        self.load_models(models, memory_required=memory_required, **options)

    def run(self, prompt: dict, inputs: dict[str, Path] | None = None) -> Result:
        """Validate and execute a prompt in API form, as the host's worker thread does.

        Parameters
        ----------
        prompt : dict
            Nodes by id.
        inputs : dict of str to Path, optional
            Files to put into the input folder, by the name that they get there.

        Returns
        -------
        Result
        """
        for name, path in (inputs or {}).items():
            shutil.copyfile(path, self.input_folder / name)
        sent = json.loads(json.dumps(prompt))  # a copy: the host writes into it
        results = []
        work = threading.Thread(target=lambda: results.append(self._run(sent)))
        work.start()
        work.join()
        return results[0]

    def call(self, node_id: str, **inputs) -> tuple:
        """Execute one node with the given values, and the menus' and widgets' defaults.

        Parameters
        ----------
        node_id : str
        **inputs
            By input id.

        Returns
        -------
        tuple
            The values of its outputs.
        """
        import torch

        cls = self.node_classes[node_id]
        hidden = SimpleNamespace(unique_id="1", prompt=None, extra_pnginfo=None)
        clone = type(cls.__name__, (cls,), {"hidden": hidden})
        required = self.object_info(node_id)["input"]["required"]
        defaults = {key: default_value(*entry) for key, entry in required.items()}
        values = {key: value for key, value in defaults.items() if value is not None}
        with torch.inference_mode():
            output = clone.execute(**{**values, **inputs})
        return tuple(getattr(output, "args", output))

    def object_info(self, node_id: str) -> dict:
        """Return a node's entry of `/object_info`."""
        return self.node_classes[node_id].GET_NODE_INFO_V1()

    def add(self, *classes: type) -> None:
        """Let prompts use further node classes."""
        for cls in classes:
            self.node_classes[cls.GET_SCHEMA().node_id] = cls

    @abstractmethod
    def clear_cache(self) -> None:
        """Forget what prompts left."""

    @abstractmethod
    def _run(self, prompt: dict) -> Result: ...


def default_value(io_type: str, options: dict):
    """Return what the page puts into a widget; None where there is none."""
    if "default" in options:
        return options["default"]
    return next(iter(options.get("options") or ()), None)


@functools.cache
def start_host() -> Host:
    """Start this process's host, once, and load the pack into it."""
    base = Path(tempfile.mkdtemp(prefix="moda-host-"))
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    for name in FOLDERS:
        (base / name).mkdir()
    sys.path.insert(0, REAL or str(STANDIN))
    if REAL:
        import comfy.options  # noqa: F401 (leaves the parsing of arguments off)
    from comfy.cli_args import args

    args.base_directory = str(base)  # before anything imports `folder_paths`
    if REAL:
        import torch

        args.cpu = not torch.cuda.is_available()
        import utils.extra_config  # noqa: F401 (before `nodes`, which hides this package)

        from .real_host import RealHost as Kind
    else:
        from .standin_host import StandInHost as Kind
    host = Kind(base)
    host.reset()
    return host
