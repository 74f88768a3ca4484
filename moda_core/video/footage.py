"""Read a clip frame by frame: upright, in RGB, in its own time.

Nothing holds more than the frame at hand; each pass over the frames opens the file anew.
"""

import logging
import math
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import torch
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from torch import Tensor

from ..audio.sound_file import SoundFile, open_media
from ..audio.waveform import frame_count
from ..errors import InputFileError
from .color_tags import BT601, BT709, FULL_RANGE, LIMITED_RANGE, ColorTags

logger = logging.getLogger(__name__)

SUGGESTION = "Use a video file such as MP4, MOV, MKV or WebM"
PICTURE_BRANDS = ("avif", "heic", "heim", "heis", "heix", "mif1")  # of ISO base media files
# Swscale's flags: bilinear, full chroma and accurate rounding. Without the last two, RGB is one to
# three levels too dark.
SCALING = 0x2 | 0x2000 | 0x40000


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


@dataclass(frozen=True)
class Orientation:
    """How stored frames are brought upright: mirrored first, then rotated clockwise.

    Parameters
    ----------
    quarter_turns : {0, 1, 2, 3}
    mirrored : bool
        Left and right swapped.
    """

    quarter_turns: int = 0
    mirrored: bool = False

    @classmethod
    def of_frame(cls, frame: av.VideoFrame) -> "Orientation":
        """Return that of a frame's display matrix, to the nearest quarter turn."""
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is None:
            return cls()
        # x' = a x + c y, y' = b x + d y.
        a, b, _, c, d = struct.unpack("=9i", bytes(matrix))[:5]
        mirrored = a * d - b * c < 0
        sign = -1 if mirrored else 1
        return cls(round(math.atan2(sign * b, sign * a) / (math.pi / 2)) % 4, mirrored)

    def upright(self, stored: np.ndarray) -> np.ndarray:
        """Return a stored frame (H, W, 3) upright."""
        flipped = stored[:, ::-1] if self.mirrored else stored
        return np.ascontiguousarray(np.rot90(flipped, -self.quarter_turns))


@dataclass(frozen=True, eq=False)
class Footage:
    """A clip; see `open_footage`.

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
    orientation : Orientation
        What rotated the stored frames upright.
    colors : ColorTags
    sound_start_s : float or None
        When the first sample of the clip's sound is heard; None if it has no sound.
    """

    source: Path | BytesIO
    size: tuple[int, int]
    times: np.ndarray
    duration_s: float
    rate: Fraction
    tick_s: float
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

    def frames(self) -> Iterator[TimedFrame]:
        """Decode the frames in order of time.

        Damaged ones are left out, and a warning counts them. Closing the iterator closes the file.
        """
        with closing(_Reader(self.source)) as reader:
            convert = _converter(self.size, self.orientation, self.colors)
            for time_s, frame in reader.timed_frames():
                yield TimedFrame(time_s, convert(frame))

    def num_frames_at(self, fps: float | Fraction) -> int:
        """Return how many images `frames_at` yields: ``round(duration_s * fps)``, at least 1."""
        return frame_count(self.duration_s, fps)

    def frames_at(self, fps: float | Fraction) -> Iterator[Tensor]:
        """Decode images (H, W, 3), uint8, at a constant rate.

        Image k is the last frame that is shown up to the time ``k / fps``. Frames are repeated or
        left out as needed; the rest of a clip that breaks off is its last frame.
        """
        return hold_frames(self.frames(), fps, self.num_frames_at(fps), self.tick_s)


def hold_frames(
    frames: Iterable[TimedFrame], fps: float | Fraction, count: int, tick_s: float = 0.0
) -> Iterator[Tensor]:
    """Yield `count` images of timed frames at a constant rate, each held until the next one's time.

    `tick_s` is the uncertainty of the times, since some containers round them to milliseconds.
    """
    index, held = 0, None
    for time_s, image in frames:
        while held is not None and index < count and index / fps + tick_s < time_s:
            yield held
            index += 1
        if index >= count:
            return
        held = image
    for _ in range(index, count if held is not None else index):
        yield held


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
    with closing(_Reader(source)) as reader:
        frame = next((frame for _, frame in reader.timed_frames()), None)
        if frame is None:
            raise InputFileError(
                f"'{reader.name}' holds no frame that can be decoded. Export or download it again."
            )
        colors = ColorTags.of_frame(frame, reader.stream.codec_context)
        aspect = reader.stream.sample_aspect_ratio
        origin_s, rate = reader.origin_s, reader.nominal_rate
    with closing(_Reader(source)) as reader:
        times, duration_s = reader.stated_times(origin_s)
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
        orientation,
        colors,
        _sound_start(source, origin_s),
    )


