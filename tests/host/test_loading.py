"""The pack loads as ComfyUI loads it: by path, under a name of its own, off `sys.path`."""

import asyncio
import importlib.util
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "custom_nodes_x_ComfyUI-MoDA"


@pytest.fixture(scope="module")
def pack():
    spec = importlib.util.spec_from_file_location(
        NAME, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    return module


def test_the_root_is_not_on_the_path():
    assert str(ROOT) not in [str(Path(entry).resolve()) for entry in sys.path if entry]


def test_importing_the_pack_needs_no_host_and_no_heavy_library(pack):
    assert Path(pack.__path__[0], pack.WEB_DIRECTORY).is_dir()
    assert not {"transformers", "cv2", "comfy", "comfy_api"} & set(sys.modules)


def test_v1_mappings_are_absent_so_that_the_entrypoint_is_used(pack):
    assert not hasattr(pack, "NODE_CLASS_MAPPINGS")
    assert callable(pack.comfy_entrypoint)


def test_the_core_is_reached_as_the_packs_submodule(pack):
    motion = importlib.import_module(f"{NAME}.moda_core.motion")

    assert motion.released_stats().mean.shape == (70,)
    assert "moda_core" not in sys.modules


def test_the_entrypoint_returns_the_extension(pack, monkeypatch):
    latest = types.ModuleType("comfy_api.latest")
    latest.ComfyExtension, latest.io = object, types.SimpleNamespace(ComfyNode=object)
    monkeypatch.setitem(sys.modules, "comfy_api", types.ModuleType("comfy_api"))
    monkeypatch.setitem(sys.modules, "comfy_api.latest", latest)

    extension = asyncio.run(pack.comfy_entrypoint())

    assert asyncio.run(extension.get_node_list()) == []
