"""Time until the face picker shows the faces of a picture of 12 megapixels, and again.

The routes' answers, by the stand-in host, as the page asks for them: first for what a quick look
finds, and the picture; then for small faces too. Networks are loaded with the first one.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from .progress import Progress

ROOT = Path(__file__).resolve().parents[2]
PORTRAITS = [ROOT / "moda_core" / "example" / f"{name}portrait.jpg" for name in ("", "second_")]
SIZE = (4000, 3000)
PLACES = ((300, 1100), (1500, 1800), (2700, 900))  # left edge and height of each portrait
SHOWN_LIMIT_S, AGAIN_LIMIT_S = 1.5, 0.1
# Only `tests` is found through the project: the pack is loaded from its folder, as in the host.
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.bench.bench_picker import measure
from tests.host import host
sys.path.remove(sys.argv[1])
measure(host.start_host(), sys.argv[2])
"""


def write_photo(path: Path) -> None:
    """Write a photo of 12 megapixels with three faces."""
    photo = Image.radial_gradient("L").resize(SIZE).convert("RGB")
    for (left, height), portrait in zip(PLACES, [*PORTRAITS, PORTRAITS[0]], strict=True):
        with Image.open(portrait) as image:
            photo.paste(image.resize((image.width * height // image.height, height)), (left, 400))
    photo.save(path, quality=92)


def measure(host, photo: str) -> None:
    """Ask as the page does; print the figures."""
    picker = importlib.import_module(f"{host.pack.__name__}.nodes.face_picker")
    shutil.copyfile(photo, host.input_folder / "photo.jpg")
    query, figures = {"filename": "photo.jpg"}, {}

    def timed(name: str, *answers) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        found = [answer() for answer in answers]
        figures[f"{name}_s"] = round(time.perf_counter() - wall, 3)
        figures[f"{name}_cpu_s"] = round(time.process_time() - cpu, 3)
        figures[f"{name}_faces"] = len(found[0][1]["faces"])

    def faces(**more):
        return lambda: picker.faces_answer({**query, **more})

    def picture():
        return picker.picture_answer(query)

    timed("shown", faces(quick="1"), picture)
    timed("complete", faces())
    timed("again", faces(quick="1"), picture)
    sys.stdout.write(json.dumps(figures) + "\n")


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure in a process of its own; return the figures."""
    Progress("picker", 1)("asks for faces")
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        write_photo(photo)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment.pop("COMFYUI_PATH", None)
        command = [sys.executable, "-c", CHILD, str(ROOT), str(photo)]
        result = subprocess.run(
            command, stdout=subprocess.PIPE, check=True, cwd=folder, env=environment
        )
    figures = json.loads(result.stdout.splitlines()[-1])
    limits = {"required_shown_s": SHOWN_LIMIT_S, "required_again_s": AGAIN_LIMIT_S}
    return {**figures, "size": SIZE, **limits}
