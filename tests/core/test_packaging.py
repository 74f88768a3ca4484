"""What the registry reads and what it ships."""

import ast
import io
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.browser.archive import archive_files, export_archive

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = "TO-BE-FILLED-IN"
WORKFLOW = (ROOT / ".github" / "workflows" / "publish.yml").read_text("utf-8")
LARGEST_ARCHIVE = 25 * 10**6
LEFT_OUT = (".ci", ".github", "tests", "moda_core/training", "run.py", "requirements-dev.txt")
CHILD = """
import importlib, importlib.util, pkgutil, sys
name = "custom_nodes_x_moda"
spec = importlib.util.spec_from_file_location(
    name, "__init__.py", submodule_search_locations=["."]
)
pack = sys.modules[name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pack)
core = importlib.import_module(name + ".moda_core")
for module in pkgutil.walk_packages(core.__path__, core.__name__ + "."):
    if not module.name.endswith(("__main__", "livekit_avatar", "pipecat_avatar")):
        importlib.import_module(module.name)
print(len([module for module in sys.modules if module.startswith(name)]))
"""

pytestmark = pytest.mark.skipif(
    not ((ROOT / ".git").exists() and shutil.which("git")), reason="not a git checkout"
)


@pytest.fixture(scope="module")
def files():
    return archive_files()


@pytest.fixture(scope="module")
def settings():
    tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_name_follows_the_registrys_rules(settings):
    name = settings["project"]["name"]

    assert re.fullmatch(r"[a-z](?:[-_.]?[a-z0-9])*", name)
    assert len(name) < 100
    assert "comfyui" not in name


def test_the_version_has_three_numbers(settings):
    assert re.fullmatch(r"\d+\.\d+\.\d+", settings["project"]["version"])


def test_dependencies_are_those_of_the_requirements_file(settings):
    lines = (ROOT / "requirements.txt").read_text("utf-8").split()

    assert settings["project"]["dependencies"] == lines


def test_the_registry_gets_all_that_it_shows(settings):
    project, comfy = settings["project"], settings["tool"]["comfy"]

    assert (ROOT / project["license"]["file"]).is_file()
    assert {"description", "classifiers", "requires-python"} <= set(project)
    assert {"Repository", "Documentation", "Bug Tracker"} <= set(project["urls"])
    assert comfy["PublisherId"]
    assert comfy["DisplayName"]
    assert comfy["requires-comfyui"] == ">=0.8.0"


def test_classifiers_are_those_that_the_host_understands(settings):
    known = (
        r"Operating System :: (OS Independent|POSIX|Microsoft|MacOS)\b.*",
        r"Environment :: (GPU :: (NVIDIA CUDA|AMD ROCm|Intel Arc|Apple Metal)|NPU :: .*)",
    )
    classifiers = settings["project"]["classifiers"]
    ours = [line for line in classifiers if line.startswith(("Operating", "Environment"))]

    assert ours
    assert all(any(re.fullmatch(pattern, line) for pattern in known) for line in ours)


def test_only_publisher_and_addresses_are_missing_before_a_release(settings):
    fields = {**settings["project"]["urls"], **settings["tool"]["comfy"]}

    missing = {name for name, value in fields.items() if PLACEHOLDER in value}

    # All or none: half-filled settings are a mistake.
    assert missing in (set(), {"Repository", "Documentation", "Bug Tracker", "PublisherId"})
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert text.count(PLACEHOLDER) == len(missing)


def test_publishing_starts_from_new_settings_on_the_main_branch_of_no_fork():
    assert re.search(r"branches: \[main\]\n\s+paths: \[pyproject\.toml\]", WORKFLOW)
    assert "if: github.event.repository.fork == false" in WORKFLOW


@pytest.mark.skipif(not shutil.which("bash"), reason="the workflow's step needs bash")
@pytest.mark.parametrize("name", ["example", PLACEHOLDER])
def test_publishing_refuses_settings_with_placeholders(name, tmp_path):
    before_publishing = WORKFLOW[: WORKFLOW.index("publish-node-action")]
    (step,) = re.findall(r"run: '(.+)'", before_publishing)
    (tmp_path / "pyproject.toml").write_text(f'PublisherId = "{name}"\n', "utf-8")

    done = subprocess.run(["bash", "-ec", step], cwd=tmp_path, capture_output=True, check=False)

    assert (done.returncode == 0) == (name != PLACEHOLDER)


def test_the_archive_holds_what_the_pack_needs(files):
    needed = {"__init__.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE", "NOTICE"}
    needed |= {"nodes/extension.py", "moda_core/bundles/weights/starter.safetensors"}

    assert needed <= set(files)


def test_the_archive_leaves_out_what_only_developers_need(files):
    assert not [name for name in files if name.startswith(tuple(f"{x}/" for x in LEFT_OUT))]
    assert not set(LEFT_OUT) & set(files)


def test_the_archive_is_small():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in archive_files():
            archive.write(ROOT / name, name)

    assert stream.tell() < LARGEST_ARCHIVE


def test_under_web_there_are_hand_written_files_only(files):
    web = {name for name in files if name.startswith("web/")} - {"web/js/package.json"}

    assert {Path(name).suffix for name in web} <= {".md", ".png", ".jpg", ".js", ".css"}


def package_imports(path):
    """Yield the shipped files and folders that a module imports when it is loaded."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1]
            source = base.joinpath(*(node.module or "").split("."))
            for alias in node.names:
                yield source / alias.name if source.is_dir() else source


def test_no_shipped_module_imports_one_that_is_not_shipped(files):
    shipped = {Path(name) for name in files}
    shipped |= {parent for name in files for parent in Path(name).parents}

    for name in files:
        if name.endswith(".py"):
            for source in package_imports(ROOT / name):
                found = source.relative_to(ROOT)
                candidates = {found, found.with_suffix(".py"), found.parent / "__init__.py"}
                assert candidates & shipped, f"{name} imports {found}"


def test_what_is_shipped_can_be_imported_alone(tmp_path):
    export_archive(tmp_path)

    result = subprocess.run(
        [sys.executable, "-I", "-c", CHILD],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 50
