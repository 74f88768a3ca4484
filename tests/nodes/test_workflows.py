"""The templates fit the nodes, and lie well on the page."""

import json

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from ..host.graph_to_prompt import declared_inputs, graph_to_prompt, widget_names
from .test_load import LOADERS, menu_of
from .workflow_files import FOLDER, RELEASED, TEMPLATES, schemas_of, template

NOTE = "MarkdownNote"
MUTED = 2
ROOM = 90  # pixels between nodes, for the taller ones of Nodes 2.0
TITLE = 30
LOOKING = {"MoDADownloadModels", "PreviewAny"}  # need no file
KEYS = (("nodes", "id"), ("links", 0))
PORTRAIT_AND_SPEECH = {"LoadImage", "LoadAudio"}
OWN_FILES = {  # of templates that begin with other files
    "drive_a_portrait": {"LoadVideo", "LoadImage"},
    "relip_a_video": {"LoadVideo", "LoadAudio"},
}


def nodes_of(name):
    return [node for node in template(name)["nodes"] if node["type"] != NOTE]


@pytest.fixture
def schemas(host):
    return schemas_of(host)


def test_there_are_at_least_eight():
    assert len(TEMPLATES) >= 8


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_a_square_picture(name):
    path = FOLDER / f"{name}.jpg"

    with Image.open(path) as picture:
        assert (picture.size, picture.format) == ((512, 512), "JPEG")
    assert path.stat().st_size < 60_000


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_node_is_known_and_says_where_it_comes_from(name, schemas):
    for node in nodes_of(name):
        check_origin(node, schemas)


def check_origin(node, schemas):
    """Check that a node is known, and that it says where it comes from."""
    pack = (FOLDER.parent / "pyproject.toml").read_text("utf-8")
    properties = node["properties"]
    assert node["type"] in schemas
    assert properties["Node name for S&R"] == node["type"]
    if node["type"].startswith("MoDA"):
        assert f'name = "{properties["cnr_id"]}"' in pack
    else:
        assert properties["cnr_id"] == "comfy-core"


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_widget_has_a_value_that_its_node_takes(name, schemas):
    for node in nodes_of(name):
        if node["mode"] == MUTED:
            continue  # names of files that the user puts there
        offered_later = LOADERS.get(node["type"]) if name == RELEASED else None

        check_widgets(node, schemas[node["type"]], offered_later)


def check_widgets(node, schema, left_out=None):
    """Check the values of a node's widgets against its schema, but for one that is named."""
    inputs, names = declared_inputs(schema), widget_names(schema)
    assert len(node["widgets_values"]) == len(names), node["type"]
    for widget, value in zip(names, node["widgets_values"], strict=True):
        if widget == "control_after_generate":
            assert value in ("fixed", "randomize")
        elif widget != left_out:
            check_value(value, inputs[widget])


def check_value(value, spec):
    """Check what a widget holds against its input's entry in the schema."""
    kind, options = spec[0], spec[1] if len(spec) > 1 else {}
    choices = kind if isinstance(kind, list) else options.get("options")
    if choices:
        assert value in choices
    elif kind in ("INT", "FLOAT"):
        assert isinstance(value, int if kind == "INT" else (int, float))
        assert options["min"] <= value <= options.get("max", float("inf"))
    else:
        assert isinstance(value, {"STRING": str, "BOOLEAN": bool}[kind])


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_socket_is_the_nodes_own(name, schemas):
    for node in nodes_of(name):
        check_sockets(node, schemas[node["type"]])


def check_sockets(node, schema):
    """Check that a node has the inputs and outputs of its schema."""
    declared = {key: type_of(spec) for key, spec in declared_inputs(schema).items()}
    assert {each["name"]: each["type"] for each in node["inputs"]} == declared
    assert [each["type"] for each in node["outputs"]] == schema["output"]


