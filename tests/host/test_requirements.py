"""Installing the pack changes nothing in a ComfyUI: it brings all that the pack needs."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = json.loads(Path(__file__).with_name("comfyui-0.8.0-requirements.json").read_text("utf-8"))
OPTIONAL = {"soundfile"}  # av decodes where it is missing
# The host sets no bound for torch; 2.4 is the oldest that it can run with.
HOST_BOUNDS = {**HOST["packages"], "torch": "2.4"}


def numbers(version):
    return tuple(int(part) for part in version.split(".")) if version else ()


def requirements(name):
    lines = (ROOT / name).read_text("utf-8").split()
    return dict(re.fullmatch(r"([\w-]+)(?:>=([\d.]+))?", line).groups("") for line in lines)


def test_every_requirement_is_met_by_the_host():
    for name, minimum in requirements("requirements.txt").items():
        if name not in OPTIONAL:
            assert name in HOST_BOUNDS, f"{name} is not part of ComfyUI"
            assert numbers(minimum) <= numbers(HOST_BOUNDS[name])


def test_there_are_no_upper_bounds():
    text = (ROOT / "requirements.txt").read_text("utf-8")

    assert not re.search(r"[<=~!]=?\s*\d", text.replace(">=", ""))


def test_one_pin_is_in_the_developers_list():
    pins = re.findall(r"\S+==\S+", (ROOT / "requirements-dev.txt").read_text("utf-8"))

    assert pins == ["torch==2.13.0"]
