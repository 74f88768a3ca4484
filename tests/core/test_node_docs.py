"""The help pages show what the nodes have, and quote messages that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "web" / "docs"
LARGEST_PICTURE = 80_000  # bytes
GAP = "…"  # in a quoted message: a value of the user's
LISTS = ("inputs", "outputs")


def parse(path):
    return ast.parse(path.read_text("utf-8"))


def is_call_of(node, name):
    return isinstance(node, ast.Call) and getattr(node.func, "attr", None) == name


def literal(node):
    """Return the value of a literal; None for what must be computed."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def keywords(call):
    return {word.arg: literal(word.value) for word in call.keywords}


def input_calls(element, functions):
    """Yield what makes an input: an element of the list, or what a function in it calls."""
    call = element.value if isinstance(element, ast.Starred) else element
    source = call if is_call_of(call, "Input") else functions[call.func.id]
    yield from (node for node in ast.walk(source) if is_call_of(node, "Input"))


def read_schemas():
    """Return, by node id, the inputs' calls by their ids, and the names of the outputs."""
    modules = [parse(path) for path in sorted((ROOT / "nodes").glob("*.py"))]
    parts = [part for module in modules for part in module.body]
    functions = {part.name: part for part in parts if isinstance(part, ast.FunctionDef)}
    nodes = [node for module in modules for node in ast.walk(module)]
    schemas = {}
    for call in (node for node in nodes if is_call_of(node, "schema")):
        lists = {word.arg: word.value.elts for word in call.keywords if word.arg in LISTS}
        inputs = [each for part in lists["inputs"] for each in input_calls(part, functions)]
        schemas[keywords(call)["node_id"]] = (
            {each.args[0].value: each for each in inputs},
            [keywords(each)["display_name"] for each in lists["outputs"]],
        )
    return schemas


SCHEMAS = read_schemas()
PAGES = sorted(DOCS.glob("*.md"))
LINKED = [*PAGES, ROOT / "README.md"]
node_pages = pytest.mark.parametrize("node_id", SCHEMAS)


def page_of(node_id):
    return (DOCS / f"{node_id}.md").read_text("utf-8")


def rows(text, header):
    """Return the tables' rows under a header's first cell, by the first cell of each."""
    found, inside = {}, False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.startswith(f"| {header} |"):
            inside = True
        elif inside and not line.startswith("|---"):
            found[line.split("|")[1].strip()] = line
    return found


def shown(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_all_nodes_are_read():
    assert len(SCHEMAS) == 33
    assert set(SCHEMAS["MoDARenderVideo"][0]) == {
        *("renderer", "portrait", "motion", "audio", "background", "mask", "fps", "quality")
    }


@node_pages
def test_a_page_lists_exactly_the_nodes_inputs_and_outputs(node_id):
    inputs, outputs = SCHEMAS[node_id]

    text = page_of(node_id)

    assert list(rows(text, "input")) == [f"`{name}`" for name in inputs]
    assert list(rows(text, "output")) == [f"`{name}`" for name in outputs]


@node_pages
def test_a_page_tells_each_widgets_default_limits_and_choices(node_id):
    table = rows(page_of(node_id), "input")

    for name, call in SCHEMAS[node_id][0].items():
        text, settings = table[f"`{name}`"].replace("`", ""), keywords(call)
        default, low, high = (settings.get(key) for key in ("default", "min", "max"))
        if default not in (None, "", False):
            assert f"default {shown(default)}" in text
        if high is not None:
            assert f"{shown(low)} to {shown(high)}" in text
        assert all(choice in text for choice in settings.get("options") or ()), name


@node_pages
def test_a_page_has_a_title_and_a_small_picture_of_its_own_folder(node_id):
    text = page_of(node_id)
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


def test_the_readme_lists_every_node_and_template():
    text = (ROOT / "README.md").read_text("utf-8")

    assert set(rows(text, "node")) == {
        f"[{page_of(id_).splitlines()[0][2:]}](web/docs/{id_}.md)" for id_ in SCHEMAS
    }
    assert set(rows(text, "template")) == {
        f"`{path.stem}`" for path in (ROOT / "workflows").glob("*.json")
    }
