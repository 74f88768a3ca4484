"""Backdrops of an animated face other than its own picture: pictures or a video."""

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


def check_size(size: tuple[int, int], portrait: tuple[int, int]) -> None:
    """Raise ValueError if a background's (height, width) is not the portrait's."""
    if tuple(size) != tuple(portrait):
        raise ValueError(
            f"The background measures {size[1]}x{size[0]} pixels, the portrait "
            f"{portrait[1]}x{portrait[0]}. Scale one to the size of the other."
        )


class VideoBackdrop:
    """Shows a video, decoded as needed; a context manager.

    The rendered video has `fps` and `size` (height, width). Raises ValueError if the source can't
    be read as a video, or has another size.
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
        """Return the frames (stop - start, H, W, 3), uint8; must be called in order of time."""
        return torch.stack([self._at(frame / self.fps) for frame in range(start, stop)])

    def _at(self, time_s: float) -> Tensor:
        while self._next is not None and self._next[0] - self._origin_s <= time_s + ROUNDING_S:
            self._shown, self._next = self._next, next(self._pictures, None)
        return self._shown[1]

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
        raise ValueError(
            f"The background can't be read as a video ({error}). Use a video such as MP4."
        ) from error
