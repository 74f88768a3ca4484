"""The node that renders part of a motion as images."""

from collections.abc import Iterator

import torch
from comfy_api.latest import io
from torch import Tensor

from ..moda_core.clip.clip_frames import clip_frames, crop_mask
from ..moda_core.clip.play_clip import fitted_motion
from ..moda_core.compositing.renderer import Renderer
from ..moda_core.motion.motion import Motion
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
        motion = fitted_motion(portrait, motion)
        stop = end_of(motion, start, count)
        chunk = renderer.renderer.chunk_size(portrait)
        _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
        make = still_frames if portrait.clip is None else moving_frames
        part = output == FACE_CROP, start, stop
        masks, chunks = make(renderer.renderer, portrait, motion, chunk, *part)
        with _host.memory_errors_shown():
            frames = collected(chunks, masks.shape)
        return io.NodeOutput(frames, masks)


def end_of(motion: Motion, start: int, count: int) -> int:
    """Return the frame after the last one to render; a `count` of 0 is all that are left."""
    if start >= len(motion):
        raise ValueError(
            f"The motion has {len(motion)} frames, so it ends before frame {start}. "
            "Choose a lower start."
        )
    return min(start + count, len(motion)) if count else len(motion)


def still_frames(
    engine: Renderer,
    portrait: Portrait,
    motion: Motion,
    chunk: int,
    as_crops: bool,
    start: int,
    stop: int,
) -> tuple[Tensor, Iterator[Tensor]]:
    """Return masks (N, H, W), and the frames of a still picture, which may fill them."""
    mask = engine.paste_mask(portrait)
    if as_crops:
        _, transform = engine.crop(portrait)
        mask = crop_mask(mask, transform)
    masks, part = mask.expand(stop - start, -1, -1), {"start": start, "stop": stop}
    make = engine.faces if as_crops else engine.frames
    if portrait.cutout is None:
        return masks, make(portrait, motion, chunk, **part)
    masks = torch.empty(masks.shape)
    pairs = transparent_frames(make, portrait, motion, chunk, slack=engine.slack, **part)
    return masks, split(((frame, rgba[..., 3] / 255) for frame, rgba in pairs), masks)


def moving_frames(
    engine: Renderer,
    portrait: Portrait,
    motion: Motion,
    chunk: int,
    as_crops: bool,
    start: int,
    stop: int,
) -> tuple[Tensor, Iterator[Tensor]]:
    """Return masks (N, H, W), and the frames of a clip, which fill them."""
    _, transform = engine.crop(portrait)
    size = (transform.size,) * 2 if as_crops else portrait.image.shape[:2]
    masks = torch.empty(stop - start, *size)
    return masks, split(clip_frames(engine, portrait, motion, chunk, as_crops, start, stop), masks)


def split(pairs: Iterator[tuple[Tensor, Tensor]], masks: Tensor) -> Iterator[Tensor]:
    """Yield the frames (n, H, W, 3) of pairs, and put their masks into `masks` (N, H, W)."""
    done = 0
    for frames, covers in pairs:
        masks[done : done + len(frames)] = covers
        done += len(frames)
        yield frames


def collected(chunks: Iterator[Tensor], shape: tuple[int, int, int]) -> Tensor:
    """Collect chunks of frames in one IMAGE (N, H, W, 3), without a second copy."""
    images = torch.empty(*shape, 3)
    progress, done = _host.Progress(), 0
    for frames in chunks:
        images[done : done + len(frames)] = image_of(frames)
        done += len(frames)
        progress(done, len(images), lambda frames=frames: frames[-1])
    return images
