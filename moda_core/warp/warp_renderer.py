"""The geometric renderer: a portrait is warped by head pose and expression, with no weights.

A coarse field gives the source of every pixel; the mouth and the eyes, whose edges are sharp, are
computed at full resolution. The picture is sampled once, at its own resolution, and only where
something moves: elsewhere frames equal the picture bit for bit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..compositing.composer import picture_composer
from ..compositing.compositing import Compositing
from ..face.landmarks import FaceLandmarks
from ..motion.motion import Motion
from ..portrait.crop import CROP_SCALE, CropTransform, crop_face, crop_from_landmarks
from ..portrait.find_face import MARGIN
from ..portrait.image import check_picture
from ..portrait.portrait import Portrait, check_playable
from ..runtime.chunks import in_chunks
from .drive import Pose, bounded_controls, bounded_pose, slice_curves
from .identity import identity_keypoints
from .warp_frame import render_chunk
from .warp_region import Region, prepare_region, region_mask, with_picture

STARTER_RENDERER = "starter (built in)"
DTYPES = (torch.float32, torch.float64)
# Frames and pixels that are rendered at once, at most; glibc reuses memory of up to 32 MiB only.
CHUNK, CHUNK_PIXELS = 8, 11_000_000


@dataclass(frozen=True, eq=False)
class PreparedWarp:
    """The renderer's private part of a portrait: what moves, and the place of the crop."""

    region: Region
    transform: CropTransform


class WarpRenderer:
    """Renders portraits by warping them; needs no weights.

    Parameters
    ----------
    device : str or torch.device
        Where frames are computed; they are returned on the CPU.
    dtype : torch.dtype
        Of coordinates and colours, float32 or float64.
    free_memory : callable, optional
        Called when memory is exhausted, before a retry with fewer frames.

    Raises
    ------
    ValueError
        If `dtype` is too coarse for coordinates.
    """

    name = STARTER_RENDERER
    slack = 0.0  # the background does not change the face

    def __init__(
        self,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
        free_memory: Callable[[], None] | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise ValueError(
                f"{dtype} is too coarse for pixel coordinates. Use torch.float32 or torch.float64."
            )
        self.device, self.dtype = torch.device(device), dtype
        self.free_memory = free_memory

    def portrait(
        self, image: Tensor, landmarks: FaceLandmarks, crop_scale: float = CROP_SCALE
    ) -> Portrait:
        """Prepare a picture for `frames`; the scale is for `crop` and `faces` alone."""
        check_picture(image)
        check_inside(landmarks, image)
        identity = identity_keypoints(landmarks)
        with torch.inference_mode():
            region = prepare_region(image.to(self.device), landmarks, self.dtype)
        prepared = PreparedWarp(region, crop_from_landmarks(landmarks, crop_scale))
        return Portrait(image.cpu(), landmarks, self.name, identity, prepared)

    def with_picture(self, portrait: Portrait, image: Tensor) -> Portrait:
        """Return a portrait that moves another picture (H, W, 3), uint8, in the same way."""
        region = with_picture(portrait.prepared.region, image)
        prepared = replace(portrait.prepared, region=region)
        return replace(portrait, image=image.cpu(), prepared=prepared)

    def chunk_size(self, portrait: Portrait) -> int:
        """Return how many frames of a portrait to render at once."""
        return max(1, min(CHUNK, CHUNK_PIXELS // portrait.image[..., 0].numel()))

    def frames(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int = CHUNK,
        *,
        compositing: Compositing | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render a motion, softly bounded to what a warp can show."""
        check_playable(portrait, self.name, chunk)
        region = portrait.prepared.region
        chosen = slice(start, stop)
        curves = bounded_controls(motion), bounded_pose(motion)
        controls, pose = ({name: of[name][chosen] for name in of} for of in curves)

        def reach() -> Tensor:
            widths = (compositing.feather, compositing.erosion)
            return region_mask(region, portrait.image.shape[:2], *widths)

        compose = picture_composer(portrait.image, reach, compositing)

        # Not in inference mode: that would last, in the consumer, while this waits.
        def render(first: int, end: int) -> Tensor:
            some = slice_curves(controls, first, end, region.source)
            turned = Pose(**slice_curves(pose, first, end, region.source))
            return compose(render_chunk(portrait.image, region, some, turned), first)

        yield from in_chunks(len(pose["yaw"]), chunk, render, self.free_memory)

    def faces(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int = CHUNK,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render the crop (n, 512, 512, 3) of the frames as `frames` does; it stands still."""
        for frames in self.frames(portrait, motion, chunk, start=start, stop=stop):
            yield torch.stack([crop_face(frame, portrait.prepared.transform) for frame in frames])

    def crop(self, portrait: Portrait) -> tuple[Tensor, CropTransform]:
        """Return the unmoved crop (512, 512, 3), uint8, and its place in the picture."""
        check_playable(portrait, self.name)
        transform = portrait.prepared.transform
        return crop_face(portrait.image, transform), transform

    def paste_mask(self, portrait: Portrait) -> Tensor:
        """Return where the head's movement reaches, (H, W), float32 in [0, 1]."""
        check_playable(portrait, self.name)
        return region_mask(portrait.prepared.region, portrait.image.shape[:2])


def check_inside(landmarks: FaceLandmarks, image: Tensor) -> None:
    """Raise ValueError unless landmarks lie in the picture, give or take `MARGIN`."""
    height, width = image.shape[:2]
    margin = MARGIN * landmarks.eye_distance
    for x, y in landmarks.points():
        if not (-margin <= x <= width + margin and -margin <= y <= height + margin):
            raise ValueError(
                f"Expected eyes and mouth inside the picture of {width}x{height} pixels, got one "
                f"at ({x:.0f}, {y:.0f}). Use a picture with the whole face, or correct the points."
            )
