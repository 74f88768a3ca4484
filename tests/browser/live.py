"""`python run.py browser-test --live`: the live page in Chromium, with a microphone of a file.

Prints milliseconds: ``click_to_photon`` from the choice of a recording to the first picture whose
jaw is 0.1 above rest, ``microphone_to_photon`` the same from the first spoken sound,
``closed`` and ``silent`` from a click on Interrupt until the lips touch and nothing is heard,
``recording_offset`` and ``microphone_offset`` by how much pictures are later than their sounds at
the beginnings of speech, ``drift`` by how much that changes, and ``held`` by how much pictures had
to be shown later; ``window`` is what the server takes for two frames, and ``pace`` what was played
over real time. ``--long`` listens for ten minutes.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .archive import ROOT
from .server import free_port
from .tools import find_chromium, find_node

SCREENSHOTS = ROOT / "output" / "browser"
EXAMPLE = ROOT / "moda_core" / "example"
START_LIMIT_S = 120
CYCLE_S, LONG_S, SHORT_CYCLES = 5.0, 600.0, 5
RATE = 48000
SPOKEN = 0.02
# Largest median, and what is measured by its largest absolute value.
MEDIANS = {"click_to_photon": 400, "microphone_to_photon": 400, "closed": 200, "silent": 100}
LARGEST = {"recording_offset": 20, "microphone_offset": 20, "drift": 20}
LEAST_PACE = 0.99


def write_sounds(folder: Path) -> tuple[Path, Path]:
    """Write what the microphone hears, again and again, and a recording that begins at once."""
    import numpy as np

    from moda_core.audio.waveform import load_clip
    from tests.sound_files import write_sound

    sound, rate = load_clip(EXAMPLE / "speech.flac")
    samples = sound.mean(0).numpy()
    begins = int(np.flatnonzero(np.abs(samples) > SPOKEN)[0])
    samples = samples[begins:]
    places = np.arange(int(len(samples) / rate * RATE)) * (rate / RATE)
    speech = np.interp(places, np.arange(len(samples)), samples)
    cycle = np.zeros(round(CYCLE_S * RATE))
    word = speech[: round(1.5 * RATE)] * np.minimum(1, np.arange(round(1.5 * RATE))[::-1] / 2400)
    cycle[2 * RATE :][: len(word)] = word
    paths = folder / "microphone.wav", folder / "speech.wav"
    write_sound(paths[0], cycle, RATE)
    write_sound(paths[1], speech, RATE)
    return paths


def answers(url: str) -> bool:
    """Tell whether a server answers at an address."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def running(folder: Path, size: int | None) -> Iterator[str]:
    """Run the page's server for the time of a block; yields its address.

    Raises RuntimeError if it does not start, with the end of what it wrote.
    """
    url, log = f"http://127.0.0.1:{free_port()}/", folder / "live.log"
    port = url.rstrip("/").rsplit(":", 1)[1]
    command = [sys.executable, "-m", "moda_core", "live", "--no-browser", "--port", port]
    sized = [] if size is None else ["--size", str(size)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *sized],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},  # as `run.py live` sets it
        )
    try:
        limit = time.monotonic() + START_LIMIT_S
        while not answers(url):
            if time.monotonic() > limit or process.poll() is not None:
                said = log.read_text("utf-8", "replace")
                raise RuntimeError(f"'run.py live' did not start:\n{said}")
            time.sleep(0.3)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def drive(url: str, folder: Path, long: bool) -> dict:
    """Drive the page; return what `live_page.mjs` reports. Raises RuntimeError if it fails."""
    node, node_path = find_node()
    microphone, speech = write_sounds(folder)
    cycles = round(LONG_S / CYCLE_S) if long else SHORT_CYCLES
    job = {
        "url": url,
        "chromium": find_chromium(),
        "microphone": str(microphone),
        "speech": str(speech),
        "picture": str(EXAMPLE / "second_portrait.jpg"),
        "prefix": f"{SCREENSHOTS}{os.sep}",
        "cycles": cycles,
    }
    path = folder / "job.json"
    path.write_text(json.dumps(job), "utf-8")
    result = subprocess.run(
        [node, str(Path(__file__).with_name("live_page.mjs")), str(path)],
        env={**os.environ, "NODE_PATH": node_path},
        stdout=subprocess.PIPE,
        check=False,
    )
    if result.returncode:
        raise RuntimeError("The live page could not be driven; see above.")
    return json.loads(result.stdout.splitlines()[-1])


def judged(figures: dict) -> list[str]:
    """Return what of the figures is above its limit, a line each."""
    problems = []
    for name, limit in MEDIANS.items():
        median = statistics.median(figures[name])
        if median > limit:
            problems.append(f"{name} is {median:.0f} ms, at most {limit} are asked for")
    for name, limit in LARGEST.items():
        values = figures[name] if isinstance(figures[name], list) else [figures[name]]
        if not values:
            problems.append(f"{name} could not be measured")
        elif max(map(abs, values)) > limit:
            problems.append(f"{name} is {max(values, key=abs):.0f} ms, {limit} are allowed")
    if figures["pace"] < LEAST_PACE:
        problems.append(f"pace is {figures['pace']:.3f} of real time")
    return problems


def shown(value: float | list[float] | None) -> str:
    """Return a figure as text, of a list its median and extremes."""
    if not isinstance(value, list):
        return "-" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")
    if not value:
        return "none"
    values = [float("inf") if each is None else each for each in value]
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:.0f} ({least:.0f} to {most:.0f}, {len(values)} times)"


def live_problems(size: int | None, long: bool, show) -> list[str]:
    """Run the test; return what is wrong, a line each."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running(Path(name), size) as url:
        report = drive(url, Path(name), long)
    for name, value in report["figures"].items():
        show(f"{name}: {shown(value)}")
    return report["problems"] + report["messages"] + judged(report["figures"])
