"""The help pages have pictures and working links, and quote messages that exist."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile
import torch
from PIL import Image

import moda_core as moda
from moda_core.example import PORTRAIT

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "web" / "docs"
PYTHON_PAGE = DOCS / "python.md"
EVALUATION = ROOT / "moda_core" / "bundles" / "weights" / "starter_evaluation.json"
KINDS = ("as_shipped", "model_alone", "lagged_energy")
LARGEST_PICTURE = 80_000  # bytes
GAP = "…"  # in a quoted message: a value of the user's


def parse(path):
    return ast.parse(path.read_text("utf-8"))


PAGES = sorted(DOCS.glob("*.md"))
NODE_PAGES = [path for path in PAGES if path.stem.startswith("MoDA")]
LINKED = [*PAGES, ROOT / "README.md"]


def rows(text, header):
    """Return the tables' rows under a header's first cell, by the first cell of each."""
    found, inside = {}, False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.startswith(f"| {header} |".replace("  ", " ")):
            inside = True
        elif inside and not line.startswith("|---"):
            found[line.split("|")[1].strip()] = line
    return found


@pytest.mark.parametrize("path", NODE_PAGES, ids=lambda path: path.stem)
def test_a_page_has_a_title_and_a_small_picture_of_its_own_folder(path):
    text = path.read_text("utf-8")
    pictures = re.findall(r"!\[([^\]]+)\]\((images/[\w-]+\.(?:jpg|png))\)", text)

    assert text.startswith("# MoDA ")
    assert pictures
    assert all((DOCS / place).stat().st_size < LARGEST_PICTURE for _, place in pictures)


def test_no_picture_lies_unused():
    used = {
        place for path in LINKED for place in re.findall(r"images/[\w.-]+", path.read_text("utf-8"))
    }

    assert {f"images/{path.name}" for path in (DOCS / "images").iterdir()} == used


def anchors(path):
    """Return what a link may name behind the # in a page."""
    titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", LINKED, ids=lambda path: path.name)
def test_links_within_the_project_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if "://" not in target:
            place, _, anchor = target.partition("#")
            linked = path.parent / place if place else path
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def message(node):
    """Return the text of a string in the source, with gaps for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else filled(part) for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def filled(part):
    """Return what a placeholder stands for where the source says it by a constant's name."""
    return "config.json" if ast.unparse(part.value) == "CONFIG_FILE" else GAP


def messages_of(tree):
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (message(node) for node in ast.walk(tree) if id(node) not in docstrings)
    return [text for text in found if text]


@pytest.fixture(scope="module")
def messages():
    """All texts of the source that a user may meet."""
    files = [*(ROOT / "nodes").rglob("*.py"), *(ROOT / "moda_core").rglob("*.py")]
    return [text for path in files for text in messages_of(parse(path))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_quoted_messages_occur_in_the_source(path, messages):
    for cell in rows(path.read_text("utf-8"), "message"):
        quoted = re.fullmatch(r"`([^`]+)`", cell)
        assert quoted, f"{cell} is no quotation"
        parts = [re.escape(part.strip()) for part in quoted[1].split(GAP)]
        pattern = re.compile(".*?".join(parts), re.DOTALL)
        assert any(map(pattern.search, messages)), cell


def test_the_readme_lists_every_node_once_and_every_template():
    text = (ROOT / "README.md").read_text("utf-8")

    listed = re.findall(
        r"^\|[^|]*\| (\[[^\]]+\]\(web/docs/MoDA\w+\.md\)) \| \w", text, re.MULTILINE
    )
    assert sorted(listed) == sorted(
        f"[{path.read_text('utf-8').splitlines()[0][2:]}](web/docs/{path.name})"
        for path in NODE_PAGES
    )
    assert set(rows(text, "template")) == {
        f"`{path.stem}`" for path in (ROOT / "workflows").glob("*.json")
    }


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 150


@pytest.mark.parametrize("name", [*moda.__all__, *moda.editing.__all__])
def test_the_page_of_the_library_names_every_public_name(name):
    assert re.search(rf"\b{name}\b", PYTHON_PAGE.read_text("utf-8"))


VIDEOS = ("out", "30fps", "soft", "relip")


def test_the_examples_of_the_library_run_as_they_stand(tmp_path, monkeypatch):
    text = PYTHON_PAGE.read_text("utf-8")
    code = "\n".join(re.findall(r"^(?:    (.*)|)$", text, re.MULTILINE))
    picture = Image.open(PORTRAIT).resize((320, 320))
    picture.save(tmp_path / "me.jpg")
    picture.convert("RGBA").rotate(45).rotate(-45).save(tmp_path / "cutout.png")
    scipy.io.wavfile.write(tmp_path / "speech.wav", 16000, np.zeros(6400, np.int16))
    monkeypatch.chdir(tmp_path)
    shown, image = [], torch.from_numpy(np.array(picture))
    given = {"show": shown.append, "image": image, "waveform": torch.zeros(1, 16000)}

    exec(code, given)

    assert len(given["takes"]) == 3
    assert len(given["streamed"]) in (25, 26)  # the last one is filled up with silence
    assert sum(map(len, shown)) == len(moda.load_motion(tmp_path / "take.safetensors"))
    for name in ("take.safetensors", *(f"{n}.mp4" for n in VIDEOS), "clear.mov"):
        assert (tmp_path / name).stat().st_size > 1000


def lip_figures(measured):
    """Return jaw, closure, width and bilabial F1 as the page writes them."""
    correlations = [measured[name]["correlation"] for name in ("jaw", "close", "width")]
    return [f"{value:.2f}" for value in (*correlations, measured["bilabial_f1"])]


def test_the_starters_figures_are_those_of_its_evaluation():
    stored = json.loads(EVALUATION.read_text("utf-8"))
    figures = stored[stored["shipped"]]
    espeak, flite = (
        {kind: lip_figures(figures[voices][kind]) for kind in KINDS}
        for voices in ("espeak_unseen_voices_and_sentences", "flite_unseen_voices")
    )

    lines = rows((DOCS / "starter.md").read_text("utf-8"), "").values()
    written = [line.split(" | ", 1)[1].rstrip(" |") for line in lines]

    expected = [*(espeak[kind] for kind in KINDS), flite["as_shipped"], flite["lagged_energy"]]
    assert written == [" | ".join(each) for each in expected]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"| {', '.join(espeak['as_shipped'][:3])} |" in readme
    loudness = f"{espeak['lagged_energy'][0]}, {flite['lagged_energy'][0]}"
    assert f"| {', '.join(flite['as_shipped'][:3])}; {loudness} |" in readme
