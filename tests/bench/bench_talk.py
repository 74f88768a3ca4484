"""Speed of `talk` over real time, everything included, for portraits of three sizes.

Without a portrait of one's own the example's is scaled and set into pictures of those sizes.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from .bench_talk_memory import EXAMPLE, ROOT, write_sound
from .progress import Progress

SIZES = ((512, 512), (1280, 720), (1920, 1080))
REQUIRED = 0.8
MINUTES = 0.5


def write_portrait(source: Path, path: Path, size: tuple[int, int]) -> None:
    """Scale a portrait to the height of a picture and set it in the middle."""
    portrait = Image.open(source).convert("RGB")
    width = round(portrait.width * size[1] / portrait.height)
    picture = Image.new("RGB", size, "grey")
    picture.paste(portrait.resize((width, size[1])), ((size[0] - width) // 2, 0))
    picture.save(path)


def run(portrait: str = "", device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    source, ratios = Path(portrait or EXAMPLE / "portrait.jpg"), {}
    progress = Progress("talk", len(SIZES))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sound(folder / "speech.wav", MINUTES)
        for size in SIZES:
            progress("x".join(map(str, size)))
            write_portrait(source, folder / "portrait.png", size)
            inputs = [folder / "portrait.png", folder / "speech.wav", "-o", folder / "out.mp4"]
            command = [sys.executable, "-m", "moda_core", "talk", *map(str, inputs)]
            command += ["--device", device]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
            ratios["x".join(map(str, size))] = 60 * MINUTES / (time.perf_counter() - start)
    return {
        "dtype": "float32",
        "real_time": ratios,
        "required": REQUIRED,
        "seconds_of_speech": 60 * MINUTES,
    }
