"""Executes prompts in API form, as ComfyUI 0.8.0 does for what the pack needs.

No lists as inputs, no lazy inputs, no blocking; nodes that other nodes stand for run once.
"""

from types import SimpleNamespace

import torch
from comfy.model_management import (
    InterruptProcessingException,
    interrupt_current_processing,
    throw_exception_if_processing_interrupted,
)
from comfy_api.latest import io

from .host import Result
from .validator import entries_of, is_link, literal

HIDDEN = ("unique_id", "prompt", "extra_pnginfo")


class Listed(list):
    """The values of an output for each of which the nodes behind it run."""


def one_by_one(values: dict) -> list[dict]:
    """Return the inputs of each call of a node; the last value of a shorter list is repeated."""
    lists = [value for value in values.values() if isinstance(value, Listed)]
    return [
        {
            name: value[min(index, len(value) - 1)] if isinstance(value, Listed) else value
            for name, value in values.items()
        }
        for index in range(max(map(len, lists), default=1))
    ]


def as_output(output) -> io.NodeOutput:
    """Return what `execute` gave as a NodeOutput."""
    return output if isinstance(output, io.NodeOutput) else io.NodeOutput(*(output or ()))


def joined(outputs: list[io.NodeOutput]) -> io.NodeOutput:
    """Return the outputs of several calls as one, each value a list."""
    if any(output.expand for output in outputs):
        raise NotImplementedError("Here, a node that others stand for runs once.")
    shown = {}
    for output in outputs:
        ui = output.ui.as_dict() if hasattr(output.ui, "as_dict") else output.ui or {}
        for name, value in ui.items():
            shown[name] = [*shown.get(name, []), *value]
    values = zip(*(output.args for output in outputs), strict=True)
    return io.NodeOutput(*map(Listed, values), ui=shown)


class _Locked(type):
    """Class of the copies that are executed: a node keeps no state on its class."""

    def __setattr__(cls, name, value):
        raise AttributeError(f"Cannot set attribute '{name}' on class '{cls.__name__}'.")


class Executor:
    """Executes prompts and keeps the outputs of the last one.

    Parameters
    ----------
    classes : dict
        Node classes by id.
    """

    def __init__(self, classes: dict[str, type]):
        self.classes = classes
        self.cache: dict[tuple, tuple] = {}  # outputs and what was shown, by signature
        self.inner: dict[tuple, set] = {}  # signatures of the nodes that stood for a node

    def execute(self, prompt: dict, roots: list[str]) -> Result:
        """Run what the roots need and the cache lacks, in inference mode."""
        interrupt_current_processing(False)
        run = Run(self, prompt)
        run.forget_others()
        cached = [node_id for node_id in prompt if run.key(node_id) in self.cache]
        with torch.inference_mode():
            failure = run.through(roots)
        kept = {each: self.cache.get(run.key(each)) for each in run.nodes}
        outputs = {each: entry[0] for each, entry in kept.items() if entry}
        return Result(run.ran, cached, outputs, run.ui, **failure)


