"""The starter's whole graph on the host: what runs, what is kept, and how it ends early."""

import pytest

from .media import read_video
from .starter_graph import node, starter_prompt


def saved(host, result, node_id="save"):
    (shown,) = result.ui[node_id]["images"]
    return host.output_folder / shown["subfolder"] / shown["filename"]


def test_the_quick_start_saves_a_talking_portrait(host):
    result = host.run(starter_prompt(portrait={"points": ""}))
    seen = read_video(saved(host, result))

    assert (result.error, result.interrupted) == (None, False)
    assert sorted(result.ran) == sorted(starter_prompt())
    assert (len(seen.frames), seen.fps, seen.codec) == (10, 25, "h264")
    assert seen.sample_rate == 22050
    assert seen.frames.shape[1:] == (608, 608, 3)


def test_running_again_takes_all_from_the_cache(host):
    host.run(starter_prompt())

    assert host.run(starter_prompt()).ran == []


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"motion": {"guidance": 2.0}}, {"motion", "video", "save"}),
        ({"motion": {"seed": 1}}, {"motion", "video", "save"}),
        ({"video": {"quality": "high"}}, {"video", "save"}),
        ({"video": {"fps": 30.0}}, {"video", "save"}),
        ({"portrait": {"crop_scale": 2.0}}, {"portrait", "motion", "video", "save"}),
        ({"audio": {"start": 2.0}}, {"audio", "motion", "video", "save"}),
        ({"save": {"filename_prefix": "other"}}, {"save"}),
    ],
)
def test_a_change_runs_only_what_depends_on_it(host, changes, again):
    host.run(starter_prompt())

    assert set(host.run(starter_prompt(**changes)).ran) == again


def test_a_cached_video_can_be_saved_again(host):
    host.run(starter_prompt())
    result = host.run(starter_prompt(save={"filename_prefix": "other"}))

    assert len(read_video(saved(host, result)).frames) == 10


def test_cancel_in_the_middle_of_rendering_leaves_no_file(host):
    prompt = starter_prompt(audio={"duration": 4.0})
    sampled = {**prompt, "save": node("MoDAPreviewMotion", motion=["motion", 0])}
    del sampled["video"]
    host.run(sampled)
    before = len(host.progress)
    host.cancel_after(2)

    result = host.run(prompt)

    assert result.interrupted
    assert result.ran == ["video"]
    assert "video" not in result.outputs
    assert len(host.progress) == before + 2
    assert files_in(host) == []


def files_in(host):
    folders = (host.temp_folder, host.output_folder)
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".png"
    ]


def test_after_cancel_the_graph_runs(host):
    host.cancel_after(1)
    assert host.run(starter_prompt()).interrupted

    assert len(read_video(saved(host, host.run(starter_prompt()))).frames) == 10


def test_cancel_is_noticed_within_one_step_of_sampling(host):
    prompt = starter_prompt(motion={"steps": 200})
    host.cancel_after(1)

    result = host.run(prompt)

    assert result.interrupted
    assert "motion" not in result.outputs
    assert len(host.progress) == 1


def test_a_failure_tells_the_node_and_leaves_no_file(host):
    result = host.run(starter_prompt(portrait={"points": "1,2"}))

    assert (result.error_node, result.error_type) == ("portrait", "ValueError")
    assert files_in(host) == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"motion": {"steps": 0}}, "value_smaller_than_min"),
        ({"motion": {"guidance": 99.0}}, "value_bigger_than_max"),
        ({"video": {"quality": "best"}}, "value_not_in_list"),
        ({"video": {"portrait": ["motion", 0]}}, "return_type_mismatch"),
    ],
)
def test_what_the_schemas_forbid_is_refused_before_anything_runs(host, changes, kind):
    result = host.run(starter_prompt(**changes))

    assert kind in result.error
    assert result.ran == []


def test_a_sound_that_is_missing_is_told_of(host):
    prompt = starter_prompt()
    del prompt["audio"]["inputs"]["audio"]

    assert "required_input_missing" in host.run(prompt).error


def test_pictures_go_through_core_nodes(host):
    prompt = starter_prompt()
    prompt["frames"] = node(
        "MoDARenderFrames",
        renderer=["renderer", 0],
        portrait=["portrait", 0],
        motion=["motion", 0],
        start=0,
        count=2,
        output="full picture",
    )
    scale = {"upscale_method": "area", "width": 64, "height": 64, "crop": "disabled"}
    prompt["scaled"] = node("ImageScale", image=["frames", 0], **scale)
    prompt["save"] = node("PreviewImage", images=["scaled", 0])

    result = host.run(prompt)

    assert result.outputs["scaled"][0].shape == (2, 64, 64, 3)
    assert len(result.ui["save"]["images"]) == 2
