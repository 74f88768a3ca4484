"""What a node declares, and the `/object_info` entry that the page gets of it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

# As the host writes them into an input's entry, where that differs from the argument.
RENAMED = {
    "raw_link": "rawLink",
    "force_input": "forceInput",
    "display_mode": "display",
    "dynamic_prompts": "dynamicPrompts",
}
WIDGET = ("default", "socketless", "force_input")
NUMBER = (*WIDGET, "min", "max", "step", "display_mode")


class Hidden(str, Enum):
    """What a node may ask for that no input holds."""

    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"


class NumberDisplay(str, Enum):
    """How the page shows a number."""

    number = "number"
    slider = "slider"


class FolderType(str, Enum):
    """The host's folder that a file lies in."""

    input = "input"
    output = "output"
    temp = "temp"


class UploadType(str, Enum):
    """What a menu of files lets the user upload."""

    image = "image_upload"
    audio = "audio_upload"
    video = "video_upload"


class Input:
    """One input; arguments that 0.8.0 lacks are a TypeError, as there."""

    io_type = ""
    allowed: tuple[str, ...] = ()

    def __init__(
        self,
        id,
        display_name=None,
        optional=False,
        tooltip=None,
        lazy=None,
        extra_dict=None,
        raw_link=None,
        **options,
    ):
        unknown = set(options) - set(self.allowed)
        if unknown:
            raise TypeError(f"{type(self).__qualname__} got unexpected arguments {unknown}")
        self.id, self.optional, self.tooltip = id, optional, tooltip
        known = {"display_name": display_name, "tooltip": tooltip, "lazy": lazy}
        self.options = {**known, "raw_link": raw_link, **options}
        self.extra = extra_dict or {}

    def entry(self) -> tuple[str, dict]:
        """Return the type and the options as `/object_info` has them."""
        named = {RENAMED.get(key, key): plain(value) for key, value in self.options.items()}
        merged = {**named, **self.extra}
        return self.io_type, {key: value for key, value in merged.items() if value is not None}


class Output:
    """One output."""

    io_type = ""

    def __init__(self, id=None, display_name=None, tooltip=None, is_output_list=False):
        self.id, self.display_name, self.tooltip = id, display_name or id, tooltip
        self.is_output_list = is_output_list


def plain(value):
    """Return what JSON would make of a value."""
    return value.value if isinstance(value, Enum) else value


def Custom(io_type: str) -> type:
    """Return a type of link, with the classes of its inputs and outputs."""
    return make_type(io_type, ())


def make_type(io_type: str, allowed: tuple[str, ...], base: type = Input) -> type:
    """Return a type of link whose inputs take these further arguments."""
    of_type = {"io_type": io_type}
    kinds = {
        "Input": type("Input", (base,), {**of_type, "allowed": allowed}),
        "Output": type("Output", (Output,), of_type),
    }
    return type(io_type.title(), (), {**of_type, **kinds})


class _ComboInput(Input):
    def __init__(self, id, options=None, display_name=None, upload=None, **rest):
        if isinstance(options, type) and issubclass(options, Enum):
            options = [member.value for member in options]
        super().__init__(id, display_name, **rest)
        self.options |= {"options": options, "multiselect": False}
        if upload is not None:
            self.options[upload.value] = True


class _MultiInput(Input):
    def __init__(self, id, types, display_name=None, **rest):
        super().__init__(id, display_name, **rest)
        self.io_type = ",".join(dict.fromkeys(each.io_type for each in types))


Image, Mask, Audio, Video = (Custom(name) for name in ("IMAGE", "MASK", "AUDIO", "VIDEO"))
Sampler, Sigmas = Custom("SAMPLER"), Custom("SIGMAS")
Int = make_type("INT", (*NUMBER, "control_after_generate"))
Float = make_type("FLOAT", (*NUMBER, "round"))
Boolean = make_type("BOOLEAN", (*WIDGET, "label_on", "label_off"))
String = make_type("STRING", (*WIDGET, "multiline", "placeholder", "dynamic_prompts"))
Combo = make_type("COMBO", ("default", "socketless", "control_after_generate"), _ComboInput)


class MultiType:
    """A link of one of several types."""

    Input = _MultiInput


@dataclass
class Schema:
    """A node's declaration, with the fields of 0.8.0."""

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    hidden: list = field(default_factory=list)
    description: str = ""
    is_input_list: bool = False
    is_output_node: bool = False
    is_deprecated: bool = False
    is_experimental: bool = False
    is_api_node: bool = False
    not_idempotent: bool = False
    enable_expand: bool = False

    def check(self) -> None:
        """Raise a ValueError if two inputs, or two outputs, share an id."""
        for what, items in (("Input", self.inputs), ("Output", self.outputs)):
            counts = Counter(item.id for item in items if item.id is not None)
            doubled = [name for name, count in counts.items() if count > 1]
            if doubled:
                raise ValueError(f"{what} ids must be unique, but {doubled} are not.")


class NodeOutput:
    """What `execute` returns."""

    def __init__(self, *args, ui=None, expand=None, block_execution=None):
        if block_execution is not None:
            raise NotImplementedError("The stand-in does not block.")
        self.args, self.ui, self.expand = args, ui, expand

    def __getitem__(self, index):
        return self.args[index]


class ComfyNode:
    """Base class of nodes."""

    hidden = None

    @classmethod
    def GET_SCHEMA(cls) -> Schema:
        """Return the checked declaration."""
        schema = cls.define_schema()
        schema.check()
        if schema.is_output_node:
            needed = (*schema.hidden, Hidden.prompt, Hidden.extra_pnginfo)
            schema.hidden = list(dict.fromkeys(needed))
        return schema

    @classmethod
    def GET_NODE_INFO_V1(cls) -> dict:
        """Return the node's entry of `/object_info`."""
        schema = cls.GET_SCHEMA()
        inputs = {"required": {}}
        for each in schema.inputs:
            kind = "optional" if each.optional else "required"
            inputs.setdefault(kind, {})[each.id] = each.entry()
        if schema.hidden:
            inputs["hidden"] = {each.name: (each.value,) for each in schema.hidden}
        return {
            "input": inputs,
            "input_order": {kind: list(entries) for kind, entries in inputs.items()},
            "output": [each.io_type for each in schema.outputs],
            "output_is_list": [each.is_output_list for each in schema.outputs],
            "output_name": [each.display_name or each.io_type for each in schema.outputs],
            "output_tooltips": [each.tooltip for each in schema.outputs],
            "name": schema.node_id,
            "display_name": schema.display_name,
            "description": schema.description,
            "category": schema.category,
            "output_node": schema.is_output_node,
            "deprecated": schema.is_deprecated,
            "experimental": schema.is_experimental,
        }
