"""The node that renders part of a motion as images."""

from collections.abc import Iterator

import torch
from comfy_api.latest import io
from torch import Tensor

from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.crop import crop_face
from ..moda_core.portrait.cutout import transparent_frames
from ..moda_core.portrait.portrait import Portrait
from . import _host, inputs
from ._convert import image_of
from .render import FRAME_ACTIVATIONS
from .types import LoadedRenderer

FACE_CROP = "face crop"


class MoDARenderFrames(io.ComfyNode):
    """Renders part of a motion as images."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Animates the portrait and outputs the frames as images for other nodes. "
            "All frames are held in memory: 10 s of 1280x720 take 2.8 GB.",
            search_aliases=["frames", "image batch"],
            inputs=[
                *inputs.renderer_inputs(),
                inputs.number(
                    "start",
                    inputs.Scale(0, 1_000_000, default=0),
                    "First frame to render, from 0. Sampled motion has 25 frames per second.",
                ),
                inputs.number(
                    "count",
                    inputs.Scale(0, 1_000_000, default=25),
                    "Number of frames to render; more take more memory, 0 renders all that "
                    "are left.",
                ),
                inputs.choice(
                    "output",
                    ["full picture", FACE_CROP],
                    "'full picture' outputs the whole picture, 'face crop' the square "
                    "around the face, 512x512 pixels.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="frames", tooltip="One image per frame."),
                io.Mask.Output(
                    display_name="mask",
                    tooltip="Where the rendered face replaces the picture, one mask per frame. Of "
                    "a cut-out, its opacity: white is opaque.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        renderer: LoadedRenderer,
        portrait: Portrait,
        motion: Motion,
        start: int = 0,
        count: int = 25,
        output: str = "full picture",
    ) -> io.NodeOutput:
        stop = end_of(motion, start, count)
        engine = renderer.renderer
        mask = engine.paste_mask(portrait)
        if output == FACE_CROP:
            _, transform = engine.crop(portrait)
            mask = crop_mask(mask, transform)
        chunk = engine.chunk_size(portrait)
        _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
        make = engine.faces if output == FACE_CROP else engine.frames
        masks = mask.expand(stop - start, -1, -1)
        chunks = make(portrait, motion, chunk, start=start, stop=stop)
        if portrait.cutout is not None:
            masks = torch.empty(masks.shape)
            part = {"start": start, "stop": stop, "slack": engine.slack}
            chunks = split(transparent_frames(make, portrait, motion, chunk, **part), masks)
        with _host.memory_errors_shown():
            frames = collected(chunks, stop - start, mask.shape)
        return io.NodeOutput(frames, masks)


def end_of(motion: Motion, start: int, count: int) -> int:
    """Return the frame after the last one to render; a `count` of 0 is all that are left."""
    if start >= len(motion):
        raise ValueError(
            f"The motion has {len(motion)} frames, so it ends before frame {start}. "
            "Choose a lower start."
        )
    return min(start + count, len(motion)) if count else len(motion)


def crop_mask(mask: Tensor, transform) -> Tensor:
    """Crop a picture's mask (H, W) to its face."""
    levels = (mask * 255).round().to(torch.uint8)
    return crop_face(levels[..., None].expand(-1, -1, 3), transform)[..., 0] / 255


def split(pairs: Iterator[tuple[Tensor, Tensor]], masks: Tensor) -> Iterator[Tensor]:
    """Yield the frames of a cut-out, and put their opacity into `masks` (N, H, W)."""
    for mask, (frame, rgba) in zip(masks, pairs, strict=True):
        mask.copy_(rgba[0, ..., 3] / 255)
        yield frame


def collected(chunks, num_frames: int, size) -> Tensor:
    """Collect chunks of frames in one IMAGE (N, H, W, 3), without a second copy."""
    images = torch.empty(num_frames, *size, 3)
    progress, done = _host.Progress(), 0
    for frames in chunks:
        images[done : done + len(frames)] = image_of(frames)
        done += len(frames)
        progress(done, num_frames, lambda frames=frames: frames[-1])
    return images
