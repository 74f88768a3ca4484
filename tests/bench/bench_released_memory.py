"""Peak memory of `talk --models` on long stereo sound over that on short.

`long` compares ten minutes with one.

The networks are stand-ins of the right shapes, so that minutes of sound render in seconds: a HuBERT
and a transformer of few channels, and a renderer that colours frames by their keypoints. All else
is what `talk` runs. The features themselves, 55 MB a minute, are taken off.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .bench_talk_memory import EXAMPLE, ROOT, write_sound
from .progress import Progress

FEATURE_BYTES = 25 * 12 * 768 * 4  # a second
REQUIRED = 1.15
MINUTES, LONG_MINUTES = (0.5, 2.5), (1, 10)


def child(minutes: str, sound: str, video: str, device: str) -> None:
    """Run `talk` with the stand-ins; print frames and peak memory."""
    from types import SimpleNamespace
    from unittest import mock

    from moda_core.cli import talk
    from moda_core.runtime.stopwatch import peak_memory

    from .stand_ins import stand_in_bundle

    files = SimpleNamespace()  # those of the networks are not read
    with (
        mock.patch.object(talk, "find_model_files", return_value=files),
        mock.patch.object(talk, "load_released", return_value=stand_in_bundle(device)),
    ):
        settings = talk.TalkSettings(device=device, models=Path("stand-ins"))
        result = talk.talk(EXAMPLE / "portrait.jpg", sound, video, settings)
    features = FEATURE_BYTES * 60 * float(minutes)
    print(json.dumps({"frames": result.num_frames, "peak": peak_memory() - features}))


def peak_of(minutes: float, folder: Path, device: str) -> dict:
    """Run `child` in a process of its own; return its frames and peak memory."""
    sound, video = folder / f"{minutes}.wav", folder / f"{minutes}.mp4"
    write_sound(sound, minutes)
    command = [sys.executable, "-m", "tests.bench.bench_released_memory"]
    command += [str(minutes), str(sound), str(video), device]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return json.loads(result.stdout.splitlines()[-1])


def run(*, long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. `long` takes longer sounds."""
    lengths, peaks = LONG_MINUTES if long else MINUTES, []
    progress = Progress("memory", len(lengths))
    with tempfile.TemporaryDirectory() as folder:
        for minutes in lengths:
            progress(f"{minutes} minutes")
            peaks.append(peak_of(minutes, Path(folder), device))
    return {
        "dtype": "float32",
        "networks": "stand-ins",
        "minutes": lengths,
        "peak_mib": [found["peak"] / 2**20 for found in peaks],
        "frames": [found["frames"] for found in peaks],
        "ratio": peaks[1]["peak"] / peaks[0]["peak"],
        "required_at_most": REQUIRED,
    }


if __name__ == "__main__":
    child(*sys.argv[1:])
