"""Read the sound of any file that FFmpeg can decode, in blocks of bounded size."""

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from einops import rearrange

from ..errors import InputFileError
from ..weights.input_file import check_input_file

logger = logging.getLogger(__name__)

# By which sound files are found in a folder; the content decides whether one can be read.
SOUND_SUFFIXES = (
    *(".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma"),
)
LOWEST_RATE, HIGHEST_RATE = 4000, 768_000  # samples a second; others mean a damaged header
SHORTEST_S = 0.04  # one frame at 25 fps
BLOCK_SAMPLES = 1 << 15  # minimum size of a block of decoded frames
SUGGESTION = "Use a sound file such as WAV, FLAC, MP3, M4A or OGG"


class SoundFile:
    """A sound track of a sound or video file; a context manager.

    Time 0 is the first decoded sample, without encoder delay. Gaps between time stamps are not
    filled.

    Parameters
    ----------
    path : str, Path or BytesIO
        The file, or its content.
    track : int, optional
        Index among its sound tracks. Default: the first of those that the file marks as default,
        or else the first, as players do.

    Attributes
    ----------
    tracks : list of str
        The file's sound tracks in words: index, language, title, codec and duration.
    track : int
        Index of the track that is read.
    layout : str
        FFmpeg's name of the channel layout, such as ``"5.1"``; ``"3 channels"`` if unknown.
    codec : str
        FFmpeg's name of the codec, such as ``"aac"``.
    start_s : float
        When the first sample is heard in the file's own time, in seconds: a video in the same file
        may begin earlier or later.

    Raises
    ------
    InputFileError
        If the file is missing, empty, not sound, without the sound track, or its sample rate is
        out of range.
    """

    def __init__(self, path: str | Path | BytesIO, track: int | None = None):
        in_memory = isinstance(path, BytesIO)
        self.path = Path("sound in memory") if in_memory else Path(path)
        self._container = open_media(path if in_memory else self.path)
        try:
            self._stream = sound_stream(self._container, self.path, track)
            streams = self._container.streams.audio
            self.tracks, self.track = _descriptions(streams), streams.index(self._stream)
            self._frames = self._decoded()
            self._first = next(self._frames, None)
            if self._first is None:
                raise InputFileError(f"'{self.path}' holds no sound. Record or export it again.")
            self.sample_rate = self._first.sample_rate
            if not LOWEST_RATE <= self.sample_rate <= HIGHEST_RATE:
                raise InputFileError(
                    f"'{self.path}' claims {self.sample_rate} samples a second. "
                    f"Use a sound with {LOWEST_RATE} to {HIGHEST_RATE}."
                )
        except BaseException:
            self.close()
            raise
        self.num_channels = self._first.layout.nb_channels
        self.layout = self._first.layout.name
        self.codec = self._stream.codec_context.name
        self.start_s = self._first.time or 0.0

    def __enter__(self) -> "SoundFile":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the file; may be called twice."""
        self._container.close()

    def blocks(self, start_s: float = 0.0, duration_s: float | None = None) -> Iterator[np.ndarray]:
        """Decode the sound, once, as float32 blocks (C, T) at its own rate, full scale at 1.

        Parameters
        ----------
        start_s, duration_s : float
            Part to read, in seconds. Default: all of it.

        Raises
        ------
        InputFileError
            If the sound ends before `start_s`, is shorter than 40 ms, or has a sample that is not
            finite.
        """
        start = round(start_s * self.sample_rate)
        stop = None if duration_s is None else start + round(duration_s * self.sample_rate)
        position = 0
        for block in _grouped(self._checked()):
            first, last = position, position + block.shape[1]
            position = last
            end = last if stop is None else min(last, stop)
            if max(first, start) < end:
                yield block[:, max(first, start) - first : end - first]
            if stop is not None and last >= stop:
                return
        length_s = position / self.sample_rate
        if length_s < SHORTEST_S:
            raise InputFileError(
                f"'{self.path}' lasts {1000 * length_s:.1f} ms, and one frame of video needs "
                f"{1000 * SHORTEST_S:.0f} ms. Use a longer recording."
            )
        if start >= position:
            raise InputFileError(
                f"'{self.path}' lasts {length_s:.2f} s, but should be read from {start_s:g} s on. "
                "Start earlier."
            )

    def _checked(self) -> Iterator[np.ndarray]:
        """Yield decoded frames as float arrays, cut at the end of the track."""
        position, held = 0, self._first
        for frame in self._frames:
            yield self._samples(held, position)
            position += held.samples
            held = frame
        yield self._samples(held, position)[:, : held.samples - self._surplus(held)]

    def _decoded(self) -> Iterator[av.AudioFrame]:
        """Yield frames and skip what can't be decoded, as players do."""
        self._end, broken = None, 0
        try:
            for packet in self._container.demux(self._stream):
                if packet.pts is not None and packet.duration:
                    self._end = packet.pts + packet.duration
                try:
                    yield from packet.decode()
                except av.error.InvalidDataError:
                    broken += 1
        except (av.error.FFmpegError, OSError):
            broken += 1
        if broken:
            logger.warning("'%s' is damaged; pieces of sound left out: %d.", self.path, broken)

    def _surplus(self, last: av.AudioFrame) -> int:
        """Count the samples of the last frame that are beyond the container's durations."""
        time_base = self._stream.time_base
        if last.pts is None or self._end is None or time_base != Fraction(1, self.sample_rate):
            return 0  # the time base is not one sample, so the durations are rounded
        surplus = last.pts + last.samples - self._end
        return surplus if 0 < surplus < last.samples else 0

    def _samples(self, frame: av.AudioFrame, position: int) -> np.ndarray:
        if (frame.sample_rate, frame.layout.nb_channels) != (self.sample_rate, self.num_channels):
            raise InputFileError(
                f"'{self.path}' changes its sample rate or channels after "
                f"{position / self.sample_rate:.2f} s. Convert it to one WAV file."
            )
        samples = _as_float(frame)
        if not np.isfinite(samples).all():
            bad = position + int(np.argmin(np.isfinite(samples).all(axis=0)))
            raise InputFileError(
                f"'{self.path}' has a sample that is not finite (NaN or infinity) at "
                f"{bad / self.sample_rate:.3f} s. Export it again, as 16-bit WAV for example."
            )
        return samples


