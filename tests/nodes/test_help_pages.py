"""The help pages list what the nodes have."""

import pytest

from ..host.host import ROOT
from .test_schemas import LINKS, WIDGETS, inputs_of

DOCS = ROOT / "web" / "docs"
MENUS_OF_FILES = (  # they list what no page can
    ("MoDALoadMotion", "file"),
    ("MoDALoadPictureFolder", "folder"),
    ("MoDALoadSoundFolder", "folder"),
)


@pytest.fixture(params=LINKS)
def info(request, host):
    """Each node's entry of `/object_info`."""
    return host.object_info(request.param)


def page_of(info):
    return (DOCS / f"{info['name']}.md").read_text("utf-8")


def rows(text, header):
    """Return the table's rows under a header's first cell, by the first cell of each."""
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


def test_every_node_has_a_page_and_every_page_a_node(host):
    nodes = {name for name in host.node_classes if name.startswith("MoDA")}

    assert {path.stem for path in DOCS.glob("MoDA*.md")} == nodes == set(LINKS)


def test_a_page_has_the_nodes_name_as_its_title(info):
    assert page_of(info).splitlines()[0] == f"# {info['display_name']}"


def test_a_page_lists_exactly_the_nodes_inputs_and_outputs(host, info):
    schema = host.node_classes[info["name"]].GET_SCHEMA()

    text = page_of(info)

    assert list(rows(text, "input")) == [f"`{each.id}`" for each in schema.inputs]
    assert list(rows(text, "output")) == [f"`{name}`" for name in info["output_name"]]


def test_a_page_says_which_links_are_optional(info):
    table = rows(page_of(info), "input")

    for name, (kind, _, required) in inputs_of(info).items():
        if kind not in WIDGETS:
            assert ("ptional" in table[f"`{name}`"]) != required, name


def test_a_page_tells_each_widgets_default_limits_and_choices(host, info):
    emotions = host.object_info("MoDAEmotion")["input"]["required"]["label"][1]["options"]
    table = rows(page_of(info), "input")

    for name, (kind, settings, _) in inputs_of(info).items():
        text = table[f"`{name}`"].replace("`", "")
        default, low, high = (settings.get(key) for key in ("default", "min", "max"))
        if default not in (None, "", False) and "\n" not in str(default):
            assert f"default {shown(default)}" in text, name
        if high is not None and name != "seed":
            assert f"{shown(low)} to {shown(high)}" in text, name
        if kind == "COMBO" and (info["name"], name) not in MENUS_OF_FILES:
            named = settings["options"] == emotions and "the labels of MoDA Emotion" in text
            assert named or all(choice in text for choice in settings["options"]), name
