"""Load the pack in a new process as a host does, and print what that took.

    time_import.py PACK HOST

HOST is the folder of the stand-in or of a ComfyUI. Prints JSON: `seconds`, from the import of
`__init__.py` to the list of nodes, and `modules`, the names of those that it brought.
"""

import asyncio
import importlib
import importlib.util
import json
import sys
import tempfile
import time
from pathlib import Path

HOST_MODULES = ("comfy.model_management", "comfy.utils", "comfy.ops", "comfy.model_patcher")
# What ComfyUI 0.8.0 has imported by then, and the stand-in has not.
BROUGHT_BY_HOST = ("einops", "safetensors.torch", "scipy.stats", "PIL.Image")


def start_host(folder: Path, base: str) -> None:
    """Import what a running host has imported."""
    sys.path[0] = str(folder)
    is_real = (folder / "main.py").exists()
    if is_real:
        importlib.import_module("comfy.options")
    args = importlib.import_module("comfy.cli_args").args
    args.cpu, args.base_directory = True, base
    for name in (*HOST_MODULES, "folder_paths", "comfy_api.latest", *BROUGHT_BY_HOST):
        importlib.import_module(name)
    if is_real:
        importlib.import_module("nodes")


def load_pack(folder: Path) -> list[type]:
    """Import the pack and return its nodes."""
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return asyncio.run(asyncio.run(module.comfy_entrypoint()).get_node_list())


def main() -> None:
    """Time it."""
    pack, host = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as base:
        start_host(host, base)
        before = set(sys.modules)
        started = time.perf_counter()
        nodes = load_pack(pack)
        seconds = time.perf_counter() - started
    brought = sorted(set(sys.modules) - before)
    sys.stdout.write(json.dumps({"seconds": seconds, "modules": brought, "nodes": len(nodes)}))


if __name__ == "__main__":
    main()
