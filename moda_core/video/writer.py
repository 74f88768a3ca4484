"""Write a video with sound, frame by frame."""

import contextlib
import itertools
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from ..errors import OutputError
from .color_tags import BT709, ColorTags
from .reformat import reformatter
from .soundtrack import AudioTrack, add_sound

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
# With opacity, by suffix: format, encoder, its pixels and options.
TRANSPARENT = {
    ".mov": ("mov", "prores_ks", "yuva444p10le", {"profile": "4444", "vendor": "apl0"}),
    ".webm": (
        "webm",
        "libvpx-vp9",
        "yuva420p",
        # Without its look-ahead frames, which it can't combine with opacity.
        {"crf": "18", "b": "0", "auto-alt-ref": "0", "deadline": "good", "cpu-used": "4"},
    ),
}
# On talking heads "veryfast" gives the smallest files at equal quality of x264's presets down to
# "medium", at two to four times the speed of the slower ones.
PRESET = "veryfast"
CRF = 18
QUALITIES = {"standard": CRF, "high": 12, "small file": 24}  # x264's constant rate factors
# x264's AVX-512 code reads uninitialised memory, so that a few blocks differ from run to run. Every
# processor with AVX-512 has these; they give the same file each time, and are no slower.
UP_TO_AVX2 = "MMX2,SSE2,SSE3,SSSE3,SSE4.2,LZCNT,AVX,AVX2,FMA3,BMI1,BMI2"
TIMES_A_SECOND = 90_000  # of a variable rate, as in MPEG
COMMENT = "AI-generated"


def frame_rate(fps: float | Fraction) -> Fraction:
    """Return an exact frame rate; 29.97 and similar ones become n * 1000 / 1001.

    A fraction stays unchanged. Raises ValueError unless the rate is between 1 and 240.
    """
    if not 1 <= fps <= 240:
        raise ValueError(f"Expected 1 to 240 frames a second, got {fps}.")
    if isinstance(fps, Fraction):
        return fps
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if fps != round(fps) and abs(float(ntsc) - fps) < 0.005:
        return ntsc
    return Fraction(fps).limit_denominator(1000)


