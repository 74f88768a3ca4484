"""What a user links as the background of an animated face."""

from contextlib import ExitStack

from comfy_api.latest import InputImpl
from torch import Tensor

from ..moda_core.backdrop import VideoBackdrop, check_size, pictures_backdrop
from ..moda_core.portrait.compositing import Backdrop
from ..moda_core.portrait.portrait import Portrait
from . import _host
from ._convert import pictures_of

SHORTEST_CUT_S = 0.01


def backdrop_of(background, fps: float, portrait: Portrait, stack: ExitStack) -> Backdrop | None:
    """Return what is seen around the face.

    Parameters
    ----------
    background : VIDEO, IMAGE or None
    fps : float
        Of the video that it is for.
    portrait : Portrait
        Has the size that the background must have.
    stack : ExitStack
        Closes what is opened.

    Raises
    ------
    ValueError
        If it has another size.
    """
    size = tuple(portrait.image.shape[:2])
    if background is None:
        return None
    if isinstance(background, Tensor):
        return images_backdrop(background, fps, fps, size)
    if isinstance(background, InputImpl.VideoFromComponents):
        parts = background.get_components()
        return images_backdrop(parts.images, float(parts.frame_rate), fps, size)
    video = VideoBackdrop(source_of(background), fps, size)
    stack.enter_context(video)
    return video


def source_of(video):
    """Return the file, or its bytes, that a VIDEO consists of.

    Newer hosts cut videos by remembering where they begin and end, which only they know: such a
    video is written out first.
    """
    source = video.get_stream_source()
    whole_s = InputImpl.VideoFromFile(source).get_duration()
    if whole_s - video.get_duration() < SHORTEST_CUT_S:
        return source
    path = _host.temporary_path(".mp4")
    video.save_to(str(path))
    return path


def images_backdrop(images: Tensor, fps: float, out_fps: float, size: tuple[int, int]) -> Backdrop:
    """Show an IMAGE batch (B, H, W, 3); only the pictures in use are converted."""
    check_size(tuple(images.shape[1:3]), size)

    def take(index: int) -> Tensor:
        return pictures_of(images[index : index + 1])[0]

    return pictures_backdrop(take, len(images), fps, out_fps)
