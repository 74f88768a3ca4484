"""Clips for tests: lossless, with any times, pixels, colours and orientation."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.sound_files import quantize

MILLISECOND = Fraction(1, 1000)
PIXELS = {"ffv1": "bgr0", "libx264": "yuv420p"}  # for arrays, by codec


def write_clip(
    path: Path,
    frames: Sequence[av.VideoFrame | np.ndarray],
    times_ms: Sequence[int] | None = None,
    codec: str = "ffv1",
    tags: tuple[int, int, int, int] = (2, 2, 2, 0),
    aspect: Fraction | None = None,
    sound: tuple[np.ndarray, int] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip.

    Parameters
    ----------
    frames : sequence of VideoFrame or array (H, W, 3), uint8
        In the pixel format to code, or RGB; of ffv1, which loses nothing, RGB stays so.
    times_ms : sequence of int, optional
        Default: 40 ms apart.
    tags : (matrix, primaries, transfer, range)
        By FFmpeg's numbers; the default is unspecified.
    aspect : Fraction, optional
        Of a pixel: its width over its height.
    sound : (array of shape (T,), start in milliseconds), optional
        At 8000 samples a second.
    """
    frames = [
        each
        if isinstance(each, av.VideoFrame)
        else av.VideoFrame.from_ndarray(each, "rgb24").reformat(format=PIXELS[codec])
        for each in frames
    ]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, 25, options)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        context = stream.codec_context
        context.time_base = MILLISECOND
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = tags
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        heard = None if sound is None else container.add_stream("flac", 8000, layout="mono")
        times_ms = range(0, 40 * len(frames), 40) if times_ms is None else times_ms
        for time_ms, frame in zip(times_ms, frames, strict=True):
            frame.pts, frame.time_base = time_ms, MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if heard is not None:
            samples = av.AudioFrame.from_ndarray(
                quantize(sound[0], 16)[None].astype("i2"), "s16", "mono"
            )
            samples.sample_rate, samples.pts = 8000, 8 * sound[1]
            container.mux([*heard.encode(samples), *heard.encode(None)])
    return path


def flat_frame(values: tuple[int, int, int], form: str, size=(64, 48)) -> av.VideoFrame:
    """Return a frame of one colour: the values of its three planes."""
    frame = av.VideoFrame(*size, form)
    for plane, value in zip(frame.planes, values, strict=True):
        sample = np.uint16 if form.endswith("le") else np.uint8
        plane.update(np.full(plane.buffer_size // sample().itemsize, value, sample).tobytes())
    return frame


def set_display_matrix(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Give an MP4 or MOV file a display matrix: a, b, c and d of x' = a x + c y, y' = b x + d y."""
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 4 + 20 + 16  # version 0: times and numbers, then flags
    a, b, c, d = (value << 16 for value in matrix)
    numbers = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], ">i4")
    content[start : start + 36] = numbers.tobytes()
    path.write_bytes(content)
    return path
