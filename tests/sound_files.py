"""Sound files for tests, written without soundfile, which the pack does not need."""

from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from scipy.io import wavfile

# By the name of a coding: FFmpeg's encoder, and the type of the samples that it takes.
CODECS = {
    "PCM_24": ("pcm_s24le", "s32"),
    "ULAW": ("pcm_mulaw", "s16"),
    "ALAW": ("pcm_alaw", "s16"),
    ".flac": ("flac", "s16"),
    ".aiff": ("pcm_s16be", "s16"),
    ".mp3": ("libmp3lame", "fltp"),
    ".ogg": ("vorbis", "fltp"),  # FFmpeg's own, for stereo; it does not mark the last sample
}
LAYOUTS = {1: "mono", 2: "stereo"}


def quantize(samples: np.ndarray, bits: int) -> np.ndarray:
    """Return integers of a number of bits by libsndfile's rule: to 32 bits, the lower ones cut off.

    Parameters
    ----------
    samples : array of float
        Full scale is 1; what lies beyond is clipped.
    bits : int
        Up to 32.

    Returns
    -------
    array of int64
        For 16 bits ``floor(rint(2**31 x) / 2**16)``: floor, not round (spec A.1.5).
    """
    full = np.rint(2.0**31 * np.asarray(samples, np.float64))
    return np.clip(full, -(2**31), 2**31 - 1).astype(np.int64) >> (32 - bits)


def write_sound(path: Path, samples: np.ndarray, sample_rate: int, subtype: str = "PCM_16") -> Path:
    """Write a sound file; its suffix names the format.

    Parameters
    ----------
    path : Path
        WAV, FLAC, AIFF, MP3 or Ogg Vorbis.
    samples : array, shape (num_samples,) or (num_samples, channels)
        Full scale is 1.
    sample_rate : int
        In hertz.
    subtype : str
        Coding of a WAV by libsndfile's name; beyond two channels not "PCM_24", "ULAW" or "ALAW".

    Returns
    -------
    Path
        The file.
    """
    wav = {
        "PCM_U8": lambda: (quantize(samples, 8) + 128).astype(np.uint8),
        "PCM_16": lambda: quantize(samples, 16).astype(np.int16),
        "PCM_32": lambda: quantize(samples, 32).astype(np.int32),
        "FLOAT": lambda: np.asarray(samples, np.float32),
        "DOUBLE": lambda: np.asarray(samples, np.float64),
    }
    if path.suffix == ".wav" and subtype in wav:
        wavfile.write(path, sample_rate, wav[subtype]())
    else:
        encode(path, samples, sample_rate, *CODECS.get(path.suffix) or CODECS[subtype])
    return path


def encode(path: Path, samples: np.ndarray, sample_rate: int, codec: str, form: str) -> None:
    """Encode a file of one or two channels with FFmpeg."""
    frames = np.reshape(samples, (len(samples), -1))
    if form == "fltp":
        data = frames.T.astype(np.float32)
    else:
        bits = 24 if codec == "pcm_s24le" else 16
        data = (quantize(frames, bits) << (int(form[1:]) - bits)).reshape(1, -1)
        data = data.astype(f"int{form[1:]}")
    layout = LAYOUTS[frames.shape[1]]
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(data), form, layout)
    frame.sample_rate, frame.pts = sample_rate, 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=sample_rate, options={"strict": "-2"})
        stream.layout = layout
        container.mux([*stream.encode(frame), *stream.encode(None)])


def write_tracks(
    path: Path, tracks: dict[str, np.ndarray], sample_rate: int, default: int | None = None
) -> Path:
    """Write a Matroska or MP4 file with several sound tracks of one channel.

    Parameters
    ----------
    tracks : dict of str to array, shape (num_samples,)
        By title; the language is the title's first three letters in lower case.
    default : int, optional
        Index of the track that is marked as default; none by default.
    """
    codec, form = ("aac", "fltp") if path.suffix == ".mp4" else ("flac", "s16")
    with av.open(str(path), "w") as container:
        streams = []
        for index, title in enumerate(tracks):
            stream = container.add_stream(codec, rate=sample_rate)
            stream.layout = "mono"
            stream.metadata.update(title=title, language=title[:3].lower())
            stream.disposition = Disposition.default if index == default else Disposition(0)
            streams.append(stream)
        for stream, samples in zip(streams, tracks.values(), strict=True):
            data = samples if form == "fltp" else quantize(samples, 16)
            data = np.asarray(data, "float32" if form == "fltp" else "int16")[None]
            frame = av.AudioFrame.from_ndarray(data, form, "mono")
            frame.sample_rate, frame.pts = sample_rate, 0
            container.mux([*stream.encode(frame), *stream.encode(None)])
    return path
