"""Read a clip frame by frame: upright, in RGB, in its own time.

Nothing holds more than a few frames; each pass over them opens the file anew.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, Protocol

import av
import numpy as np
from torch import Tensor

from ..audio.sound_file import SoundFile
from ..errors import InputFileError
from .clip_reader import ClipReader, Orientation, Size, image_converter
from .color_tags import ColorTags

logger = logging.getLogger(__name__)

# By which videos are found in a folder; the content decides whether one can be read.
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm")
SEEK_S = 4.0  # forwards; frames that are nearer are decoded one after the other
BLOCK_BYTES = 64_000_000  # of images that are decoded at once where times fall


class TimedFrame(NamedTuple):
    """A frame of a clip.

    Attributes
    ----------
    time_s : float
        When it is shown first, in seconds from the clip's first frame.
    image : Tensor, shape (H, W, 3), uint8
        RGB, upright, with square pixels.
    """

    time_s: float
    image: Tensor


class Clip(Protocol):
    """Moving pictures, from a file (`Footage`) or in memory (`ImageSequence`)."""

    size: Size
    times: np.ndarray
    duration_s: float
    rate: Fraction
    tick_s: float
    colors: ColorTags | None
    has_constant_rate: bool

    def frames(self, rough: bool = False) -> Iterator[TimedFrame]:
        """Yield the frames in order of time; `rough` ones are faster, see `image_converter`."""

    def images_at(self, times_s: Sequence[float]) -> Iterator[Tensor]:
        """Yield the images (H, W, 3), uint8, that are shown at times, which may also fall."""


@dataclass(frozen=True, eq=False)
class Footage:
    """A clip in a file; see `open_footage`.

    Parameters
    ----------
    source : Path or BytesIO
    size : (width, height)
        In square pixels, upright.
    times : array, shape (N,), float64
        When each frame is shown, in seconds from the first one, as the container states it; frames
        that are damaged count.
    duration_s : float
        Until the end of the last frame.
    rate : Fraction
        Mean number of frames a second.
    tick_s : float
        Step of the file's time stamps in seconds.
    origin_s : float
        Time stamp of the first frame in seconds.
    orientation : Orientation
        What rotated the stored frames upright.
    colors : ColorTags
    sound_start_s : float or None
        When the first sample of the clip's sound is heard; None if it has no sound.
    """

    source: Path | BytesIO
    size: Size
    times: np.ndarray
    duration_s: float
    rate: Fraction
    tick_s: float
    origin_s: float
    orientation: Orientation
    colors: ColorTags
    sound_start_s: float | None

    @property
    def num_frames(self) -> int:
        """Number of frames, damaged ones included."""
        return len(self.times)

    @property
    def has_constant_rate(self) -> bool:
        """Whether all time stamps are within two of their steps of an even spacing."""
        return _is_even(self.times, self.rate, self.tick_s)

    def frames(self, rough: bool = False) -> Iterator[TimedFrame]:
        """Decode the frames in order of time; `rough` ones are faster, see `image_converter`.

        Damaged ones are left out, and a warning counts them. Closing the iterator closes the file.
        """
        with closing(ClipReader(self.source)) as reader:
            convert = image_converter(self.size, self.orientation, self.colors, rough)
            for time_s, frame in reader.timed_frames():
                yield TimedFrame(time_s, convert(frame))

    def images_at(self, times_s: Sequence[float]) -> Iterator[Tensor]:
        """Decode the images (H, W, 3), uint8, that are shown at times after the first frame.

        Each is the last frame that is shown up to its time, so that frames are repeated or left
        out as needed; past the end it is the last one. The times may be in any order. Where they
        fall, a block of images is in memory at once, of at most `BLOCK_BYTES`.
        """
        width, height = self.size
        block = max(2, BLOCK_BYTES // (3 * width * height))
        with closing(_Cursor(self)) as cursor:
            for start, stop in _falling_runs(times_s, block):
                images = [cursor.image_at(time_s) for time_s in reversed(times_s[start:stop])]
                yield from reversed(images)


def _falling_runs(values: Sequence[float], longest: int) -> Iterator[tuple[int, int]]:
    """Cut a sequence into runs in which each value is below the one before."""
    start = 0
    for index in range(1, len(values) + 1):
        ends = index == len(values) or index - start == longest
        if ends or not values[index] < values[index - 1]:
            yield start, index
            start = index


class _Cursor:
    """A place in a clip that moves to any time."""

    def __init__(self, footage: Footage):
        self._footage = footage
        self._convert = image_converter(footage.size, footage.orientation, footage.colors)
        self._reader = None
        self._shown = self._next = self._image = None

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def image_at(self, time_s: float) -> Tensor:
        time_s += self._footage.tick_s  # some containers round times to milliseconds
        known_s = None if self._next is None else self._next[0]
        behind = self._shown is None or time_s < self._shown[0]
        if behind or (known_s is not None and time_s > known_s + SEEK_S):
            self._start(time_s)
        while self._next is not None and self._next[0] <= time_s:
            self._shown, self._next, self._image = self._next, next(self._frames, None), None
        if self._image is None:
            self._image = self._convert(self._shown[1])
        return self._image

    def _start(self, time_s: float) -> None:
        """Decode from the last key frame up to a time, or from the first frame if need be."""
        if time_s > SEEK_S:
            self._open()
            if self._reader.seek(time_s):
                self._begin()
                found = self._shown is not None and self._shown[1].pts is not None
                if found and self._shown[0] <= time_s:
                    return
        self._open()
        self._begin()

    def _open(self) -> None:
        self.close()
        self._reader = ClipReader(self._footage.source, self._footage.origin_s)

    def _begin(self) -> None:
        self._frames = self._reader.timed_frames()
        self._shown, self._image = next(self._frames, None), None
        self._next = next(self._frames, None)


def open_footage(source: str | Path | BytesIO) -> Footage:
    """Open a clip and read how long it is, without decoding it.

    Parameters
    ----------
    source : str, Path or BytesIO
        A video file, or its content; of any container and codec that FFmpeg decodes, also with a
        variable rate, rotated, or of more than 8 bits. Of several video tracks the first counts.

    Raises
    ------
    InputFileError
        If the file is missing, empty, damaged, a picture or a sound, or no frame can be decoded.
    """
    source = source if isinstance(source, BytesIO) else Path(source)
    with closing(ClipReader(source)) as reader:
        frame = next((frame for _, frame in reader.timed_frames()), None)
        if frame is None:
            raise InputFileError(
                f"'{reader.name}' holds no frame that can be decoded. Export or download it again."
            )
        colors = ColorTags.of_frame(frame, reader.stream.codec_context)
        aspect = reader.stream.sample_aspect_ratio
        origin_s, rate = reader.origin_s, reader.nominal_rate
    with closing(ClipReader(source, origin_s)) as reader:
        times, duration_s = reader.stated_times()
        tick_s = float(reader.stream.time_base)
    if colors.high_dynamic_range:
        logger.warning(
            "'%s' has a high dynamic range; its colours are not converted to a standard one.",
            reader.name,
        )
    orientation, rate = Orientation.of_frame(frame), _mean_rate(times, rate, tick_s)
    if _is_even(times, rate, tick_s):
        duration_s = float(len(times) / rate)
    return Footage(
        source,
        _upright_size(frame, aspect, orientation),
        times,
        duration_s,
        rate,
        tick_s,
        origin_s,
        orientation,
        colors,
        _sound_start(source, origin_s),
    )


def _mean_rate(times: np.ndarray, stated: Fraction, tick_s: float) -> Fraction:
    """Return the stated rate or a usual one if the times fit it, else their mean rate."""
    if len(times) < 2:
        return stated
    mean = (len(times) - 1) / times[-1]
    usual = (stated, Fraction(round(mean)), Fraction(round(mean * 1.001) * 1000, 1001))
    exact = (rate for rate in usual if rate > 0 and _is_even(times, rate, tick_s))
    return next(exact, Fraction(mean).limit_denominator(1001))


def _is_even(times: np.ndarray, rate: Fraction, tick_s: float) -> bool:
    even = np.arange(len(times)) / float(rate)
    return bool(np.abs(times - even).max() <= 2 * tick_s)


def _upright_size(frame: av.VideoFrame, aspect: Fraction | None, orientation: Orientation) -> Size:
    """Return width and height with square pixels: the side whose pixels are longer is enlarged."""
    width, height = frame.width, frame.height
    if aspect and aspect > 1:
        width = round(width * aspect)
    elif aspect and aspect > 0:
        height = round(height / aspect)
    return (height, width) if orientation.quarter_turns % 2 else (width, height)


def _sound_start(source: Path | BytesIO, origin_s: float) -> float | None:
    try:
        with SoundFile(BytesIO(source.getvalue()) if isinstance(source, BytesIO) else source) as s:
            return s.start_s - origin_s
    except InputFileError:
        return None
