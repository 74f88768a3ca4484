"""A workflow as the page saves it, turned into the prompt that the page would send.

What the page does was observed with ComfyUI 0.8.0's; the browser test compares the two. Inputs that
the page adds for its own display, such as an audio player, are left out: no schema has them. The
page of 0.21.0 differs in two ways that no template should need: a widget fed by a muted node keeps
its own value, and a muted reroute is cut.
"""

import json
from pathlib import Path
from typing import NamedTuple

WIDGET_TYPES = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
SEED_NAMES = {"seed", "noise_seed"}
SEED_CONTROL = "control_after_generate"
NOTES = {"Note", "MarkdownNote"}
REROUTE, PRIMITIVE = "Reroute", "PrimitiveNode"
ALWAYS, MUTED, BYPASSED = 0, 2, 4
# What the page puts into a widget for which the schema gives no default.
EMPTY = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}


class Link(NamedTuple):
    """One wire of a workflow: its id, both of its ends, and the type that it carries."""

    id: int
    source: int
    source_slot: int
    target: int
    target_slot: int
    type: str


def core_schemas() -> dict:
    """Return the schemas of the core nodes that our templates use.

    Returns
    -------
    dict
        Of node types, as in ComfyUI 0.8.0's ``/object_info``, inputs and outputs only.
    """
    return json.loads(Path(__file__).with_name("core_nodes.json").read_text("utf-8"))


def declared_inputs(schema: dict) -> dict[str, list]:
    """Return a node's inputs in the page's order: the required ones first.

    Parameters
    ----------
    schema : dict
        Entry of ``/object_info``.

    Returns
    -------
    dict of str to list
        Each input's type, or list of choices, and its options if it has any.
    """
    kinds = {kind: schema["input"].get(kind) or {} for kind in ("required", "optional")}
    order = schema.get("input_order") or {}
    return {
        name: inputs[name] for kind, inputs in kinds.items() for name in order.get(kind) or inputs
    }


def input_options(spec: list) -> dict:
    """Return the options of an input, none if it has none."""
    return spec[1] if len(spec) > 1 else {}


def is_widget(spec: list) -> bool:
    """Tell whether the page shows a widget for an input, given its entry in the schema."""
    known = isinstance(spec[0], list) or spec[0] in WIDGET_TYPES
    return known and not input_options(spec).get("forceInput")


def widget_names(schema: dict) -> list[str]:
    """Return the names of a node's widgets, in the order of ``widgets_values``.

    Parameters
    ----------
    schema : dict
        Entry of ``/object_info``.

    Returns
    -------
    list of str
        With ``control_after_generate`` after each seed. Widgets that the page adds for its own use
        (an upload button, an audio player) come after these and are not listed.
    """
    names = []
    for name, spec in declared_inputs(schema).items():
        if is_widget(spec):
            names.append(name)
            if input_options(spec).get(SEED_CONTROL, name in SEED_NAMES):
                names.append(SEED_CONTROL)
    return names


def default_value(spec: list) -> object:
    """Return what the page puts into a widget for which a workflow holds no value."""
    kind, options = spec[0], input_options(spec)
    choices = kind if isinstance(kind, list) else options.get("options")
    if "default" in options:
        return options["default"]
    return choices[0] if choices else EMPTY.get(str(kind))


def widget_values(node: dict, schema: dict) -> dict[str, object]:
    """Return the values of a node's widgets.

    Parameters
    ----------
    node : dict
        Entry of a workflow's ``nodes``.
    schema : dict
        Entry of ``/object_info`` for its type.

    Returns
    -------
    dict of str to object
        By name, seed controls left out; defaults where the workflow holds too few values.
    """
    inputs = declared_inputs(schema)
    values = {name: default_value(spec) for name, spec in inputs.items() if is_widget(spec)}
    saved = zip(widget_names(schema), node.get("widgets_values") or [], strict=False)
    return values | {name: value for name, value in saved if name != SEED_CONTROL}


