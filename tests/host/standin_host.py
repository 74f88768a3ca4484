"""The stand-in host: loads the pack as ComfyUI does and runs prompts with a small executor."""

import asyncio
import importlib.util
import logging
import sys
from pathlib import Path
from types import ModuleType

from .core_nodes import CORE_NODES
from .executor import Executor
from .host import ROOT, Host, Result
from .picture_nodes import PICTURE_NODES
from .sound_nodes import SOUND_NODES
from .validator import validate


class StandInHost(Host):
    """The stand-in."""

    name = "stand-in"

    def __init__(self, base: Path):
        super().__init__(base)
        self.add(*CORE_NODES, *PICTURE_NODES, *SOUND_NODES)
        try:
            self.pack = load_pack(ROOT)
            extension = asyncio.run(self.pack.comfy_entrypoint())
            self.add(*asyncio.run(extension.get_node_list()))
        except Exception:  # a pack that fails costs the host only that pack
            logging.getLogger(__name__).exception("The pack does not load.")

    def clear_cache(self) -> None:
        self.executor = Executor(self.node_classes)

    def _run(self, prompt: dict) -> Result:
        errors, roots = validate(prompt, self.node_classes)
        if not roots:
            return Result(error="\n".join(errors), error_type="invalid")
        return self.executor.execute(prompt, roots)


def load_pack(folder: Path) -> ModuleType:
    """Import a pack under its path as ComfyUI does, whatever characters that holds."""
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
