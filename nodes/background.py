"""Backgrounds of rendered videos, from IMAGE and VIDEO links."""

from contextlib import ExitStack

from torch import Tensor

from ..moda_core.compositing.backdrop import VideoBackdrop, fit_picture, pictures_backdrop
from ..moda_core.compositing.compositing import Backdrop
from ..moda_core.portrait.portrait import Portrait
from .clip import clip_of, cut_clip, is_cut, is_in_memory


def backdrop_of(
    background, fit: str, fps: float, portrait: Portrait, stack: ExitStack
) -> Backdrop | None:
    """Return the backdrop of a video with `fps`; `stack` closes the files it reads.

    `background` is a VIDEO or an IMAGE, or None; `fit` is one of `FITS`.
    """
    size = tuple(portrait.image.shape[:2])
    if background is None:
        return None
    if hasattr(background, "get_stream_source") and not is_in_memory(background):
        source = background.get_stream_source()
        video = stack.enter_context(VideoBackdrop(source, fps, size, fit))
        if not is_cut(background):
            return video
        clip = cut_clip(background)
    else:
        clip = clip_of(background, fps)

    def take(index: int) -> Tensor:
        return fit_picture(clip.take(index), size, fit)

    return pictures_backdrop(take, clip.num_frames, float(clip.rate), fps)