class _Reader:
    """The first video track of an open file."""

    def __init__(self, source: Path | BytesIO):
        in_memory = isinstance(source, BytesIO)
        self.name = "video in memory" if in_memory else source
        # Several may read the same content at a time.
        opened = BytesIO(source.getvalue()) if in_memory else source
        self._container = open_media(opened, "video", SUGGESTION)
        try:
            self.stream = self._video_stream()
        except BaseException:
            self.close()
            raise
        self.nominal_rate = self.stream.average_rate or self.stream.guessed_rate or Fraction(25)
        self.origin_s = None

    def close(self) -> None:
        self._container.close()

    def _video_stream(self) -> av.VideoStream:
        kind, brand = self._container.format.name, self._container.metadata.get("major_brand")
        streams = self._container.streams.video
        moving = [each for each in streams if not each.disposition & Disposition.attached_pic]
        if not moving:
            raise InputFileError(f"'{self.name}' has no video track. {SUGGESTION}.")
        still = kind == "image2" or kind.endswith("_pipe") or brand in PICTURE_BRANDS
        if still or (kind == "gif" and moving[0].frames == 1):
            raise InputFileError(f"'{self.name}' is a picture, not a clip. {SUGGESTION}.")
        return moving[0]

    def timed_frames(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Decode frames but damaged ones, and yield each with its time after the first one."""
        times = _increasing(1 / float(self.nominal_rate))
        for frame in self._decoded():
            stamp_s = None if frame.pts is None else float(frame.pts * self.stream.time_base)
            if self.origin_s is None:
                self.origin_s = stamp_s or 0.0
            yield times(None if stamp_s is None else stamp_s - self.origin_s), frame

    def stated_times(self, origin_s: float) -> tuple[np.ndarray, float]:
        """Return the times of all frames after the first one decodable, and the clip's length."""
        base, step_s = self.stream.time_base, 1 / float(self.nominal_rate)
        packets = [
            (packet.pts, packet.duration)
            for packet in self._packets()
            if packet.size and not packet.is_discard
        ]
        known = sorted((packet for packet in packets if packet[0] is not None), key=itemgetter(0))
        stamps = [(float(pts * base) - origin_s, length) for pts, length in known]
        stamps = [stamp for stamp in stamps if stamp[0] >= -float(base) / 2]
        if 2 * len(known) < len(packets) or not stamps:
            times, length = np.arange(max(len(packets), 1)) * step_s, None
        else:
            increasing, length = _increasing(step_s), stamps[-1][1]
            times = np.array([increasing(time_s) for time_s, _ in stamps])
        return times, float(times[-1]) + (float(length * base) if length else step_s)

    def _packets(self) -> Iterator[av.Packet]:
        """Yield the packets up to where the file breaks off."""
        try:
            yield from self._container.demux(self.stream)
        except (av.error.FFmpegError, OSError):
            logger.warning("'%s' breaks off; what comes before is used.", self.name)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        broken = 0
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                broken += 1
                continue
            broken += sum(frame.is_corrupt for frame in frames)
            yield from (frame for frame in frames if not frame.is_corrupt)
        if broken:
            logger.warning("'%s' is damaged; frames left out: %d.", self.name, broken)


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


def _increasing(step_s: float) -> Callable[[float | None], float]:
    """Return a function that passes times on, and puts those that don't increase a step later."""
    last = -math.inf

    def next_time(stamp_s: float | None) -> float:
        nonlocal last
        after = 0.0 if last == -math.inf else last + step_s
        last = stamp_s if stamp_s is not None and stamp_s > last else after
        return last

    return next_time


def _upright_size(
    frame: av.VideoFrame, aspect: Fraction | None, orientation: Orientation
) -> tuple[int, int]:
    """Return width and height with square pixels: the side whose pixels are longer is enlarged."""
    width, height = frame.width, frame.height
    if aspect and aspect > 1:
        width = round(width * aspect)
    elif aspect and aspect > 0:
        height = round(height / aspect)
    return (height, width) if orientation.quarter_turns % 2 else (width, height)


def _converter(
    size: tuple[int, int], orientation: Orientation, colors: ColorTags
) -> Callable[[av.VideoFrame], Tensor]:
    """Return a function from decoded frames to images (H, W, 3); all get the first one's size."""
    width, height = size[::-1] if orientation.quarter_turns % 2 else size
    reformatter = VideoReformatter()

    # RGB has no matrix, but PyAV 14 ignores the source's unless another one is asked for.
    def convert(frame: av.VideoFrame) -> Tensor:
        rgb = reformatter.reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=colors.matrix,
            dst_colorspace=BT601 if colors.matrix == BT709 else BT709,
            interpolation=SCALING,
            src_color_range=FULL_RANGE if colors.full_range else LIMITED_RANGE,
            dst_color_range=FULL_RANGE,
        )
        return torch.from_numpy(orientation.upright(rgb.to_ndarray()))

    return convert


def _sound_start(source: Path | BytesIO, origin_s: float) -> float | None:
    try:
        with SoundFile(BytesIO(source.getvalue()) if isinstance(source, BytesIO) else source) as s:
            return s.start_s - origin_s
    except InputFileError:
        return None
