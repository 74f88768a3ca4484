"""The stand-in's nodes and prompts behave as those of the host that this process has.

These tests and those of the other files of this name pass on the stand-in and on a real host.
"""

import pytest

from .prompts import graph, node, number


def test_object_info_tells_what_a_node_declares(tiny):
    info = tiny.object_info("TinyNumber")

    assert (info["name"], info["display_name"]) == ("TinyNumber", "Tiny Number")
    assert (info["category"], info["description"]) == ("tiny", "A number.")
    assert info["output"] == ["INT", "INT"]
    assert info["output_name"] == ["number", "INT"]
    assert info["output_tooltips"] == ["The number.", None]
    assert info["output_is_list"] == [False, False]
    assert (info["output_node"], info["deprecated"], info["experimental"]) == (False, False, False)
    assert info["input_order"]["required"] == ["number", "way", "on", "text"]


def test_object_info_tells_of_each_input(tiny):
    inputs = tiny.object_info("TinyNumber")["input"]
    kind, options = inputs["required"]["number"]

    assert kind == "INT"
    assert options == {"default": 3, "min": 1, "max": 9, "step": 2, "tooltip": "Which."}
    assert inputs["optional"]["share"][1]["display"] == "slider"
    assert inputs["required"]["way"][0] == "COMBO"
    assert inputs["required"]["way"][1]["options"] == ["up", "down"]
    assert inputs["required"]["text"][1]["advanced"] is True


def test_a_link_of_several_types_names_them_all(tiny):
    inputs = tiny.object_info("TinyAny")["input"]

    assert inputs["optional"]["value"][0] == "INT,IMAGE"
    assert inputs["optional"]["thing"][0] == "TINY"


def test_an_output_node_gets_the_prompt(tiny):
    hidden = tiny.object_info("TinyAny")["input"]["hidden"]

    assert set(hidden) == {"unique_id", "prompt", "extra_pnginfo"}


def test_two_inputs_of_one_id_are_refused(latest):
    io = latest.io

    class Doubled(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            return io.Schema(node_id="Doubled", inputs=[io.Int.Input("a"), io.Mask.Input("a")])

        @classmethod
        def execute(cls, a): ...

    with pytest.raises(ValueError, match="must be unique"):
        Doubled.GET_SCHEMA()


def test_an_argument_that_no_host_knows_is_refused(latest):
    with pytest.raises(TypeError):
        latest.io.Int.Input("a", colour="red")
    with pytest.raises(TypeError):
        latest.io.Image.Input("a", default=1)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Image", "IMAGE"), ("Mask", "MASK"), ("Audio", "AUDIO"), ("Video", "VIDEO"), ("Int", "INT"),
     ("Float", "FLOAT"), ("Boolean", "BOOLEAN"), ("String", "STRING"), ("Combo", "COMBO")],
)  # fmt: skip
def test_types_have_the_hosts_names(latest, kind, name):
    made = getattr(latest.io, kind).Input("a")

    assert getattr(latest.io, kind).io_type == name
    assert isinstance(made, latest.io.Input)
    assert made.id == "a"


def test_a_prompt_is_executed_in_order_with_its_values(tiny, log):
    result = tiny.run(graph(number=5))

    assert result.ran == ["1", "2"]
    assert log == [(5, "up", True, "a", 0.25), (10, None, "2", True)]
    assert result.outputs == {"1": (5, 10), "2": (10,)}
    assert result.ui == {"2": {"text": ["10"]}}
    assert (result.error, result.interrupted) == (None, False)


def test_widget_values_are_converted(tiny, log):
    tiny.run(graph(number="5", share=1, on=0, text=7))

    assert log[0] == (5, "up", False, "7", 1.0)


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [({"number": 0}, "value_smaller_than_min"), ({"number": 11}, "value_bigger_than_max"),
     ({"way": "left"}, "value_not_in_list"), ({"number": "x"}, "invalid_input_type"),
     ({"share": 1.5}, "value_bigger_than_max")],
)  # fmt: skip
def test_a_bad_value_is_refused_before_anything_runs(tiny, log, inputs, kind):
    result = tiny.run(graph(**inputs))

    assert kind in result.error
    assert (result.error_type, result.ran, log) == ("invalid", [], [])


def test_a_missing_input_is_refused(tiny):
    prompt = graph()
    del prompt["1"]["inputs"]["way"]

    assert "required_input_missing" in tiny.run(prompt).error


def test_a_link_of_another_type_is_refused(tiny):
    prompt = {"1": number(), "2": node("TinyAny", thing=["1", 0])}

    assert "return_type_mismatch" in tiny.run(prompt).error


def test_a_prompt_without_output_nodes_is_refused(tiny):
    assert "prompt_no_outputs" in tiny.run({"1": number()}).error


def test_a_node_that_does_not_exist_is_refused(tiny):
    assert tiny.run({"1": node("TinyNothing")}).error_type == "invalid"


def test_an_input_that_a_node_checks_loses_the_hosts_check(tiny):
    assert tiny.run({"1": node("TinyFile", name="same", count=9)}).error is None
    assert "value_bigger" in tiny.run({"1": node("TinyFile", name="same", count=1, other=9)}).error
    assert "Four is not" in tiny.run({"1": node("TinyFile", name="same", count=4)}).error


def test_a_node_that_no_output_needs_is_not_executed(tiny):
    assert tiny.run({**graph(), "3": number(number=9)}).ran == ["1", "2"]


def test_nodes_run_in_inference_mode_outside_the_main_thread(tiny, log):
    tiny.run({"1": node("TinyState", way="thread")})

    assert log == [(False, True)]


def test_a_direct_call_runs_in_inference_mode_with_the_defaults(tiny, log):
    assert tiny.call("TinyNumber", number=5) == (5, 10)
    tiny.call("TinyState", way="thread")

    assert log == [(5, "down", True, "a", 0.25), (True, True)]


def test_a_node_keeps_no_state_on_its_class(tiny):
    result = tiny.run({"1": node("TinyState", way="set")})

    assert result.error_type == "AttributeError"


def test_a_failure_tells_the_message_the_type_and_the_node(tiny):
    result = tiny.run({"1": node("TinyState", way="fail")})

    assert result.error == "The portrait is too small."
    assert (result.error_type, result.error_node) == ("ValueError", "1")
