"""Frames of a clip for compositing: each with the region that is replaced, whole or as a crop."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..motion.motion import Motion
from ..portrait.crop import CropTransform, crop_face
from ..portrait.portrait import Portrait
from .face_clip import FaceClip, carried_crop
from .play_clip import played_frames


def clip_frames(
    renderer,
    portrait: Portrait,
    motion: Motion,
    chunk: int,
    as_crops: bool = False,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield frames of a motion on a clip, with what is replaced in them.

    Parameters
    ----------
    renderer, portrait, motion, chunk, start, stop
        As of `played_frames`; the portrait is of a clip.
    as_crops : bool
        Whether to cut the frames to squares that follow the face.

    Yields
    ------
    frames : Tensor, shape (n, H, W, 3) or (n, 512, 512, 3), uint8
    regions : Tensor, of the same shape without the last axis, float32 in [0, 1]
        1 where a frame is replaced fully; 0 everywhere where the face is lost.
    """
    regions = replaced_regions(renderer, portrait, motion, start, stop)
    crops = face_crops(renderer, portrait, motion, start, stop)
    for frames in played_frames(renderer, portrait, motion, chunk, start=start, stop=stop):
        covers = [next(regions) for _ in frames]
        if as_crops:
            places = [next(crops) for _ in frames]
            covers = list(map(crop_mask, covers, places))
            frames = torch.stack(list(map(crop_face, frames, places)))
        yield frames, torch.stack(covers)


def replaced_regions(
    renderer, portrait: Portrait, motion: Motion, start: int = 0, stop: int | None = None
) -> Iterator[Tensor]:
    """Yield where each frame of a motion replaces the clip, (H, W), float32 in [0, 1]."""
    face: FaceClip = portrait.clip
    order = face.frames_of(motion)[start:stop]
    images = face.clip.images_at(face.track.times[order])
    for index, image in zip(order.tolist(), images, strict=True):
        share = float(face.presence[index])
        if share == 0:
            yield torch.zeros(image.shape[:2])
        else:
            yield share * face.source.region(renderer, portrait, image, index)


def face_crops(
    renderer, portrait: Portrait, motion: Motion, start: int = 0, stop: int | None = None
) -> Iterator[CropTransform]:
    """Yield the crop around the face in each frame of a motion."""
    face: FaceClip = portrait.clip
    _, crop = renderer.crop(portrait)
    squares = face.track.squares
    for index in face.frames_of(motion)[start:stop].tolist():
        yield carried_crop(crop, squares[face.reference], squares[index])


def crop_mask(mask: Tensor, transform: CropTransform) -> Tensor:
    """Crop a picture's mask (H, W) to its face."""
    levels = (mask * 255).round().to(torch.uint8)
    return crop_face(levels[..., None].expand(-1, -1, 3), transform)[..., 0] / 255
