"""What is seen around an animated face, when that is not its own picture: pictures or a video."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from .compositing import Backdrop

Picture = tuple[float, Tensor]
ROUNDING_S = 1e-3  # of time stamps: Matroska keeps whole milliseconds


def pictures_backdrop(
    take: Callable[[int], Tensor], count: int, fps: float, out_fps: float
) -> Backdrop:
    """Show pictures one after the other, and hold the last one.

    Parameters
    ----------
    take : callable (index) -> Tensor, shape (H, W, 3), uint8
        Gives one of the pictures.
    count : int
        How many there are.
    fps, out_fps : float
        Pictures a second of these, and of the video that they are for.

    Returns
    -------
    Backdrop
    """

    take = lru_cache(maxsize=1)(take)  # one that is held is taken once

    def backdrop(start: int, stop: int) -> Tensor:
        places = (int(frame * fps / out_fps + 1e-6) for frame in range(start, stop))
        return torch.stack([take(min(place, count - 1)) for place in places])

    return backdrop


def check_size(size: tuple[int, int], portrait: tuple[int, int]) -> None:
    """Check that a background has the portrait's size.

    Parameters
    ----------
    size, portrait : (int, int)
        Height and width in pixels.

    Raises
    ------
    ValueError
        If it has another.
    """
    if tuple(size) != tuple(portrait):
        raise ValueError(
            f"The background measures {size[1]}x{size[0]} pixels, the portrait "
            f"{portrait[1]}x{portrait[0]}. Scale one to the size of the other."
        )


class VideoBackdrop:
    """Shows a video, decoded as it is needed; a context manager.

    Parameters
    ----------
    source : str, Path or BytesIO
        A video.
    fps : float
        Frames a second of the video that this is for.
    size : (int, int)
        Height and width that its frames must have.

    Raises
    ------
    ValueError
        If it is no video, or of another size.
    """

    def __init__(self, source: str | Path | io.BytesIO, fps: float, size: tuple[int, int]) -> None:
        self.fps = fps
        with _explained():
            if isinstance(source, io.BytesIO):
                source.seek(0)
            self._container = av.open(source if isinstance(source, io.BytesIO) else str(source))
        try:
            self._begin(size)
        except BaseException:
            self._container.close()
            raise

    def _begin(self, size: tuple[int, int]) -> None:
        if not self._container.streams.video:
            raise ValueError("The background has no picture, only sound. Use a video.")
        self._pictures = self._decoded()
        self._shown = next(self._pictures, None)
        if self._shown is None:
            raise ValueError("The background video holds no frame. Use another one.")
        check_size(self._shown[1].shape[:2], size)
        self._origin_s = self._shown[0]
        self._next = next(self._pictures, None)

    def __enter__(self) -> Backdrop:
        return self

    def __exit__(self, *_) -> None:
        self._container.close()

    def __call__(self, start: int, stop: int) -> Tensor:
        """Return what is seen behind some frames; they must be asked for in order.

        Parameters
        ----------
        start, stop : int
            First frame, and the one after the last.

        Returns
        -------
        Tensor, shape (stop - start, H, W, 3), uint8
        """
        return torch.stack([self._at(frame / self.fps) for frame in range(start, stop)])

    def _at(self, time_s: float) -> Tensor:
        while self._next is not None and self._next[0] - self._origin_s <= time_s + ROUNDING_S:
            self._shown, self._next = self._next, next(self._pictures, None)
        return self._shown[1]

    def _decoded(self) -> Iterator[Picture]:
        with _explained():
            for frame in self._container.decode(video=0):
                pixels = frame.to_ndarray(format="rgb24")
                # As phones write: the frames lie, and a note says how to turn them.
                pixels = np.rot90(pixels, round(getattr(frame, "rotation", 0) / 90))
                yield frame.time or 0.0, torch.from_numpy(np.ascontiguousarray(pixels))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what FFmpeg says of a file into a sentence."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        raise ValueError(
            f"The background is no usable video ({error}). Use a video such as MP4."
        ) from error
