"""Imports go one way: web -> nodes -> moda_core -> libraries (STYLE 1)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOST_MODULES = {"comfy", "comfy_extras", "comfy_api", "folder_paths", "server", "nodes"}
CORE_LIBRARIES = {"torch", "numpy", "einops", "safetensors", "av", "scipy", "PIL", "soundfile"}
LAZY_LIBRARIES = {"transformers", "kornia", "huggingface_hub", "yaml"}
CORE_FILES = sorted((ROOT / "moda_core").rglob("*.py"))
# Inside the core, a package imports from those before it only.
LAYERS = [
    {"errors", "config", "input_file", "threads", "beside", "arguments", "example"}
    | {"chunks", "out_of_memory", "file_format", "file_guess", "state_layout"}
    | {"safetensors_header", "converted", "quick_check", "text_cursor"},
    {"checkpoint", "released_files"},
    {"model_folder", "audio", "motion", "keypoints", "emotion", "emotion_words"}
    | {"emotion_timeline"},
    {"model_files", "motion_files"},
    {"mmdit", "renderer", "flow", "window_plan"}
    | {"portrait", "starter", "video", "soundtrack", "plot"},
    {"motion_model", "locate_face", "motion_plot", "backdrop", "direct"},
    {"sampling"},
    {"starter_model", "released_model", "pipeline", "training"},
    {"bundle"},
    {"talk", "talk_arguments", "console", "contact_sheet"},
    {"models_arguments", "models_command"},
    {"cli", "__main__"},
]


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

    assert not foreign
    assert not module_level_imports(tree) & LAZY_LIBRARIES


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_core_layers_import_downwards_only(path):
    parts = path.relative_to(ROOT / "moda_core").with_suffix("").parts
    level = next((i for i, layer in enumerate(LAYERS) if parts[0] in layer), None)
    if level is None:
        return
    higher = set().union(*LAYERS[level + 1 :])

    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == len(parts):
            imported |= {node.module.split(".")[0]} if node.module else {a.name for a in node.names}

    assert not imported & higher


def test_transformer_and_renderer_do_not_know_each_other():
    for folder, other in (("mmdit", "renderer"), ("renderer", "mmdit")):
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
