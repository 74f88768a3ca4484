"""Videos between nodes: a file, or frames and sound in memory."""

import io
import json
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import av
import numpy as np
import torch


class VideoContainer(str, Enum):
    """Formats of a video file."""

    AUTO = "auto"
    MP4 = "mp4"


class VideoCodec(str, Enum):
    """Ways to encode its pictures."""

    AUTO = "auto"
    H264 = "h264"


@dataclass
class VideoComponents:
    """Frames, shape (N, H, W, 3) of 0 to 1, their rate, and the sound."""

    images: torch.Tensor
    frame_rate: Fraction
    audio: dict | None = None
    metadata: dict | None = None


class Video:
    """Base of the videos."""


class VideoFromComponents(Video):
    """A video in memory."""

    def __init__(self, components: VideoComponents):
        self._components = components

    def get_components(self) -> VideoComponents:
        """Return frames and sound."""
        return self._components

    def get_dimensions(self) -> tuple[int, int]:
        """Return width and height."""
        return self._components.images.shape[2], self._components.images.shape[1]

    def get_frame_rate(self) -> Fraction:
        """Return the frames in a second."""
        return self._components.frame_rate

    def get_frame_count(self) -> int:
        """Return the number of frames."""
        return len(self._components.images)

    def get_duration(self) -> float:
        """Return the length in seconds."""
        return float(self.get_frame_count() / self.get_frame_rate())

    def save_to(self, path, format=VideoContainer.AUTO, codec=VideoCodec.AUTO, metadata=None):
        """Encode it as MP4 with H.264 and AAC."""
        parts, height, width = self._components, *self._components.images.shape[1:3]
        named = {"format": "mp4"} if VideoContainer(format) == VideoContainer.MP4 else {}
        with av.open(path, "w", options={"movflags": "use_metadata_tags"}, **named) as output:
            output.metadata.update(as_text(metadata))
            pictures = output.add_stream("h264", rate=Fraction(parts.frame_rate))
            pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
            sound = parts.audio and output.add_stream("aac", rate=parts.audio["sample_rate"])
            for image in parts.images:
                pixels = (image.float() * 255).clamp(0, 255).byte().cpu().numpy()
                output.mux(pictures.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            output.mux(pictures.encode(None))
            if sound:
                output.mux(sound.encode(sound_frame(parts.audio)))
                output.mux(sound.encode(None))


class VideoFromFile(Video):
    """A video file, by path or in memory; nothing is decoded before it is asked for."""

    def __init__(self, file: str | io.BytesIO):
        self._file = file

    def get_stream_source(self) -> str | io.BytesIO:
        """Return the path, or the bytes from their beginning."""
        if isinstance(self._file, io.BytesIO):
            self._file.seek(0)
        return self._file

    def _open(self):
        return av.open(self.get_stream_source(), "r")

    def get_dimensions(self) -> tuple[int, int]:
        """Return width and height."""
        with self._open() as container:
            return container.streams.video[0].width, container.streams.video[0].height

    def get_frame_rate(self) -> Fraction:
        """Return the frames in a second."""
        with self._open() as container:
            return Fraction(container.streams.video[0].average_rate)

    def get_frame_count(self) -> int:
        """Return the number of frames."""
        with self._open() as container:
            stated = container.streams.video[0].frames
            return stated or sum(1 for _ in container.decode(video=0))

    def get_duration(self) -> float:
        """Return the length in seconds."""
        with self._open() as container:
            return float(container.duration / av.time_base)

    def get_components(self) -> VideoComponents:
        """Decode all frames and the sound into memory."""
        with self._open() as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        with self._open() as container:
            audio = decode_sound(container) if container.streams.audio else None
        images = torch.from_numpy(np.stack(frames)).float() / 255
        return VideoComponents(images, self.get_frame_rate(), audio)

    def save_to(self, path, format=VideoContainer.AUTO, codec=VideoCodec.AUTO, metadata=None):
        """Copy the streams as they are; another format than MP4 with H.264 is not known."""
        with (
            self._open() as source,
            av.open(path, "w", options={"movflags": "use_metadata_tags"}) as output,
        ):
            output.metadata.update({**source.metadata, **as_text(metadata)})
            copies = {stream: output.add_stream_from_template(stream) for stream in source.streams}
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = copies[packet.stream]
                    output.mux(packet)


def as_text(metadata) -> dict[str, str]:
    """Return metadata as a file can hold it."""
    metadata = metadata or {}
    return {key: v if isinstance(v, str) else json.dumps(v) for key, v in metadata.items()}


def sound_frame(audio: dict) -> av.AudioFrame:
    """Return a sound, one or two channels, as one frame of interleaved samples."""
    waveform = audio["waveform"][0].float()
    layout = "mono" if len(waveform) == 1 else "stereo"
    samples = waveform.T.reshape(1, -1).contiguous().numpy()
    frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
    frame.sample_rate = audio["sample_rate"]
    return frame


def decode_sound(container) -> dict:
    """Return the first sound of a file as an AUDIO value, shape (1, C, T)."""
    rate = container.streams.audio[0].rate
    to_planes = av.AudioResampler(format="fltp")
    frames = [
        part.to_ndarray()
        for frame in container.decode(audio=0)
        for part in to_planes.resample(frame)
    ]
    waveform = torch.from_numpy(np.concatenate(frames, axis=1))[None]
    return {"waveform": waveform, "sample_rate": rate}