def parse_frame_rate(text: str) -> Fraction:
    """Read a frame rate such as ``25``, ``29.97`` or ``30000/1001``, see `frame_rate`."""
    try:
        exact = re.fullmatch(r"\d{1,9}/\d{1,9}", text.strip())
        rate = Fraction(text) if exact else float(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(
            f"Expected a frame rate such as 25, 29.97 or 30000/1001, got {text[:40]!r}."
        ) from error
    return frame_rate(rate)


def check_output(path: str | Path, transparent: bool = False) -> Path:
    """Check that a video can be written to `path`, before any work is done for it.

    A `transparent` one is ProRes 4444 (.mov) or VP9 (.webm).

    Raises
    ------
    OutputError
        If the suffix is unknown, the folder is missing or can't be written to, or the path is a
        folder.
    """
    path = Path(path)
    check_suffix(path, transparent)
    try:
        if path.is_dir():
            raise OutputError(f"'{path}' is a folder. Name a file in it.")
        if not path.parent.is_dir():
            raise OutputError(f"The folder '{path.parent}' does not exist. Create it first.")
        part = part_path(path)
        part.touch()
        part.unlink()
    except OSError as error:
        raise OutputError(
            f"'{path}' can't be written ({error.strerror}). "
            "Choose another folder, or a shorter name, for the video."
        ) from error
    return path


def check_suffix(path: str | Path, transparent: bool = False) -> None:
    """Raise OutputError for a name that is not of a video, see `check_output`."""
    known = TRANSPARENT if transparent else FORMATS
    if Path(path).suffix.lower() not in known:
        kind = "transparent video" if transparent else "video"
        raise OutputError(
            f"'{path}' does not end in a known kind of {kind}. Use one of: {', '.join(known)}."
        )


def time_stamps(times: Sequence[float], num_frames: int) -> list[int]:
    """Return the stamps of frames and of their end, for `TIMES_A_SECOND`; see `VideoWriter`."""
    stamps = [round(time_s * TIMES_A_SECOND) for time_s in times]
    increasing = all(first < second for first, second in itertools.pairwise(stamps))
    if len(stamps) != num_frames + 1 or not increasing:
        raise ValueError(
            f"Expected {num_frames + 1} increasing times of {num_frames} frames and their end, got "
            f"{len(stamps)}."
        )
    return stamps


def part_path(path: Path) -> Path:
    """Return the name of a video while it is incomplete."""
    return path.with_name(path.name + ".part")


class VideoWriter:
    """Write video and sound frame by frame; a context manager.

    H.264 and AAC; a transparent one is ProRes 4444 with AAC, or VP9 with Opus.

    The file is called ``<name>.part`` until it is complete. An exception inside the ``with`` block,
    `KeyboardInterrupt` included, removes it.

    Parameters
    ----------
    path : str or Path
        Ends in .mp4, .mov or .mkv, or for a transparent one in .mov or .webm; an existing file is
        replaced.
    size : (int, int)
        Width and height of the frames, at least 2; an odd last column or row is cut off.
    fps : float or Fraction
        1 to 240; 29.97 and similar ones become n * 1000 / 1001.
    num_frames : int
        Number of frames to be written; the sound is cut, or padded with silence, to them.
    audio : AudioTrack, str or Path, optional
        The sound, or a file with it.
    crf : int in [0, 51]
        x264's quality; lower is better and larger.
    preset : str
        x264's preset.
    comment : str or None
        The file's comment.
    transparent : bool
        Whether frames have a fourth channel, their opacity. `crf` and `preset` are not used then.
    times : sequence of N + 1 floats, optional
        When each frame is shown, and the end of the last one, in seconds, from 0; default by the
        rate, which is then the mean one.
    colors : ColorTags, optional
        How colours are coded; default as BT.709 with limited range.

    Raises
    ------
    ValueError
        If a number is out of its range, or the times do not increase.
    OutputError
        If the video can't be written there, see `check_output`.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        fps: float | Fraction,
        num_frames: int,
        audio: AudioTrack | str | Path | None = None,
        crf: int = CRF,
        preset: str = PRESET,
        comment: str | None = COMMENT,
        transparent: bool = False,
        times: Sequence[float] | None = None,
        colors: ColorTags | None = None,
    ):
        if min(size) < 2 or num_frames < 1:
            raise ValueError(
                f"Expected a size of at least 2 x 2 and a frame, got {size} and {num_frames}."
            )
        self._stamps = None if times is None else time_stamps(times, num_frames)
        self._colors = colors or ColorTags(BT709, BT709, BT709)
        self.path = check_output(path, transparent)
        self.part = part_path(self.path)
        self.size = size
        self.rate = frame_rate(fps)
        self.num_frames = num_frames
        self.audio = audio if audio is None or isinstance(audio, AudioTrack) else AudioTrack(audio)
        self.num_written = 0
        suffix = self.path.suffix.lower()
        self._channels, self._pixels = (4, "rgba") if transparent else (3, "rgb24")
        if transparent:
            self._format, self._codec, self._coded, self._options = TRANSPARENT[suffix]
        else:
            self._format, self._codec, self._coded = FORMATS[suffix], "libx264", "yuv420p"
            self._options = {"crf": str(crf), "preset": preset}
        if not transparent and torch.backends.cpu.get_cpu_capability() == "AVX512":
            self._options["x264-params"] = f"asm={UP_TO_AVX2}"
        self._comment = comment
        self._container = None
        self._sound, self._next_sound = (packet for packet in ()), None

    def __enter__(self) -> "VideoWriter":
        try:
            with self._explained():
                self._open()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self._discard()
            return
        try:
            self._finish()
        except BaseException:
            self._discard()
            raise

    def write(self, frames: Tensor | np.ndarray) -> None:
        """Encode frames.

        Parameters
        ----------
        frames : Tensor or array, shape (N, H, W, 3), uint8
            RGB; of a transparent video (N, H, W, 4), RGB that is not multiplied by the opacity.

        Raises
        ------
        ValueError
            If shape or type are wrong, or there are more frames than announced.
        OutputError
            If writing fails, for example because the disk is full.
        InputFileError
            If the sound is not usable.
        """
        if isinstance(frames, Tensor):
            frames = frames.detach().cpu().numpy()
        width, height = self.size
        if frames.dtype != np.uint8 or frames.shape[1:] != (height, width, self._channels):
            raise ValueError(
                f"Expected uint8 frames of shape (N, {height}, {width}, {self._channels}), "
                f"got {frames.dtype} {frames.shape}."
            )
        if self.num_written + len(frames) > self.num_frames:
            raise ValueError(f"Got more than the {self.num_frames} frames that were announced.")
        for frame in frames[:, : height - height % 2, : width - width % 2]:
            self._write_frame(np.ascontiguousarray(frame))

    def _open(self):
        self._container = av.open(
            f"file:{self.part}",
            "w",
            format=self._format,
            options={"movflags": "+faststart"} if self._format in ("mp4", "mov") else {},
        )
        if self._comment is not None:
            self._container.metadata["comment"] = self._comment
        self._stream = stream = self._container.add_stream(self._codec, self.rate, self._options)
        stream.width, stream.height = (side - side % 2 for side in self.size)
        stream.pix_fmt = self._coded
        if self._codec == "libvpx-vp9":
            stream.metadata["alpha_mode"] = "1"  # players look for it
        context, colors = stream.codec_context, self._colors
        context.thread_count = torch.get_num_threads()  # this process's share of the cores
        context.color_primaries, context.color_trc = colors.primaries, colors.transfer
        context.colorspace, context.color_range = colors.matrix, 1 + colors.full_range
        if self._stamps is not None:
            context.time_base = Fraction(1, TIMES_A_SECOND)
        self._reformat = reformatter()
        if self.audio is not None:
            self._sound = add_sound(self._container, self.audio, self._start_of(self.num_frames))
            self._next_sound = next(self._sound, None)

    def _write_frame(self, pixels: np.ndarray):
        frame = self._reformat(
            av.VideoFrame.from_ndarray(pixels, format=self._pixels),
            format=self._coded,
            dst_colorspace=self._colors.matrix,
            dst_color_range=1 + self._colors.full_range,
        )
        frame.pts, frame.time_base = self.num_written, 1 / self.rate
        if self._stamps is not None:
            frame.pts = self._stamps[self.num_written]
            frame.time_base = Fraction(1, TIMES_A_SECOND)
        self.num_written += 1
        self._mux_picture(frame)
        self._write_sound(self._start_of(self.num_written))

    def _start_of(self, index: int) -> Fraction:
        """Return when a frame starts in seconds."""
        if self._stamps is None:
            return index / self.rate
        return Fraction(self._stamps[index], TIMES_A_SECOND)

    def _mux_picture(self, frame: av.VideoFrame | None):
        with self._explained():
            for packet in self._stream.encode(frame):
                if self._stamps is not None:
                    index = bisect_left(self._stamps, packet.pts)
                    packet.duration = self._stamps[index + 1] - self._stamps[index]
                self._container.mux(packet)

    def _write_sound(self, end_s: Fraction | None = None):
        """Mux the sound up to a time, so that players find it near the picture."""
        while self._next_sound is not None:
            packet = self._next_sound
            if end_s is not None and packet.pts * packet.time_base > end_s:
                return
            with self._explained():
                self._container.mux(packet)
            self._next_sound = next(self._sound, None)

    def _finish(self):
        if self.num_written != self.num_frames:
            raise ValueError(
                f"Got {self.num_written} frames, but {self.num_frames} were announced."
            )
        self._mux_picture(None)
        self._write_sound()
        with self._explained():
            self._container.close()
            os.replace(self.part, self.path)

    def _discard(self):
        """Remove the incomplete file; errors here must not hide the one that led to it."""
        with contextlib.suppress(Exception):
            self._sound.close()
        with contextlib.suppress(Exception):
            self._container.close()
        with contextlib.suppress(OSError):
            self.part.unlink()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn failures of the disk or the encoder into an `OutputError`."""
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            reason = error.strerror or type(error).__name__
            raise OutputError(
                f"'{self.path}' could not be written ({reason}). "
                "Free some space or choose another folder for the video."
            ) from error
