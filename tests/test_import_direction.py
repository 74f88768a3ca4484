"""Imports go one way: web -> nodes -> moda_core -> libraries (STYLE 1)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOST_MODULES = {
    *("comfy", "comfy_api", "comfy_execution", "comfy_extras", "folder_paths", "server", "nodes"),
}
CORE_LIBRARIES = {"torch", "numpy", "einops", "safetensors", "av", "scipy", "PIL", "soundfile"}
LAZY_LIBRARIES = {
    "aiohttp",
    "pillow_heif",
    "transformers",
    "huggingface_hub",
    "yaml",
    "tqdm",
    "psutil",
    "hibari",
    "onnx",
    "ray",
}
# Files whose classes extend those of a library that users install themselves; nothing imports them.
LIVE = ROOT / "moda_core" / "bundles" / "live"
ADAPTERS = {LIVE / "livekit_avatar.py": {"livekit"}, LIVE / "pipecat_avatar.py": {"pipecat"}}
CORE_FILES = sorted((ROOT / "moda_core").rglob("*.py"))
# Rooms of the core, from the ground up: each imports only those before it (DESIGN, Layout).
ROOMS = (
    *("errors", "runtime", "weights", "motion", "emotion", "audio", "video", "face", "head"),
    *("portrait", "compositing", "mmdit", "sampling", "editing", "model_files"),
    *("liveportrait", "warp", "clip", "plot", "bundles", "example", "training", "cli"),
    "__main__",
)


def imported_modules(node):
    """Yield the absolute names that an import statement brings in."""
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield node.module.split(".")[0]


def all_imports(tree):
    return {name for node in ast.walk(tree) for name in imported_modules(node)}


def module_level_imports(tree):
    return {name for node in tree.body for name in imported_modules(node)}


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_core_imports_neither_the_host_nor_other_libraries(path):
    tree = ast.parse(path.read_text("utf-8"))

    standard = {"__future__"} | set(__import__("sys").stdlib_module_names)
    foreign = all_imports(tree) - standard - CORE_LIBRARIES - LAZY_LIBRARIES
    foreign -= ADAPTERS.get(path, set())

    assert not foreign
    assert not module_level_imports(tree) & LAZY_LIBRARIES


def imports_between_files(paths):
    """Return the files that each file imports, by path."""
    files = {path.relative_to(ROOT).with_suffix("").parts: path for path in paths}
    found = {path: set() for path in paths}
    for parts, path in files.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                target = (*parts[: -node.level], *(node.module or "").split("."))
                target = tuple(part for part in target if part)
                names = [(*target, alias.name) for alias in node.names]
                found[path] |= {files.get(name, files.get(target)) for name in names} - {None}
    return found


def circle_in(graph):
    """Return the nodes of a graph on a circle or before one, none if there is no circle."""
    left = dict(graph)
    while free := [node for node, targets in left.items() if not targets & left.keys()]:
        for node in free:
            del left[node]
    return sorted(map(str, left))


def room_of(path):
    """Return the folder or file of the core that a path belongs to; None for the core itself."""
    name = path.relative_to(ROOT / "moda_core").with_suffix("").parts[0]
    return None if name == "__init__" else name


def test_every_room_has_its_place_in_the_order():
    rooms = {room_of(path) for path in CORE_FILES} - {None}

    assert rooms == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_downwards_only(room):
    graph = imports_between_files(CORE_FILES)

    imported = {room_of(to) for path in graph if room_of(path) == room for to in graph[path]}

    assert imported - {None} <= set(ROOMS[: ROOMS.index(room) + 1])


def test_the_top_of_the_core_holds_few_rooms_and_fewer_files():
    names = {path.relative_to(ROOT / "moda_core").parts[0] for path in CORE_FILES}
    files = {name for name in names if name.endswith(".py")}

    assert len(files) <= 6
    assert len(names - files) <= 22


def test_no_files_import_each_other_in_a_circle():
    assert not circle_in(imports_between_files(CORE_FILES))


def test_nothing_imports_an_adapter():
    files = [*CORE_FILES, *sorted((ROOT / "nodes").rglob("*.py"))]

    imported = set().union(*imports_between_files(files).values())

    assert ADAPTERS.keys() <= set(files)
    assert not imported & ADAPTERS.keys()


def test_transformer_and_renderer_do_not_know_each_other():
    for folder, other in (("mmdit", "liveportrait"), ("liveportrait", "mmdit")):
        for path in (ROOT / "moda_core" / folder).rglob("*.py"):
            assert f".{other}" not in path.read_text("utf-8")


def test_only_the_host_file_imports_the_host_internals():
    for path in sorted((ROOT / "nodes").rglob("*.py")):
        internals = all_imports(ast.parse(path.read_text("utf-8"))) & HOST_MODULES
        if path.name != "_host.py":
            assert internals <= {"comfy_api"}


def test_the_core_and_the_nodes_never_import_the_root_or_each_other_absolutely():
    for path in [*CORE_FILES, *sorted((ROOT / "nodes").rglob("*.py"))]:
        assert "moda_core" not in all_imports(ast.parse(path.read_text("utf-8")))