class Run:
    """One prompt on its way through the executor.

    Parameters
    ----------
    executor : Executor
    prompt : dict
    """

    def __init__(self, executor: Executor, prompt: dict):
        self.classes, self.cache, self.inner = executor.classes, executor.cache, executor.inner
        self.prompt, self.nodes = prompt, dict(prompt)
        self.parents: dict[str, str] = {}
        self.keys: dict[str, tuple] = {}
        self.ran: list[str] = []
        self.ui: dict[str, dict] = {}

    def forget_others(self) -> None:
        """Drop what belongs to no node of this prompt."""
        named = {(node_id, node["class_type"]) for node_id, node in self.prompt.items()}
        for name in set(self.inner) - named:
            del self.inner[name]
        used = {self.key(node_id) for node_id in self.prompt}.union(*self.inner.values())
        for key in set(self.cache) - used:
            del self.cache[key]

    def key(self, node_id: str) -> tuple:
        """Return what a node's outputs depend on."""
        if node_id not in self.keys:
            node = self.nodes[node_id]
            cls = self.classes[node["class_type"]]
            inputs = tuple(
                (name, (self.key(value[0]), value[1]) if is_link(value) else value)
                for name, value in sorted(node["inputs"].items())
            )
            own = node_id if cls.GET_SCHEMA().not_idempotent else self.parents.get(node_id)
            self.keys[node_id] = (node["class_type"], own, fingerprint(cls, node["inputs"]), inputs)
        return self.keys[node_id]

    def through(self, roots: list[str]) -> dict:
        """Execute the roots and all that they need; return how it failed, if it did."""
        for node_id in ordered(roots, self.nodes):
            try:
                self.step(node_id)
            except InterruptProcessingException:
                return {"interrupted": True}
            except Failure as failure:
                error = failure.__cause__
                name = type(error).__name__
                return {
                    "error": str(error).strip(),
                    "error_type": name,
                    "error_node": failure.node_id,
                }
        return {}

    def step(self, node_id: str) -> None:
        """Execute a node, or take what it gave from the cache."""
        key = self.key(node_id)
        if key not in self.cache:
            self.ran.append(node_id)
            try:
                throw_exception_if_processing_interrupted()
                output = self.call(node_id)
            except Exception as error:
                raise Failure(self.shown_id(node_id)) from error
            shown = output.ui.as_dict() if hasattr(output.ui, "as_dict") else output.ui or {}
            values = output.args
            if output.expand:
                values = self.expand(node_id, output)
            self.cache[key] = values, {name: list(value) for name, value in shown.items()}
        shown = self.cache[key][1]
        if shown:
            self.ui[node_id] = shown

    def shown_id(self, node_id: str) -> str:
        """Return the id that the user knows: of the node that others stand for."""
        while node_id in self.parents:
            node_id = self.parents[node_id]
        return node_id

    def call(self, node_id: str) -> io.NodeOutput:
        """Call a node with its inputs."""
        node = self.nodes[node_id]
        cls = self.classes[node["class_type"]]
        entries = entries_of(cls)
        values = {
            name: value if entries[name][1].get("rawLink") else self.value(value)
            for name, value in node["inputs"].items()
            if name in entries
        }
        asked = {each.name for each in cls.GET_SCHEMA().hidden}
        offered = {"unique_id": node_id, "prompt": self.prompt}
        hidden = {name: offered.get(name) if name in asked else None for name in HIDDEN}
        clone = _Locked(cls.__name__, (cls,), {"hidden": SimpleNamespace(**hidden)})
        outputs = [as_output(clone.execute(**each)) for each in one_by_one(values)]
        if len(outputs) > 1 or any(isinstance(value, Listed) for value in values.values()):
            return joined(outputs)
        is_list = [each.is_output_list for each in cls.GET_SCHEMA().outputs]
        if any(is_list):
            args = zip(outputs[0].args, is_list, strict=True)
            outputs[0].args = tuple(Listed(value) if listed else value for value, listed in args)
        return outputs[0]

    def value(self, given):
        """Return what a link brings; other values as they are."""
        if not is_link(given):
            return given
        return self.cache[self.key(given[0])][0][given[1]]

    def expand(self, node_id: str, output: io.NodeOutput) -> tuple:
        """Execute the nodes that stand for a node; return its outputs."""
        cls = self.classes[self.nodes[node_id]["class_type"]]
        if not cls.GET_SCHEMA().enable_expand:
            raise Failure(node_id) from ValueError(f"Node {cls.__name__} is not expandable.")
        self.nodes |= output.expand
        self.parents |= dict.fromkeys(output.expand, node_id)
        name = (node_id, self.nodes[node_id]["class_type"])
        now = {self.key(each) for each in output.expand}
        for key in self.inner.get(name, set()) - now:
            self.cache.pop(key, None)
        self.inner[name] = now
        for each in ordered([link[0] for link in output.args if is_link(link)], self.nodes):
            self.step(each)
        return tuple(self.value(each) for each in output.args)


class Failure(Exception):
    """A node failed; the cause is its exception."""

    def __init__(self, node_id: str):
        super().__init__(node_id)
        self.node_id = node_id


def fingerprint(cls: type, inputs: dict):
    """Return what a node says that its outputs depend on besides its inputs."""
    own = getattr(cls, "fingerprint_inputs", None)
    if own is None:
        return None
    try:
        found = own(**{name: literal(value) for name, value in inputs.items()})
    except Exception:
        return object()  # runs again, as in the host
    return found if found == found else object()  # NaN is never the same


def ordered(roots: list[str], prompt: dict) -> list[str]:
    """Return the roots and all that they need, each after what it needs."""
    found: dict[str, None] = {}

    def visit(node_id):
        for value in prompt[node_id]["inputs"].values():
            if is_link(value) and value[0] not in found:
                visit(value[0])
        found[node_id] = None

    for root in roots:
        if root not in found:
            visit(root)
    return list(found)
