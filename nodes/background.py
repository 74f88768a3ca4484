"""Backgrounds of rendered videos, from IMAGE and VIDEO links."""

from contextlib import ExitStack
from functools import lru_cache

import torch
from comfy_api.latest import InputImpl
from torch import Tensor

from ..moda_core.compositing.backdrop import VideoBackdrop, fit_picture, pictures_backdrop
from ..moda_core.compositing.compositing import Backdrop
from ..moda_core.portrait.portrait import Portrait
from ._convert import image_batch, pictures_of

SHORTEST_CUT_S = 0.01
ROUNDING_S = 1e-3  # time stamps are rounded


def backdrop_of(
    background, fit: str, fps: float, portrait: Portrait, stack: ExitStack
) -> Backdrop | None:
    """Return the backdrop of a video with `fps`; `stack` closes the files it reads.

    `background` is a VIDEO or an IMAGE, or None; `fit` is one of `FITS`.
    """
    size = tuple(portrait.image.shape[:2])
    if background is None:
        return None
    if isinstance(background, InputImpl.VideoFromComponents):
        parts = background.get_components()
        return images_backdrop(parts.images, float(parts.frame_rate), fps, size, fit)
    if not hasattr(background, "get_stream_source"):
        return images_backdrop(background, fps, fps, size, fit)
    source = background.get_stream_source()
    video = stack.enter_context(VideoBackdrop(source, fps, size, fit))
    return cut_backdrop(background, fps, size, fit) if is_cut(background) else video


def is_cut(video) -> bool:
    """Tell whether a VIDEO is a trimmed one, which newer hosts have."""
    if not hasattr(video, "as_trimmed"):
        return False
    whole = InputImpl.VideoFromFile(video.get_stream_source())
    return whole.get_duration() - video.get_duration() >= SHORTEST_CUT_S


def cut_backdrop(video, fps: float, size: tuple[int, int], fit: str) -> Backdrop:
    """Show a trimmed video, which its host decodes, a second at a time."""
    rate = float(video.get_frame_rate())
    last_s = max(video.get_duration() - 1 / rate, 0.0)

    @lru_cache(maxsize=1)
    def second(index: int) -> Tensor:
        return video.as_trimmed(index, 1.0, strict_duration=False).get_components().images

    def frame(time_s: float) -> Tensor:
        time_s = min(time_s, last_s) + ROUNDING_S
        images = second(int(time_s))
        return images[min(int((time_s - int(time_s)) * rate), len(images) - 1)]

    def backdrop(start: int, stop: int) -> Tensor:
        shown = pictures_of(torch.stack([frame(index / fps) for index in range(start, stop)]))
        return torch.stack([fit_picture(picture, size, fit) for picture in shown])

    return backdrop


def images_backdrop(
    images, fps: float, out_fps: float, size: tuple[int, int], fit: str
) -> Backdrop:
    """Show an IMAGE batch; pictures are converted to 8 bits when they are used."""
    images = image_batch(images)

    def take(index: int) -> Tensor:
        return fit_picture(pictures_of(images[index : index + 1])[0], size, fit)

    return pictures_backdrop(take, len(images), fps, out_fps)
