"""The video track of an open file: its frames in order of time, brought upright."""

import logging
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from operator import itemgetter
from pathlib import Path

import av
import numpy as np
import torch
from av.stream import Disposition
from torch import Tensor

from ..audio.sound_file import open_media
from ..errors import InputFileError
from .color_tags import BT601, BT709, FULL_RANGE, LIMITED_RANGE, ColorTags
from .reformat import reformatter

logger = logging.getLogger(__name__)

SUGGESTION = "Use a video file such as MP4, MOV, MKV or WebM"
PICTURE_BRANDS = ("avif", "heic", "heim", "heis", "heix", "mif1")  # of ISO base media files
# Swscale's flags: bilinear, full chroma and accurate rounding. Without the last two, RGB is one to
# three levels too dark and colors have coarse edges, at a sixth of the time.
ROUGH_SCALING = 0x2
SCALING = ROUGH_SCALING | 0x2000 | 0x40000

Size = tuple[int, int]  # width and height


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


class ClipReader:
    """The first video track of an open file.

    Parameters
    ----------
    source : Path or BytesIO
    origin_s : float, optional
        Time stamp of the clip's first frame in seconds, if it is known; `timed_frames` finds it.

    Raises
    ------
    InputFileError
        If the file is missing, empty, damaged, a picture or a sound.
    """

    def __init__(self, source: Path | BytesIO, origin_s: float | None = None):
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
        self.origin_s = origin_s

    def close(self) -> None:
        """Close the file."""
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

    def seek(self, time_s: float) -> bool:
        """Go to the last key frame up to a time after the first frame; tell whether that worked."""
        stamp = math.floor((time_s + self.origin_s) / self.stream.time_base)
        try:
            self._container.seek(stamp, stream=self.stream)
        except (av.error.FFmpegError, OSError):
            return False
        return True

    def timed_frames(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Decode frames but damaged ones, and yield each with its time after the first one."""
        times = increasing_times(1 / float(self.nominal_rate))
        for frame in self._decoded():
            stamp_s = None if frame.pts is None else float(frame.pts * self.stream.time_base)
            if self.origin_s is None:
                self.origin_s = stamp_s or 0.0
            yield times(None if stamp_s is None else stamp_s - self.origin_s), frame

    def stated_times(self) -> tuple[np.ndarray, float]:
        """Return the times of all frames after the first one decodable, and the clip's length."""
        base, step_s = self.stream.time_base, 1 / float(self.nominal_rate)
        packets = [
            (packet.pts, packet.duration)
            for packet in self._packets()
            if packet.size and not packet.is_discard
        ]
        known = sorted((packet for packet in packets if packet[0] is not None), key=itemgetter(0))
        stamps = [(float(pts * base) - self.origin_s, length) for pts, length in known]
        stamps = [stamp for stamp in stamps if stamp[0] >= -float(base) / 2]
        if 2 * len(known) < len(packets) or not stamps:
            times, length = np.arange(max(len(packets), 1)) * step_s, None
        else:
            increasing, length = increasing_times(step_s), stamps[-1][1]
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


def increasing_times(step_s: float) -> Callable[[float | None], float]:
    """Return a function that passes times on, and puts those that don't increase a step later."""
    last = -math.inf

    def next_time(stamp_s: float | None) -> float:
        nonlocal last
        after = 0.0 if last == -math.inf else last + step_s
        last = stamp_s if stamp_s is not None and stamp_s > last else after
        return last

    return next_time


def image_converter(
    size: Size, orientation: Orientation, colors: ColorTags, rough: bool = False
) -> Callable[[av.VideoFrame], Tensor]:
    """Return a function from decoded frames to images (H, W, 3), uint8, of one upright size.

    `rough` ones are made several times as fast, and are for looking at faces, not for showing.
    """
    width, height = size[::-1] if orientation.quarter_turns % 2 else size
    reformat = reformatter()

    # RGB has no matrix, but PyAV 14 ignores the source's unless another one is asked for.
    def convert(frame: av.VideoFrame) -> Tensor:
        rgb = reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=colors.matrix,
            dst_colorspace=BT601 if colors.matrix == BT709 else BT709,
            interpolation=ROUGH_SCALING if rough else SCALING,
            src_color_range=FULL_RANGE if colors.full_range else LIMITED_RANGE,
            dst_color_range=FULL_RANGE,
        )
        return torch.from_numpy(orientation.upright(rgb.to_ndarray()))

    return convert
