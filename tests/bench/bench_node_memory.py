"""Peak memory of `MoDARenderVideo` in a real ComfyUI: 60 s of 1280x720 with the starter.

Needs COMFYUI_PATH, and to be started with ComfyUI's Python. In a process of its own the host's
loader and executor run, without a server. Idle is the host with the pack loaded, before any prompt.
"""

import ctypes
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.browser.tools import find_comfyui, find_interpreter

from .progress import Progress

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "moda_core" / "example"
SIZE = (1280, 720)
SECONDS = 60
REQUIRED_MIB = 1024
# Only `tests` is found through the project: the pack is loaded from its folder, as in the host.
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.bench.bench_node_memory import measure
from tests.host import host
sys.path.remove(sys.argv[1])
measure(host.start_host(), sys.argv[2])
"""


def write_inputs(folder: Path) -> None:
    """Write the example's portrait in a picture of the size, and its speech again and again."""
    from .bench_talk_memory import write_sound  # needs moda_core, which the child does not find

    portrait = Image.open(EXAMPLE / "portrait.jpg")
    portrait.thumbnail(SIZE)
    picture = Image.new("RGB", SIZE, "gray")
    picture.paste(portrait, ((SIZE[0] - portrait.width) // 2, 0))
    picture.save(folder / "portrait.png")
    write_sound(folder / "speech.wav", SECONDS / 60)


def node(class_type: str, **inputs) -> dict:
    """Return a node of a prompt."""
    return {"class_type": class_type, "inputs": inputs}


def motion_prompt() -> dict:
    """Return a prompt that makes all that the render takes, with every widget's usual value."""
    starter = {"precision": "auto"}
    name = "starter (built in)"
    return {
        "image": node("LoadImage", image="portrait.png"),
        "sound": node("LoadAudio", audio="speech.wav"),
        "encoder": node("MoDALoadAudioEncoder", encoder=name, **starter),
        "model": node("MoDALoadMotionModel", model=name, **starter),
        "renderer": node("MoDALoadRenderer", renderer=name, **starter),
        "features": node("MoDAEncodeAudio", audio_encoder=["encoder", 0], audio=["sound", 0]),
        "portrait": node("MoDAExtractIdentity", renderer=["renderer", 0], image=["image", 0]),
        "motion": node(
            "MoDASampleMotion",
            model=["model", 0],
            audio_features=["features", 0],
            portrait=["portrait", 0],
        ),
        "shown": node("MoDAPreviewMotion", motion=["motion", 0]),
    }


def video_prompt() -> dict:
    """Return the same prompt with the render."""
    links = {name: [name, 0] for name in ("renderer", "portrait", "motion")}
    video = node("MoDARenderVideo", audio=["features", 1], **links)
    save = node("SaveVideo", video=["video", 0])
    return {**motion_prompt(), "video": video, "save": save}


def with_defaults(prompt: dict, host) -> dict:
    """Fill in the widgets that a prompt leaves out; inputs of core loaders are all given."""
    filled = [entry for entry in prompt.values() if not entry["class_type"].startswith("Load")]
    for entry in filled:
        for name, spec in host.object_info(entry["class_type"])["input"]["required"].items():
            options = spec[1] if len(spec) > 1 else {}
            if "default" in options:
                entry["inputs"].setdefault(name, options["default"])
    return prompt


def memory_mib(field: str) -> float:
    """Return a line of this process's status, `VmRSS` or `VmHWM`, in MiB."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024


def settled_mib() -> float:
    """Return the memory in use once the allocator gave back what it held, and reset the peak."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return memory_mib("VmRSS")


def run_prompt(host, prompt: dict, folder: str) -> list[str]:
    """Run a prompt; return what was executed.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    files = {name: Path(folder, name) for name in ("portrait.png", "speech.wav")}
    result = host.run(with_defaults(prompt, host), files)
    if result.error:
        raise RuntimeError(f"The prompt failed at {result.error_node}: {result.error}")
    return result.ran


def measure(host, folder: str) -> None:
    """Run both prompts in this process; print the figures."""
    idle = settled_mib()
    run_prompt(host, motion_prompt(), folder)
    inputs = settled_mib()
    start = time.perf_counter()
    ran = run_prompt(host, video_prompt(), folder)
    seconds = time.perf_counter() - start
    peak = memory_mib("VmHWM")
    figures = {
        "host": host.name,
        "executed": ran,
        "idle_mib": idle,
        "peak_above_idle_mib": peak - idle,
        "peak_above_inputs_mib": peak - inputs,
        "render_seconds": seconds,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. The host chooses device and precision."""
    if sys.platform != "linux":
        raise RuntimeError("The peak of memory can only be reset on Linux.")
    comfyui = find_comfyui()
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder))
        Progress("node-memory", 1)(f"ComfyUI renders {SECONDS} s")
        command = [find_interpreter(comfyui), "-c", CHILD, str(ROOT), folder]
        environment = {**os.environ, "COMFYUI_PATH": str(comfyui)}
        environment.pop("PYTHONPATH", None)
        result = subprocess.run(
            command, stdout=subprocess.PIPE, check=True, cwd=folder, env=environment
        )
    figures = json.loads(result.stdout.splitlines()[-1])
    return {**figures, "seconds": SECONDS, "size": SIZE, "required_at_most_mib": REQUIRED_MIB}
