"""The stand-in's nodes that change pictures: those of ComfyUI's that the pack's workflows use."""

import torch
from comfy_api.latest import io
from torch.nn import functional

SIDES = {"right": 2, "down": 1}
MODES = ["normal", "multiply", "screen", "overlay", "soft_light", "difference"]


class EmptyImage(io.ComfyNode):
    """Pictures of one colour."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="EmptyImage",
            inputs=[
                io.Int.Input("width", default=512, min=1, max=16384),
                io.Int.Input("height", default=512, min=1, max=16384),
                io.Int.Input("batch_size", default=1, min=1, max=4096),
                io.Int.Input("color", default=0, min=0, max=0xFFFFFF),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, width, height, batch_size, color):
        levels = torch.tensor(list(color.to_bytes(3, "big"))) / 255
        return io.NodeOutput(levels.expand(batch_size, height, width, 3).contiguous())


class ImageBatch(io.ComfyNode):
    """The pictures of two batches of one size, in one."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Image.Input("image1"), io.Image.Input("image2")]
        return io.Schema(node_id="ImageBatch", inputs=inputs, outputs=[io.Image.Output()])

    @classmethod
    def execute(cls, image1, image2):
        return io.NodeOutput(torch.cat([image1, image2]))


class ImageFlip(io.ComfyNode):
    """Pictures upside down, or mirrored."""

    @classmethod
    def define_schema(cls):
        methods = ["x-axis: vertically", "y-axis: horizontally"]
        return io.Schema(
            node_id="ImageFlip",
            inputs=[io.Image.Input("image"), io.Combo.Input("flip_method", options=methods)],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, image, flip_method):
        return io.NodeOutput(image.flip(1 if flip_method.startswith("x") else 2))


class ImageStitch(io.ComfyNode):
    """Pictures of one size side by side, or one below the other."""

    @classmethod
    def define_schema(cls):
        colors = ["white", "black", "red", "green", "blue"]
        return io.Schema(
            node_id="ImageStitch",
            inputs=[
                io.Image.Input("image1"),
                io.Combo.Input("direction", options=[*SIDES, "left", "up"], default="right"),
                io.Boolean.Input("match_image_size", default=True),
                io.Int.Input("spacing_width", default=0, min=0, max=1024, step=2),
                io.Combo.Input("spacing_color", options=colors, default="white"),
                io.Image.Input("image2", optional=True),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(
        cls, image1, direction, match_image_size, spacing_width, spacing_color, image2=None
    ):
        if image2 is None or image1.shape != image2.shape or spacing_width:
            raise NotImplementedError("The stand-in stitches equal sizes only, without a space.")
        return io.NodeOutput(torch.cat([image1, image2], dim=SIDES[direction]))


class ImageBlend(io.ComfyNode):
    """Pictures multiplied with others."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ImageBlend",
            inputs=[
                io.Image.Input("image1"),
                io.Image.Input("image2"),
                io.Float.Input("blend_factor", default=0.5, min=0.0, max=1.0, step=0.01),
                io.Combo.Input("blend_mode", options=MODES),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, image1, image2, blend_factor, blend_mode):
        if blend_mode != "multiply":
            raise NotImplementedError(f"The stand-in only multiplies, it has no {blend_mode}.")
        return io.NodeOutput(torch.lerp(image1, image1 * image2, blend_factor))


class ImageBlur(io.ComfyNode):
    """Softer pictures; how much is only roughly ComfyUI's."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ImageBlur",
            inputs=[
                io.Image.Input("image"),
                io.Int.Input("blur_radius", default=1, min=1, max=31, step=1),
                io.Float.Input("sigma", default=1.0, min=0.1, max=10.0, step=0.1),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, image, blur_radius, sigma):
        edges = [blur_radius] * 4
        padded = functional.pad(image.movedim(-1, 1), edges, mode="reflect")
        return io.NodeOutput(functional.avg_pool2d(padded, 2 * blur_radius + 1, 1).movedim(1, -1))


class ImageCompositeMasked(io.ComfyNode):
    """Pictures over others of the same size, where a mask is white."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ImageCompositeMasked",
            inputs=[
                io.Image.Input("destination"),
                io.Image.Input("source"),
                io.Int.Input("x", default=0, min=0, max=16384),
                io.Int.Input("y", default=0, min=0, max=16384),
                io.Boolean.Input("resize_source", default=False),
                io.Mask.Input("mask", optional=True),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, destination, source, x, y, resize_source, mask=None):
        if mask is None or x or y or source.shape[1:] != destination.shape[1:]:
            raise NotImplementedError("The stand-in needs a mask, and pictures of one size.")
        return io.NodeOutput(torch.lerp(destination, source, mask[..., None]))


PICTURE_NODES = (
    EmptyImage,
    ImageBatch,
    ImageFlip,
    ImageStitch,
    ImageBlend,
    ImageBlur,
    ImageCompositeMasked,
)