class Graph:
    """The wires of a workflow, followed as the page follows them.

    Parameters
    ----------
    workflow : dict
        In the page's format, version 0.4.

    Raises
    ------
    ValueError
        If it is of another version.
    """

    def __init__(self, workflow: dict):
        if workflow.get("version") != 0.4:
            raise ValueError(
                f"Expected a workflow of version 0.4, got {workflow.get('version')!r}. "
                "Save it from ComfyUI's page, not as a prompt for the API."
            )
        self.nodes = {node["id"]: node for node in workflow["nodes"]}
        self.links = {link[0]: Link(*link) for link in workflow["links"]}

    def linked_inputs(self, node: dict) -> dict[str, Link]:
        """Return the wires that end at a node, by the name of their input."""
        return {
            entry["name"]: self.links[entry["link"]]
            for entry in node.get("inputs") or []
            if entry.get("link") is not None
        }

    def source_of(self, link: Link) -> Link | None:
        """Follow a wire back through reroutes and bypassed nodes.

        Parameters
        ----------
        link : Link
            A wire of this workflow.

        Returns
        -------
        Link or None
            The wire that leaves the node which makes the value; None if there is no such node.
        """
        node = self.nodes[link.source]
        if node["type"] == REROUTE:
            wires = [entry.get("link") for entry in node["inputs"]]
        elif node["type"] != PRIMITIVE and node.get("mode") == BYPASSED:
            wires = bypass(node, link)
        else:
            return link
        if not wires or wires[0] is None:
            return None
        return self.source_of(self.links[wires[0]])


def bypass(node: dict, link: Link) -> list[int | None]:
    """Return the wires of a bypassed node that may replace one of its outputs, the best first.

    Parameters
    ----------
    node : dict
        Entry of a workflow's ``nodes``.
    link : Link
        Leaves this node.

    Returns
    -------
    list of int or None
        Ids of the wires at the inputs of that type: at the output's own place, if that input is of
        the type, then from the top. None for an input without a wire, which the page also takes.
    """
    inputs = list(node.get("inputs") or [])
    own_place = inputs[link.source_slot : link.source_slot + 1]
    fitting = [entry for entry in own_place + inputs if entry["type"] == link.type]
    return [entry.get("link") for entry in fitting]


def node_inputs(graph: Graph, node: dict, schema: dict) -> dict[str, object]:
    """Return what a node receives: values of widgets, and ``[node id, output index]``.

    Parameters
    ----------
    graph : Graph
        The workflow.
    node : dict
        One of its nodes, neither muted nor bypassed.
    schema : dict
        Entry of ``/object_info`` for its type.

    Returns
    -------
    dict of str to object
        By name of the input. A muted node takes the widget of an input that it feeds with it.
    """
    values = widget_values(node, schema)
    for name, wire in graph.linked_inputs(node).items():
        source = graph.source_of(wire)
        if source is None:
            continue
        maker = graph.nodes[source.source]
        if maker["type"] == PRIMITIVE:
            values[name] = maker["widgets_values"][0]
        elif maker.get("mode", ALWAYS) == MUTED:
            values.pop(name, None)
        else:
            values[name] = [str(source.source), source.source_slot]
    return values


def without_page_inputs(prompt: dict, schemas: dict) -> dict:
    """Leave out of a page's prompt what the page adds for its own display.

    Parameters
    ----------
    prompt : dict
        As the page sends it.
    schemas : dict
        Of node types, as in ``/object_info``.

    Returns
    -------
    dict
        ``class_type`` of each node, and those of its ``inputs`` that the schema declares.
    """
    kept = {}
    for node_id, node in prompt.items():
        declared = declared_inputs(schemas[node["class_type"]])
        inputs = {name: value for name, value in node["inputs"].items() if name in declared}
        kept[node_id] = {"class_type": node["class_type"], "inputs": inputs}
    return kept


def graph_to_prompt(workflow: dict, schemas: dict) -> dict:
    """Turn a workflow into a prompt for ComfyUI's ``/prompt``.

    Parameters
    ----------
    workflow : dict
        In the page's format, version 0.4, without subgraphs.
    schemas : dict
        Of node types, as in ``/object_info``.

    Returns
    -------
    dict
        Of node ids, as text: ``class_type`` and ``inputs`` of each node that is to run.

    Raises
    ------
    ValueError
        If the workflow is of another version, or has a node without a schema.
    """
    graph, prompt = Graph(workflow), {}
    for node in workflow["nodes"]:
        kind = node["type"]
        skipped = node.get("mode", ALWAYS) in (MUTED, BYPASSED)
        if skipped or kind in NOTES or kind in (REROUTE, PRIMITIVE):
            continue
        if kind not in schemas:
            raise ValueError(
                f"Node {node['id']} is of the unknown type {kind!r}. Add its schema, "
                "for a core node to core_nodes.json."
            )
        inputs = node_inputs(graph, node, schemas[kind])
        prompt[str(node["id"])] = {"class_type": kind, "inputs": inputs}
    return prompt
