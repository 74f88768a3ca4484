"""Peak memory of `talk --models` on ten minutes of stereo sound over that on one minute.

The networks are stand-ins of the right shapes, so that ten minutes render in minutes: a HuBERT and
a transformer of few channels, and a renderer that colours frames by their keypoints. All else is
what `talk` runs. The features themselves, 55 MB a minute, are taken off.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .bench_talk_memory import EXAMPLE, ROOT, write_sound

FEATURE_BYTES = 25 * 12 * 768 * 4  # a second
REQUIRED = 1.15


def child(minutes: int, sound: str, video: str, device: str) -> None:
    """Run `talk` with the stand-ins; print frames and peak memory."""
    from unittest import mock

    from moda_core.cli import talk
    from moda_core.model_files.model_folder import ModelFiles
    from moda_core.runtime.stopwatch import peak_memory

    from .stand_ins import stand_in_bundle

    files = mock.Mock(spec=ModelFiles, yunet=None)
    with (
        mock.patch.object(talk, "find_model_files", return_value=files),
        mock.patch.object(talk, "load_released", return_value=stand_in_bundle(device)),
    ):
        settings = talk.TalkSettings(device=device, models=Path("stand-ins"))
        result = talk.talk(EXAMPLE / "portrait.jpg", sound, video, settings)
    features = FEATURE_BYTES * 60 * int(minutes)
    print(json.dumps({"frames": result.num_frames, "peak": peak_memory() - features}))


def peak_of(minutes: int, folder: Path, device: str) -> dict:
    """Run `child` in a process of its own; return its frames and peak memory."""
    sound, video = folder / f"{minutes}.wav", folder / f"{minutes}.mp4"
    write_sound(sound, minutes)
    command = [sys.executable, "-m", "tests.bench.bench_released_memory"]
    command += [str(minutes), str(sound), str(video), device]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return json.loads(result.stdout.splitlines()[-1])


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = (peak_of(minutes, Path(folder), device) for minutes in (1, 10))
    return {
        "dtype": "float32",
        "networks": "stand-ins",
        "peak_1_min_mib": short["peak"] / 2**20,
        "peak_10_min_mib": long["peak"] / 2**20,
        "frames": [short["frames"], long["frames"]],
        "ratio": long["peak"] / short["peak"],
        "required_at_most": REQUIRED,
    }


if __name__ == "__main__":
    child(*sys.argv[1:])
