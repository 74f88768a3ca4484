"""Backdrops of an animated face other than its own picture: pictures or a video, of any size."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import torch
from PIL import UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from ..errors import InputFileError
from ..motion.checks import check_choice
from ..portrait.image import read_image
from ..portrait.picture_kind import HEAD_SIZE, picture_kind
from .compositing import Backdrop

Picture = tuple[float, Tensor]
Size = tuple[int, int]
ROUNDING_S = 1e-3  # of time stamps: Matroska keeps whole milliseconds
FITS = ("crop", "fit", "stretch")  # how a background of another size is shown


def fit_picture(picture: Tensor, size: Size, fit: str = FITS[0]) -> Tensor:
    """Bring a picture to another size.

    Parameters
    ----------
    picture : Tensor, shape (H, W, 3), uint8
    size : (height, width)
    fit : {"crop", "fit", "stretch"}
        "crop" fills the size and cuts off what is over, on both sides alike; "fit" shows the whole
        picture, between black bars; "stretch" changes its proportions.

    Returns
    -------
    Tensor, shape (height, width, 3), uint8
        The picture itself if it has that size.

    Raises
    ------
    ValueError
        If the fit is unknown.
    """
    check_choice("background fit", fit, FITS)
    sides = np.array(picture.shape[:2])
    if (sides == size).all():
        return picture
    ratios = sides / size
    if fit == "crop":
        cut = np.maximum(np.rint(ratios.min() * np.array(size)), 1).astype(int)
        top, left = (sides - cut) // 2
        return _scaled(picture[top : top + cut[0], left : left + cut[1]], size)
    if fit == "stretch":
        return _scaled(picture, size)
    inner = np.maximum(np.rint(sides / ratios.max()), 1).astype(int)
    top, left = (size - inner) // 2
    framed = picture.new_zeros(*size, 3)
    framed[top : top + inner[0], left : left + inner[1]] = _scaled(picture, tuple(inner))
    return framed


def _scaled(picture: Tensor, size: Size) -> Tensor:
    pixels = picture.movedim(-1, 0)[None].contiguous()
    size = [int(side) for side in size]
    scaled = F.interpolate(pixels, size, mode="bilinear", antialias=True)
    return scaled[0].movedim(0, -1).contiguous()


def pictures_backdrop(
    take: Callable[[int], Tensor], count: int, fps: float, out_fps: float
) -> Backdrop:
    """Return a backdrop that shows pictures one after the other, and holds the last one.

    Parameters
    ----------
    take : callable (index) -> Tensor, shape (H, W, 3), uint8
        Returns one of the `count` pictures.
    fps, out_fps : float
        Frame rates of the pictures and of the rendered video.
    """
    take = lru_cache(maxsize=1)(take)  # a picture that is held is taken once

    def backdrop(start: int, stop: int) -> Tensor:
        places = (int(frame * fps / out_fps + 1e-6) for frame in range(start, stop))
        return torch.stack([take(min(place, count - 1)) for place in places])

    return backdrop


@contextmanager
def file_backdrop(
    path: str | Path, fps: float, size: Size, fit: str = FITS[0]
) -> Iterator[Backdrop]:
    """Open a picture or video file as a backdrop of a video with `fps` and `size`.

    A video plays at its own rate, and its last frame is held. Raises InputFileError, also while
    the backdrop is used, if the file is neither a picture nor a video; `fit` as in `fit_picture`.
    """
    path = Path(path)
    picture = _still_picture(path)
    if picture is not None:
        picture = fit_picture(picture, size, fit)
        yield pictures_backdrop(lambda index: picture, 1, fps, fps)
        return
    with _named(path):
        # Without the prefix, a colon in the name would make it a network protocol.
        video = VideoBackdrop(f"file:{path}", fps, size, fit)

    def backdrop(start: int, stop: int) -> Tensor:
        with _named(path):
            return video(start, stop)

    with video:
        yield backdrop


def _still_picture(path: Path) -> Tensor | None:
    """Read a picture file; None if it may be a video."""
    try:
        return read_image(path, smallest_side=1)
    except InputFileError as error:
        if not isinstance(error.__cause__, UnidentifiedImageError):
            raise
        with path.open("rb") as file:
            kind = picture_kind(file.read(HEAD_SIZE))
        if kind is not None and "video" not in kind[0]:
            raise
    return None


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise InputFileError(f"'{path}': {error}") from error


class VideoBackdrop:
    """Shows a video, decoded as needed; a context manager.

    The rendered video has `fps` and `size` (height, width); `fit` as in `fit_picture`. Raises
    ValueError if the source can't be read as a video.
    """

    def __init__(
        self, source: str | Path | io.BytesIO, fps: float, size: Size, fit: str = FITS[0]
    ) -> None:
        self.fps = fps
        self._fitted = lru_cache(maxsize=1)(lambda picture: fit_picture(picture, size, fit))
        with _explained():
            if isinstance(source, io.BytesIO):
                source.seek(0)
            self._container = av.open(source if isinstance(source, io.BytesIO) else str(source))
        try:
            self._begin()
        except BaseException:
            self._container.close()
            raise

    def _begin(self) -> None:
        if not self._container.streams.video:
            raise ValueError("The background has no picture, only sound. Use a video.")
        self._pictures = self._decoded()
        self._shown = next(self._pictures, None)
        if self._shown is None:
            raise ValueError("The background video holds no frame. Use another one.")
        self._fitted(self._shown[1])
        self._origin_s = self._shown[0]
        self._next = next(self._pictures, None)

    def __enter__(self) -> Backdrop:
        return self

    def __exit__(self, *_) -> None:
        self._container.close()

    def __call__(self, start: int, stop: int) -> Tensor:
        """Return the frames (stop - start, H, W, 3), uint8; must be called in order of time."""
        return torch.stack([self._at(frame / self.fps) for frame in range(start, stop)])

    def _at(self, time_s: float) -> Tensor:
        while self._next is not None and self._next[0] - self._origin_s <= time_s + ROUNDING_S:
            self._shown, self._next = self._next, next(self._pictures, None)
        return self._fitted(self._shown[1])

    def _decoded(self) -> Iterator[Picture]:
        with _explained():
            for frame in self._container.decode(video=0):
                pixels = frame.to_ndarray(format="rgb24")
                # Phones write rotated frames, with metadata that says how to turn them.
                pixels = np.rot90(pixels, round(getattr(frame, "rotation", 0) / 90))
                yield frame.time or 0.0, torch.from_numpy(np.ascontiguousarray(pixels))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn errors of FFmpeg into a `ValueError` with a remedy."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(
            f"The background can't be read as a video ({reason}). Use a video such as MP4."
        ) from error
