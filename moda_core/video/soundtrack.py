"""The sound of a video: its source, and its AAC packets, copied or encoded.

The track lasts exactly as long as the picture. The samples before time 0 that every AAC decoder
needs have negative time stamps: with the container's edit list (or Matroska's codec delay), players
skip them.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from einops import rearrange
from torch import Tensor

from ..audio.sound_file import SoundFile, open_media, sound_stream
from ..audio.waveform import channel_blocks, frame_count
from ..motion.motion import Motion

# Rates of AAC, ISO/IEC 14496-3, table 1.18.
AAC_RATES = (
    *(7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
)
CHANNEL_BIT_RATE = 96_000
BITS_PER_SAMPLE = 5  # AAC allows 6 at most, which low rates would exceed
OPUS_RATES = (48000,)  # WebM has Opus
COPYING_FORMATS = ("mp4", "mov")  # they have an edit list
LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


@dataclass(frozen=True)
class AudioTrack:
    """A sound for a video.

    Parameters
    ----------
    source : str, Path or Tensor of shape (C, T) or (T,)
        A file with a sound track, or sound with full scale at 1.
    sample_rate : int, optional
        For a tensor only.
    start_s : float
        Where in the source the video starts, in seconds.
    track : int, optional
        For a file with several sound tracks, see `SoundFile`.

    Raises
    ------
    ValueError
        If a tensor comes without its rate or with a track, a file with a rate, or the start is
        negative or not finite.
    """

    source: str | Path | Tensor
    sample_rate: int | None = None
    start_s: float = 0.0
    track: int | None = None

    def __post_init__(self):
        if isinstance(self.source, Tensor) != (self.sample_rate is not None):
            raise ValueError("Give a sample rate with a tensor, and none with a file.")
        if isinstance(self.source, Tensor) and self.track is not None:
            raise ValueError(f"Got a tensor and track {self.track}. Give a track with a file.")
        if not 0 <= self.start_s < math.inf:
            raise ValueError(f"Expected a start of at least 0 s, got {self.start_s}.")


def num_video_frames(motion: Motion, sound_s: float | None, fps: float) -> int:
    """Return the number of frames of a video of a motion.

    Parameters
    ----------
    motion : Motion
    sound_s : float, optional
        Length of the sound. It sets the length of the video if it differs from that of the motion
        by at most one of the motion's frames.
    fps : float
        Frame rate of the video.
    """
    duration_s = len(motion) / motion.fps
    if sound_s is not None and abs(sound_s - duration_s) <= 1 / motion.fps:
        duration_s = sound_s
    return frame_count(duration_s, fps)


@dataclass(frozen=True)
class _CopyPlan:
    """Which packets of an AAC file to copy: sample `origin` of its packets becomes time 0."""

    origin: int
    first_packet: int
    packet_samples: int
    sample_rate: int


def add_sound(
    output: av.container.OutputContainer, track: AudioTrack, duration_s: Fraction
) -> Iterator[av.Packet]:
    """Add a sound stream to an output file and return its packets in order of time.

    AAC files are copied bit for bit into MP4 and MOV; other sound is encoded once, at its own rate
    if AAC supports it, for WebM as Opus, with more than two channels mixed down to stereo. It is
    cut, or padded with silence, to `duration_s`. Nothing may have been muxed yet; closing the
    iterator closes the source. InputFileError and ValueError tell why a file or tensor can't be
    used.
    """
    copies = output.format.name in COPYING_FORMATS and not isinstance(track.source, Tensor)
    plan = None
    if copies:
        with suppress(av.error.FFmpegError):  # the readable part of a damaged file is encoded
            plan = _copy_plan(track, duration_s)
    if plan is None:
        return _Encoder(output, track, duration_s).packets()
    with open_media(Path(track.source)) as source:
        stream = output.add_stream_from_template(_stream(source, track))
    return _copied(stream, track, plan, duration_s)


def _copy_plan(track: AudioTrack, duration_s: Fraction) -> _CopyPlan | None:
    """Return how to copy the packets, or None if only encoding gives the right sound."""
    with SoundFile(track.source, track.track) as sound:
        if sound.codec != "aac":
            return None
        rate, num_samples = sound.sample_rate, sum(block.shape[1] for block in sound.blocks())
    with open_media(Path(track.source)) as source:
        stream = _stream(source, track)
        packets = (packet for packet in source.demux(stream) if packet.size)
        opening = next(packets)
        frames, count = opening.decode(), 1
        first_pts, last_pts = opening.pts, opening.pts
        for packet in packets:
            frames = frames or packet.decode()
            last_pts, count = packet.pts, count + 1
    if first_pts is None or last_pts is None or not frames or frames[0].pts is None:
        return None
    # The first frame is short if the edit list cuts its beginning, so the size of whole packets is
    # taken from the codec and compared with their spacing.
    span = (last_pts - first_pts) * stream.time_base * rate
    packet_samples = stream.codec_context.frame_size
    delay = round((frames[0].pts - first_pts) * stream.time_base * rate)
    surplus = count * packet_samples - delay - num_samples
    regular = abs(span - (count - 1) * packet_samples) < packet_samples / 2
    start = round(track.start_s * rate)
    missing = round(duration_s * rate) - (num_samples - start)
    if not regular or not 0 <= surplus < 2 * packet_samples or missing > packet_samples:
        return None
    origin = delay + start
    first_packet = max(origin // packet_samples - 1, 0)  # AAC overlaps with the packet before
    return _CopyPlan(origin, first_packet, packet_samples, rate)


def _stream(source: av.container.InputContainer, track: AudioTrack) -> av.AudioStream:
    return sound_stream(source, Path(track.source), track.track)


def _copied(
    stream: av.AudioStream, track: AudioTrack, plan: _CopyPlan, duration_s: Fraction
) -> Iterator[av.Packet]:
    """Yield the packets of the source with new time stamps."""
    end = round(duration_s * plan.sample_rate)
    with open_media(Path(track.source)) as source:
        packets = (packet for packet in source.demux(_stream(source, track)) if packet.size)
        for index, packet in enumerate(packets):
            position = index * plan.packet_samples - plan.origin
            if position >= end:
                return
            if index >= plan.first_packet:
                packet.stream = stream
                packet.time_base = Fraction(1, plan.sample_rate)
                packet.pts = packet.dts = position
                packet.duration = min(plan.packet_samples, end - position)
                yield packet


class _Encoder:
    """An AAC stream of an output file."""

    def __init__(self, output, track: AudioTrack, duration_s: Fraction):
        in_memory = isinstance(track.source, Tensor)
        self._file = None if in_memory else SoundFile(track.source, track.track)
        if self._file:
            self.rate, channels = self._file.sample_rate, self._file.num_channels
            self._blocks = self._file.blocks(track.start_s)
            named = not self._file.layout.endswith(" channels")
            self._layout = self._file.layout if named else LAYOUTS.get(channels)
        else:
            self.rate = track.sample_rate
            channels = track.source.shape[0] if track.source.ndim == 2 else 1
            self._blocks = channel_blocks(track.source, track.sample_rate, track.start_s)
            self._layout = LAYOUTS.get(channels)
        self._length = round(duration_s * self.rate)
        output_channels = 2 if channels > 1 and self._layout else 1
        opus = output.format.name == "webm"
        rates = OPUS_RATES if opus else AAC_RATES
        coded_rate = min((rate for rate in rates if rate >= self.rate), default=rates[-1])
        self._stream = output.add_stream("libopus" if opus else "aac", rate=coded_rate)
        self._stream.layout = LAYOUTS[output_channels]
        bit_rate = min(CHANNEL_BIT_RATE, BITS_PER_SAMPLE * coded_rate)
        self._stream.bit_rate = output_channels * bit_rate

    def packets(self) -> Iterator[av.Packet]:
        """Encode block by block; mix and resample where AAC needs it."""
        position = 0
        try:
            for block in _fitted(self._blocks, self._length):
                if self._layout is None:
                    block = block.mean(axis=0, keepdims=True)
                samples = rearrange(block.astype(np.float32), "c n -> 1 (n c)")  # packed
                frame = av.AudioFrame.from_ndarray(samples, "flt", self._layout or "mono")
                frame.sample_rate, frame.time_base = self.rate, Fraction(1, self.rate)
                frame.pts = position
                position += block.shape[1]
                yield from self._stream.encode(frame)
            yield from self._stream.encode(None)
        finally:
            if self._file:
                self._file.close()


def _fitted(blocks: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """Cut blocks of sound, or pad them with silence, to `length` samples."""
    position, channels = 0, 1
    for block in blocks:
        channels = block.shape[0]
        kept = block[:, : length - position]
        position += kept.shape[1]
        if kept.shape[1]:
            yield kept
        if position >= length:
            return
    while position < length:
        silence = np.zeros((channels, min(length - position, 1 << 15)), np.float32)
        position += silence.shape[1]
        yield silence
