"""Checks prompts in API form before anything runs, as ComfyUI 0.8.0 does."""

import inspect

from comfy_api.latest import io

CONVERT = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


def is_link(value) -> bool:
    """Tell whether an input is a link, [node id, output index]."""
    return isinstance(value, list)


def entries_of(cls: type[io.ComfyNode]) -> dict[str, tuple[str, dict, bool]]:
    """Return type, options and whether it must be there, by input id."""
    inputs = cls.GET_NODE_INFO_V1()["input"]
    return {
        key: (*entry, kind == "required")
        for kind in ("required", "optional")
        for key, entry in inputs.get(kind, {}).items()
    }


def validate(prompt: dict, classes: dict[str, type]) -> tuple[list[str], list[str]]:
    """Check a prompt; return what is wrong, and the output nodes that can be executed.

    Numbers and texts are converted in place, as the host does.
    """
    unknown = [node["class_type"] for node in prompt.values() if node["class_type"] not in classes]
    if unknown:
        return [f"Node {unknown[0]} does not exist."], []
    roots = [
        key
        for key, node in prompt.items()
        if classes[node["class_type"]].GET_SCHEMA().is_output_node
    ]
    if not roots:
        return ["prompt_no_outputs: Prompt has no outputs"], []
    errors = dict.fromkeys(prompt)
    good = [root for root in roots if is_valid(root, prompt, classes, errors)]
    return [f"{key}: {each}" for key, found in errors.items() for each in found or ()], good


def is_valid(key: str, prompt: dict, classes: dict, errors: dict) -> bool:
    """Check a node and all that it needs; keep what is wrong in `errors`."""
    if errors[key] is None:
        errors[key] = list(node_errors(prompt[key], prompt, classes))
    sources = [value[0] for value in prompt[key]["inputs"].values() if is_link(value)]
    sound = [is_valid(source, prompt, classes, errors) for source in sources]
    return not errors[key] and all(sound)


def node_errors(node: dict, prompt: dict, classes: dict):
    """Yield what is wrong with one node's inputs."""
    cls, inputs = classes[node["class_type"]], node["inputs"]
    own = getattr(cls, "validate_inputs", None)
    checked = inspect.signature(own).parameters if own else {}
    for key, (io_type, options, required) in entries_of(cls).items():
        if key not in inputs:
            if required:
                yield f"required_input_missing: Required input is missing {key}"
        elif is_link(inputs[key]):
            yield from link_errors(key, inputs[key], io_type, prompt, classes)
        else:
            yield from value_errors(key, inputs, io_type, {} if key in checked else options)
    answer = own(**{k: literal(inputs.get(k)) for k in checked if k in inputs}) if own else True
    if answer is not True:
        yield f"custom_validation_failed: Custom validation failed for node {answer}"


def literal(value):
    """Return a value as checks and fingerprints see it: links are None."""
    return None if is_link(value) else value


def link_errors(key: str, link: list, io_type: str, prompt: dict, classes: dict):
    """Yield what is wrong with a link."""
    source = classes[prompt[link[0]]["class_type"]].GET_SCHEMA()
    received = source.outputs[link[1]].io_type
    if not set(received.split(",")) & set(io_type.split(",")) and io_type != "*":
        yield (
            "return_type_mismatch: Return type mismatch between linked nodes "
            f"{key}, received_type({received}) mismatch input_type({io_type})"
        )


def value_errors(key: str, inputs: dict, io_type: str, options: dict):
    """Yield what is wrong with a widget's value, converted in place."""
    try:
        value = inputs[key] = CONVERT.get(io_type, lambda same: same)(inputs[key])
    except (TypeError, ValueError) as error:
        yield f"invalid_input_type: Failed to convert {key} to {io_type}: {error}"
        return
    if "min" in options and value < options["min"]:
        yield f"value_smaller_than_min: {key} {value} smaller than min of {options['min']}"
    if "max" in options and value > options["max"]:
        yield f"value_bigger_than_max: {key} {value} bigger than max of {options['max']}"
    if io_type == "COMBO" and "options" in options and value not in options["options"]:
        yield f"value_not_in_list: Value not in list {key}: '{value}'"