def type_of(spec):
    return "COMBO" if isinstance(spec[0], list) else spec[0]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_link_joins_equal_types_and_both_ends_know_it(name):
    workflow = template(name)
    nodes = {node["id"]: node for node in workflow["nodes"]}
    links = {link[0]: link for link in workflow["links"]}

    for number, source, slot, target, entry, kind in links.values():
        start, end = nodes[source]["outputs"][slot], nodes[target]["inputs"][entry]
        assert number in start["links"]
        assert end["link"] == number
        assert start["type"] == kind
        assert end["type"] == "*" or kind in end["type"].split(",")
    ends = [each["link"] for node in nodes.values() for each in node["inputs"]]
    assert sorted(each for each in ends if each is not None) == sorted(links)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_required_input_of_a_node_that_runs_is_given(name, schemas):
    prompt = graph_to_prompt(template(name), schemas)

    for node in prompt.values():
        assert set(schemas[node["class_type"]]["input"].get("required", {})) <= set(node["inputs"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_ids_are_unique_and_counted(name):
    workflow = template(name)
    nodes, links = [[each[key] for each in workflow[kind]] for kind, key in KEYS]

    assert workflow["version"] == 0.4
    assert len(set(nodes)) == len(nodes)
    assert len(set(links)) == len(links)
    assert (max(nodes), max(links)) == (workflow["last_node_id"], workflow["last_link_id"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_begins_with_the_example_and_muted_loaders_and_a_note(name):
    modes = {(node["type"], node["mode"]) for node in template(name)["nodes"]}
    own = OWN_FILES.get(name, PORTRAIT_AND_SPEECH)

    assert {("MoDAExample", 0), (NOTE, 0)} <= modes
    assert {(loader, MUTED) for loader in own} <= modes


@pytest.mark.parametrize("name", TEMPLATES)
def test_nodes_keep_room_between_them_and_lie_in_a_group(name):
    workflow = template(name)
    boxes = [box_of(node) for node in workflow["nodes"]]
    groups = [group["bounding"] for group in workflow["groups"]]

    for index, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = max(other[0] - right, left - other[2], other[1] - bottom, top - other[3])
            assert apart >= ROOM
        assert any(
            x <= left and y <= top and right <= x + width and bottom <= y + height
            for x, y, width, height in groups
        )


def box_of(node):
    (x, y), (width, height) = node["pos"], node["size"]
    return x, y - TITLE, x + width, y + height


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_opens_as_a_graph_and_an_app_shows_its_widgets_and_the_video(name, schemas):
    workflow = template(name)
    nodes = {node["id"]: node for node in workflow["nodes"]}
    app = workflow["extra"]["linearData"]

    assert "linearMode" not in workflow["extra"]
    assert set(app) == {"inputs", "outputs"}
    assert [nodes[id_]["type"] for id_ in app["outputs"]] == ["SaveVideo"]
    assert nodes[app["outputs"][0]]["mode"] == 0
    for entry in app["inputs"]:
        id_, widget = entry  # a third part would be refused by the page of 0.21.0
        (given,) = (each for each in nodes[id_]["inputs"] if each["name"] == widget)
        assert widget in widget_names(schemas[nodes[id_]["type"]])
        assert given["link"] is None  # a linked widget is not shown


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_app_asks_for_the_portrait_and_the_speech_first_and_for_each_widget_once(name):
    nodes = {node["id"]: node for node in template(name)["nodes"]}
    inputs = [tuple(entry) for entry in template(name)["extra"]["linearData"]["inputs"]]
    own = OWN_FILES.get(name, PORTRAIT_AND_SPEECH)

    # The muted loaders appear in the app as soon as they are no longer muted.
    assert {nodes[id_]["type"] for id_, _ in inputs[:3]} == {"MoDAExample", *own}
    assert len(set(inputs)) == len(inputs)
    shown = [label_of(nodes[id_], widget) for id_, widget in inputs]
    assert len(set(shown)) == len(shown)


def label_of(node, widget):
    """Return what a page writes beside a widget."""
    (label,) = (each.get("label", widget) for each in node["inputs"] if each["name"] == widget)
    return label


def test_the_released_template_names_what_is_not_there(host, schemas):
    prompt = graph_to_prompt(template(RELEASED), schemas)
    alone = {id_: node for id_, node in prompt.items() if node["class_type"] not in LOOKING}

    result = host.run(alone)

    assert result.error_type == "invalid"
    for choice in released_choices().values():
        assert f"'{choice}' was not found" in result.error


def test_the_released_template_looks_for_files_while_they_are_missing(host, schemas):
    prompt = graph_to_prompt(template(RELEASED), schemas)

    result = host.run(prompt)

    assert result.error is None
    assert {prompt[id_]["class_type"] for id_ in result.ran} == LOOKING


def test_the_released_choices_are_offered_once_the_files_lie_where_they_are_fetched_to(host):
    for target in fetched_to():
        path = host.models_folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    encoder = host.models_folder / "audio_encoders" / "chinese-hubert-base" / "model.safetensors"
    keys = ["encoder.pos_conv_embed.conv.bias", "encoder.layer_norm.weight"]
    keys += ["feature_extractor.conv_layers.0.conv.weight", "feature_projection.projection.weight"]
    keys += ["encoder.layers.0.attention.q_proj.weight"]
    save_file({key: torch.zeros(1) for key in keys}, encoder)

    for loader, choice in released_choices().items():
        assert choice in menu_of(host, loader)


def fetched_to():
    table = json.loads(
        (FOLDER.parent / "moda_core" / "model_files" / "model_files.json").read_text("utf-8")
    )
    return [file["target"] for file in table["downloads"]]


def test_the_page_can_offer_a_file_that_its_loader_will_find():
    table = json.loads(
        (FOLDER.parent / "moda_core" / "model_files" / "model_files.json").read_text("utf-8")
    )
    files = {file["target"]: file for file in table["downloads"]}
    offers = [
        (node, offer)
        for node in nodes_of(RELEASED)
        for offer in node["properties"].get("models", ())
    ]

    assert len(offers) == 1
    for node, offer in offers:
        file = files[f"{offer['directory']}/{offer['name']}"]
        source = table["repositories"][file["repository"]]
        address = f"{source['repo_id']}/resolve/{source['revision']}/{file['path']}"
        assert offer["name"] in node["widgets_values"]
        assert offer["url"] == f"https://huggingface.co/{address}"
        assert offer["url"].endswith(".safetensors")
        assert (offer["hash"], offer["hash_type"]) == (file["sha256"], "SHA256")


def released_choices():
    nodes = {node["type"]: node["widgets_values"][0] for node in nodes_of(RELEASED)
             if node["type"] in LOADERS}  # fmt: skip
    assert set(nodes) == set(LOADERS)
    return nodes