def open_media(
    path: Path | BytesIO, kind: str = "sound", suggestion: str = SUGGESTION
) -> av.container.InputContainer:
    """Open a sound or video file for reading, or raise InputFileError; the caller closes it.

    `kind` and `suggestion` say in the message what the file should be, and what to use instead.
    """
    in_memory = isinstance(path, BytesIO)
    if not in_memory:
        check_input_file(path, kind)
    try:
        # Without the prefix, a colon in the name would make it a network protocol.
        return av.open(path if in_memory else f"file:{path}", metadata_errors="replace")
    except PermissionError as error:
        raise InputFileError(
            f"'{path}' can't be read: permission denied. Change its permissions."
        ) from error
    except (av.error.FFmpegError, OSError) as error:
        shown = f"{kind} in memory" if in_memory else path
        raise InputFileError(
            f"'{shown}' can't be read as {kind}: it is damaged or of another kind. {suggestion}."
        ) from error


def sound_stream(
    container: av.container.InputContainer, path: Path, track: int | None = None
) -> av.AudioStream:
    """Return a sound track of an open file, see `SoundFile`; InputFileError if there is none."""
    streams = container.streams.audio
    if not streams:
        raise InputFileError(f"'{path}' has no sound track. {SUGGESTION}.")
    if track is None:
        return next(
            (each for each in streams if each.disposition & Disposition.default), streams[0]
        )
    if not 0 <= track < len(streams):
        tracks = "; ".join(_descriptions(streams))
        raise InputFileError(f"'{path}' has no sound track {track}. Choose one of: {tracks}.")
    return streams[track]


def _descriptions(streams: Iterable[av.AudioStream]) -> list[str]:
    """Return sound tracks in words, such as ``1 (eng, 'Commentary', aac, 12.3 s)``."""
    texts = []
    for index, stream in enumerate(streams):
        language, title = stream.metadata.get("language"), stream.metadata.get("title")
        length_s = _length(stream)
        known = [
            language if language != "und" else None,
            title and f"'{title}'",
            stream.codec_context and stream.codec_context.name,
            length_s and f"{length_s:.1f} s",
        ]
        texts.append(f"{index} ({', '.join(filter(None, known))})")
    return texts


def _length(stream: av.AudioStream) -> float | None:
    """Return the length of a track in seconds as the container states it, None if it does not."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    parts = stream.metadata.get("DURATION", "").split(":")  # as Matroska has it: 00:01:02.5
    try:
        return sum(float(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=True))
    except ValueError:
        return None


def _as_float(frame: av.AudioFrame) -> np.ndarray:
    """Return a frame's samples as float32, shape (C, T), full scale at 1."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = rearrange(samples, "1 (n c) -> c n", c=frame.layout.nb_channels)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    with np.errstate(over="ignore"):
        return samples.astype(np.float32)


def _grouped(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Join small frames, because every block costs its consumers a fixed time."""
    waiting, length = [], 0
    for samples in frames:
        waiting.append(samples)
        length += samples.shape[1]
        if length >= BLOCK_SAMPLES:
            yield np.concatenate(waiting, axis=1)
            waiting, length = [], 0
    if length:
        yield np.concatenate(waiting, axis=1)
