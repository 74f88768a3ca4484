"""The converter of workflows does what ComfyUI's page does."""

import importlib.util
import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Graphs built in ComfyUI 0.8.0's page (frontend 1.35.9), and the prompts that it made of them.
PAGE = json.loads((HERE / "page_prompts.json").read_text("utf-8"))


def load_converter():
    spec = importlib.util.spec_from_file_location("graph_to_prompt", HERE / "graph_to_prompt.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


converter = load_converter()
SCHEMAS = converter.core_schemas()


def workflow_of(*nodes, links=()):
    return {"version": 0.4, "nodes": list(nodes), "links": list(links)}


@pytest.mark.parametrize("name", PAGE)
def test_a_prompt_is_the_one_that_the_page_makes(name):
    expected = converter.without_page_inputs(PAGE[name]["prompt"], SCHEMAS)

    prompt = converter.graph_to_prompt(PAGE[name]["workflow"], SCHEMAS)

    assert prompt == expected


def test_a_seed_takes_two_of_the_saved_values():
    sampler = {"id": 3, "type": "KSampler", "widgets_values": [5, "randomize", 12, 7.5]}

    inputs = converter.graph_to_prompt(workflow_of(sampler), SCHEMAS)["3"]["inputs"]

    assert (inputs["seed"], inputs["steps"], inputs["cfg"]) == (5, 12, 7.5)


def test_too_few_saved_values_leave_the_schemas_defaults():
    crop = {"id": 1, "type": "ImageCrop", "widgets_values": [64]}
    save = {"id": 2, "type": "SaveVideo"}

    prompt = converter.graph_to_prompt(workflow_of(crop, save), SCHEMAS)

    assert prompt["1"]["inputs"] == {"width": 64, "height": 512, "x": 0, "y": 0}
    assert prompt["2"]["inputs"]["codec"] == "auto"


def test_widgets_follow_the_order_of_the_inputs_and_required_ones_come_first():
    schema = {
        "input": {
            "optional": {"noise_seed": ["INT", {}]},
            "required": {
                "b": ["FLOAT", {}],
                "a": [["x", "y"]],
                "image": ["IMAGE"],
                "linked": ["INT", {"forceInput": True}],
            },
        },
        "input_order": {"required": ["a", "image", "linked", "b"], "optional": ["noise_seed"]},
    }

    names = converter.widget_names(schema)

    assert names == ["a", "b", "noise_seed", "control_after_generate"]


def test_a_seed_without_control_takes_one_value():
    schema = {"input": {"required": {"seed": ["INT", {"control_after_generate": False}]}}}

    assert converter.widget_names(schema) == ["seed"]


def test_a_node_without_a_schema_is_named():
    with pytest.raises(ValueError, match=r"Node 4 .* 'Nothing'"):
        converter.graph_to_prompt(workflow_of({"id": 4, "type": "Nothing"}), SCHEMAS)


def test_another_version_is_refused():
    with pytest.raises(ValueError, match=r"version 0\.4, got 1"):
        converter.graph_to_prompt({"version": 1, "nodes": [], "links": []}, SCHEMAS)
