"""Small nodes that show what a host does."""

import threading

import torch
from comfy.utils import ProgressBar
from comfy_api.latest import io, ui
from comfy_execution.graph_utils import GraphBuilder

LOG: list = []


class TinyNumber(io.ComfyNode):
    """Gives a number, and logs how it was called."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TinyNumber",
            display_name="Tiny Number",
            category="tiny",
            description="A number.",
            inputs=[
                io.Int.Input("number", default=3, min=1, max=9, step=2, tooltip="Which."),
                io.Float.Input(
                    "share", default=0.5, min=0.0, max=1.0, step=0.1, optional=True,
                    display_mode=io.NumberDisplay.slider,
                ),
                io.Combo.Input("way", options=["up", "down"], default="down"),
                io.Boolean.Input("on", default=True),
                io.String.Input("text", default="a", extra_dict={"advanced": True}),
            ],
            outputs=[io.Int.Output(display_name="number", tooltip="The number."), io.Int.Output()],
        )  # fmt: skip

    @classmethod
    def execute(cls, number, way, on, text, share=0.25):
        LOG.append((number, way, on, text, share))
        return io.NodeOutput(number, 2 * number)


class TinyAny(io.ComfyNode):
    """Takes a number or a picture, and shows it as text."""

    @classmethod
    def define_schema(cls):
        either = io.MultiType.Input("value", types=[io.Int, io.Image], optional=True)
        return io.Schema(
            node_id="TinyAny",
            inputs=[either, io.Custom("TINY").Input("thing", optional=True)],
            outputs=[io.Custom("TINY").Output()],
            hidden=[io.Hidden.unique_id],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, value=None, thing=None):
        LOG.append((value, thing, cls.hidden.unique_id, cls.hidden.prompt is not None))
        return io.NodeOutput(value, ui=ui.PreviewText(f"{value}"))


class TinyWork(io.ComfyNode):
    """Reports progress."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TinyWork",
            inputs=[io.Int.Input("steps", default=4, min=1, max=99, step=1)],
            outputs=[io.Int.Output()],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, steps):
        bar = ProgressBar(steps)
        try:
            for step in range(steps):
                LOG.append(step)
                bar.update_absolute(step + 1, steps, ("JPEG", f"picture {step}", 64))
        finally:
            LOG.append("cleaned")
        return io.NodeOutput(steps)


class TinyState(io.ComfyNode):
    """Does what the input names."""

    @classmethod
    def define_schema(cls):
        ways = ["thread", "set", "fail", "memory"]
        return io.Schema(
            node_id="TinyState",
            inputs=[io.Combo.Input("way", options=ways)],
            outputs=[io.Int.Output()],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, way):
        if way == "set":
            cls.kept = 1
        if way == "fail":
            raise ValueError("The portrait is too small.")
        main = threading.current_thread() is threading.main_thread()
        LOG.append((main, torch.is_inference_mode_enabled()))
        return io.NodeOutput(1)


class TinyFile(io.ComfyNode):
    """Has a fingerprint, and checks one input itself."""

    marks = {"same": lambda: 1}

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TinyFile",
            inputs=[
                io.String.Input("name", default="same"),
                io.Int.Input("count", default=1, min=0, max=5, step=1),
                io.Int.Input("other", default=1, min=0, max=5, step=1, optional=True),
            ],
            outputs=[io.Int.Output()],
            is_output_node=True,
        )

    @classmethod
    def fingerprint_inputs(cls, name="", count=0, other=None):
        LOG.append(("fingerprint", count))
        return cls.marks[name]()

    @classmethod
    def validate_inputs(cls, count=None):
        return True if count != 4 else "Four is not allowed."

    @classmethod
    def execute(cls, name, count, other=0):
        return io.NodeOutput(count)


class TinyTwice(io.ComfyNode):
    """Is executed once for each node, even if two are alike."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TinyTwice",
            outputs=[io.Int.Output()],
            is_output_node=True,
            not_idempotent=True,
        )

    @classmethod
    def execute(cls):
        return io.NodeOutput(1)


class TinyExpand(io.ComfyNode):
    """Puts two other nodes in its place."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TinyExpand",
            inputs=[
                io.Int.Input("value", raw_link=True),
                io.Int.Input("count", default=1, min=0, max=5, step=1),
            ],
            outputs=[io.Int.Output(), io.Int.Output()],
            hidden=[io.Hidden.unique_id],
            enable_expand=True,
        )

    @classmethod
    def execute(cls, value, count):
        LOG.append(("raw", value))
        graph = GraphBuilder(prefix=f"{cls.hidden.unique_id}.")
        first = graph.node("TinyFile", "first", name="same", count=value)
        second = graph.node("TinyFile", "second", name="same", count=count)
        return io.NodeOutput(first.out(0), second.out(0), expand=graph.finalize())


TINY_NODES = (TinyNumber, TinyAny, TinyWork, TinyState, TinyFile, TinyTwice, TinyExpand)
