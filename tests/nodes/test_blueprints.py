"""The blueprints: subgraphs that ComfyUI offers as nodes."""

import json

import pytest

from ..host.graph_to_prompt import graph_to_prompt, widget_values
from .media import read_video
from .test_workflows import check_origin, check_sockets, check_widgets
from .workflow_files import BLUEPRINTS, schemas_of

NAMES = sorted(path.stem for path in BLUEPRINTS.glob("*.json"))
INPUT_NODE, OUTPUT_NODE = -10, -20  # ids of a subgraph's own inputs and outputs in its links
LINK = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
DURATION_S = 0.4
EXAMPLE = {"IMAGE": ["example", 0], "AUDIO": ["speech", 0]}


def blueprint(name):
    """Return a blueprint's workflow, its only node, and the definition of its subgraph."""
    workflow = json.loads((BLUEPRINTS / f"{name}.json").read_text("utf-8"))
    (node,), (subgraph,) = workflow["nodes"], workflow["definitions"]["subgraphs"]
    return workflow, node, subgraph


@pytest.fixture
def schemas(host):
    return schemas_of(host)


def test_a_talking_portrait_is_offered():
    assert NAMES == ["Talking portrait"]


@pytest.mark.parametrize("name", NAMES)
def test_the_workflow_is_one_node_of_the_subgraph(name):
    workflow, node, subgraph = blueprint(name)
    ids = [inner["id"] for inner in subgraph["nodes"]]

    assert (workflow["version"], workflow["links"]) == (0.4, [])
    assert node["type"] == subgraph["id"]
    assert (node["title"], subgraph["name"]) == (name, name)
    assert workflow["extra"]["BlueprintDescription"] == subgraph["description"]
    # Pages number the nodes of a workflow and of its subgraphs together.
    assert len({node["id"], *ids}) == len(ids) + 1
    assert workflow["last_node_id"] == max(node["id"], *ids)
    assert subgraph["state"]["lastNodeId"] == max(ids)


@pytest.mark.parametrize("name", NAMES)
def test_the_node_has_the_sockets_of_the_subgraph(name):
    _, node, subgraph = blueprint(name)

    for kind in ("inputs", "outputs"):
        sockets = [(each["name"], each["type"]) for each in node[kind]]
        assert sockets == [(each["name"], each["type"]) for each in subgraph[kind]]


@pytest.mark.parametrize("name", NAMES)
def test_every_inner_node_fits_its_schema(name, schemas):
    for node in blueprint(name)[2]["nodes"]:
        check_origin(node, schemas)
        check_widgets(node, schemas[node["type"]])
        check_sockets(node, schemas[node["type"]])


@pytest.mark.parametrize("name", NAMES)
def test_every_link_joins_equal_types_and_both_ends_know_it(name):
    subgraph = blueprint(name)[2]
    nodes = {node["id"]: node for node in subgraph["nodes"]}
    links = {link["id"]: link for link in subgraph["links"]}

    assert len(links) == len(subgraph["links"])
    assert max(links) == subgraph["state"]["lastLinkId"]
    for number, link in links.items():
        if link["origin_id"] == INPUT_NODE:
            start = subgraph["inputs"][link["origin_slot"]]
        else:
            start = nodes[link["origin_id"]]["outputs"][link["origin_slot"]]
        if link["target_id"] == OUTPUT_NODE:
            end = subgraph["outputs"][link["target_slot"]]
        else:
            end = nodes[link["target_id"]]["inputs"][link["target_slot"]]
        assert number in start.get("links", start.get("linkIds"))
        assert number in end.get("linkIds", [end.get("link")])
        assert start["type"] == end["type"] == link["type"]
    ends = [each["link"] for node in nodes.values() for each in node["inputs"]]
    ends += [number for each in subgraph["outputs"] for number in each["linkIds"]]
    assert sorted(each for each in ends if each is not None) == sorted(links)


@pytest.mark.parametrize("name", NAMES)
def test_the_nodes_widgets_hold_what_the_inner_ones_hold(name, schemas):
    _, node, subgraph = blueprint(name)
    values = {
        inner["id"]: widget_values(inner, schemas[inner["type"]]) for inner in subgraph["nodes"]
    }
    inside = []
    for outer, own in zip(node["inputs"], subgraph["inputs"], strict=True):
        (link,) = (each for each in subgraph["links"] if each["id"] in own["linkIds"])
        inner = next(each for each in subgraph["nodes"] if each["id"] == link["target_id"])
        target = inner["inputs"][link["target_slot"]]
        assert ("widget" in outer) == ("widget" in target)
        if "widget" in outer:
            inside.append(values[inner["id"]][target["name"]])

    assert node["widgets_values"] == inside
    # Each page adds its own. Frontend 1.58 resets the values where it finds what 1.35 writes.
    assert "proxyWidgets" not in node["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_it_makes_a_moving_video_of_a_portrait_and_speech(name, host, schemas):
    result = host.run(prompt_of(name, schemas))

    assert result.error is None
    (path,) = (host.output_folder / "video").iterdir()
    video = read_video(path)
    assert video.frames.shape == (10, 608, 608, 3)
    assert video.frames.astype("float32").std(axis=0).mean() > 0.5
    assert abs(video.sound).max() > 0.01


def prompt_of(name, schemas):
    """Return a prompt of what a blueprint holds, with a part of the example and Save Video."""
    subgraph = blueprint(name)[2]
    prompt = graph_to_prompt(without_ends(subgraph), schemas)
    nodes = {node["id"]: node for node in subgraph["nodes"]}
    cut = {"audio": ["example", 1], "start_index": 0.0, "duration": DURATION_S}
    saved = {"filename_prefix": "video/blueprint", "format": "auto", "codec": "auto"}
    for link in subgraph["links"]:
        if link["origin_id"] == INPUT_NODE and link["type"] in EXAMPLE:
            socket = nodes[link["target_id"]]["inputs"][link["target_slot"]]["name"]
            prompt[str(link["target_id"])]["inputs"][socket] = EXAMPLE[link["type"]]
        elif link["target_id"] == OUTPUT_NODE:
            saved["video"] = [str(link["origin_id"]), link["origin_slot"]]
    return prompt | {
        "example": {"class_type": "MoDAExample", "inputs": {"picture": "Eileen Collins"}},
        "speech": {"class_type": "TrimAudioDuration", "inputs": cut},
        "save": {"class_type": "SaveVideo", "inputs": saved},
    }


def without_ends(subgraph):
    """Return a subgraph as a workflow, without the links from its inputs and to its outputs."""
    ends = {INPUT_NODE, OUTPUT_NODE}
    links = {
        link["id"]: [link[key] for key in LINK]
        for link in subgraph["links"]
        if not {link["origin_id"], link["target_id"]} & ends
    }
    nodes = [
        {**node, "inputs": [
            {**each, "link": each["link"] if each["link"] in links else None}
            for each in node["inputs"]
        ]}
        for node in subgraph["nodes"]
    ]  # fmt: skip
    return {"version": 0.4, "nodes": nodes, "links": list(links.values())}
