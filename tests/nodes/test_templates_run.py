"""The templates, as the page sends them, to finished videos, in an empty input folder."""

import json
from pathlib import Path

import pytest

from ..host.graph_to_prompt import core_schemas, graph_to_prompt
from ..host.host import ROOT
from .media import read_video

WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
# All others need a real host.
IN_STAND_IN = {"LoadImage", "LoadAudio", "LoadVideo", "CreateVideo", "GetVideoComponents"}
IN_STAND_IN |= {"SaveVideo", "PreviewImage", "SaveImage", "ImageScale", "MarkdownNote"}


def params():
    """Yield each template that the starter can run, marked with what it needs."""
    for path in WORKFLOWS:
        types = {each["type"] for each in json.loads(path.read_text("utf-8"))["nodes"]}
        ours = {each for each in types if each.startswith("MoDA")}
        marks = [] if types <= IN_STAND_IN | ours else [pytest.mark.real_host]
        if "MoDATalkingPortrait" in types:  # its sound cannot be cut short
            marks.append(pytest.mark.slow)
        if not path.stem.startswith("released"):
            yield pytest.param(path, id=path.stem, marks=marks)


def prompt_of(host, path: Path) -> dict:
    """Return a template's prompt."""
    ours = [name for name in host.node_classes if name.startswith("MoDA")]
    infos = json.loads(json.dumps({name: host.object_info(name) for name in ours}))
    return graph_to_prompt(json.loads(path.read_text("utf-8")), {**core_schemas(), **infos})


def shorten(prompt: dict) -> None:
    """Let the nodes hear and sample less."""
    for each in prompt.values():
        if each["class_type"] == "MoDAEncodeAudio":
            each["inputs"]["duration"] = 0.4
        if each["class_type"] == "MoDASampleMotion":
            each["inputs"]["steps"] = 2
        if each["class_type"] == "MoDARenderFrames":
            each["inputs"]["count"] = min(each["inputs"]["count"], 4)


@pytest.mark.parametrize("path", list(params()))
def test_a_template_runs_to_its_videos_and_pictures(host, path):
    prompt = prompt_of(host, path)
    shorten(prompt)

    result = host.run(prompt)

    assert result.error is None
    assert list(host.input_folder.iterdir()) == []
    saved = [each for each in host.output_folder.rglob("*") if each.is_file()]
    wanted = [each for each in prompt.values() if each["class_type"] == "SaveVideo"]
    assert len([each for each in saved if each.suffix == ".mp4"]) == len(wanted)
    for video in saved:
        seen = read_video(video)
        assert len(seen.frames) > 0
        assert seen.frames.std() > 10
        assert seen.sound is None or seen.sound.shape[-1] > 0


def test_there_are_templates_for_the_starter():
    assert len(list(params())) >= 7
