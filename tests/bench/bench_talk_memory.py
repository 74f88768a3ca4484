"""Peak memory of `talk` on long stereo sound over that on short; ten minutes over one if `long`.

`python run.py bench talk-memory [clip]`: with "clip", a video as long as the sound is given the
speech, instead of a portrait.
"""

import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import torch

from moda_core.audio.waveform import decode_blocks
from moda_core.bundles.load import load_starter
from moda_core.video.writer import VideoWriter
from tests.sound_files import quantize

from .progress import Progress

SAMPLE_RATE = 44100
REQUIRED = 1.15
MINUTES, LONG_MINUTES = (0.5, 2.5), (1, 10)
CLIP_S = 6.0
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "moda_core" / "example"

CHILD = """
import json, sys
from moda_core.runtime.stopwatch import peak_memory
from moda_core.cli.talk import TalkSettings, talk
result = talk(*sys.argv[1:4], TalkSettings(device=sys.argv[4]))
print(json.dumps({"frames": result.num_frames, "peak": peak_memory()}))
"""


def write_sound(path: Path, minutes: float) -> None:
    """Repeat the example's speech as 16-bit stereo at 44.1 kHz."""
    speech = np.concatenate(list(decode_blocks(EXAMPLE / "speech.flac", SAMPLE_RATE)))
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        left = int(minutes * 60 * SAMPLE_RATE)
        while left > 0:
            part = speech[:left]
            stereo = np.stack([part, 0.5 * part], axis=1)
            file.writeframes(quantize(stereo, 16).astype("<i2").tobytes())
            left -= len(part)


def write_clip(path: Path, minutes: float) -> None:
    """Repeat a few seconds of the portrait, which speaks."""
    starter = load_starter()
    portrait = starter.portrait(EXAMPLE / "portrait.jpg")
    motion = starter.perform(portrait, starter.encode(EXAMPLE / "speech.flac", CLIP_S))
    frames = torch.cat(list(starter.render(portrait, motion)))
    count = round(minutes * 60 * motion.fps)
    with VideoWriter(path, portrait.size, motion.fps, count) as writer:
        for start in range(0, count, len(frames)):
            writer.write(frames[: count - start])


def peak_of(minutes: float, folder: Path, device: str, is_clip: bool) -> dict:
    """Run `talk` in a process of its own; return its frames and peak memory."""
    sound = folder / f"{minutes}.wav"
    write_sound(sound, minutes)
    source, video = EXAMPLE / "portrait.jpg", folder / f"{minutes}.mp4"
    if is_clip:
        source = folder / f"{minutes}-clip.mp4"
        write_clip(source, minutes)
    inputs = [source, sound, video, device]
    command = [sys.executable, "-c", CHILD, *map(str, inputs)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return json.loads(result.stdout.splitlines()[-1])


def run(
    what: str = "portrait", *, long: bool = False, device: str = "cpu", dtype: str = "float32"
) -> dict:
    """Measure; return the figures. `long` takes longer sounds."""
    lengths, peaks = LONG_MINUTES if long else MINUTES, []
    progress = Progress("talk-memory", len(lengths))
    with tempfile.TemporaryDirectory() as folder:
        for minutes in lengths:
            progress(f"{minutes} minutes")
            peaks.append(peak_of(minutes, Path(folder), device, what == "clip"))
    return {
        "dtype": "float32",
        "minutes": lengths,
        "peak_mib": [found["peak"] / 2**20 for found in peaks],
        "frames": [found["frames"] for found in peaks],
        "ratio": peaks[1]["peak"] / peaks[0]["peak"],
        "required_at_most": REQUIRED,
    }
