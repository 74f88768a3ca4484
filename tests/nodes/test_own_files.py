"""The user's own picture and speech, and the one node that does the whole job."""

import numpy as np
import pytest
import torch
from PIL import Image

from ..sound_files import write_sound
from .media import read_video
from .same_motion import assert_same_motion
from .starter_graph import BUILT_IN, node, starter_prompt


@pytest.fixture
def files(parts, tmp_path):
    """A picture with transparent parts, and stereo speech at 44.1 kHz."""
    pixels = (parts.image[0] * 255).round().byte().numpy()
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:20] = 0
    Image.fromarray(np.dstack([pixels, alpha])).save(tmp_path / "me.png")
    Image.fromarray(pixels).save(tmp_path / "plain.png")
    speech = parts.speech["waveform"][0, 0]
    doubled = torch.nn.functional.interpolate(speech[None, None], scale_factor=2)[0, 0].numpy()
    write_sound(tmp_path / "speech.wav", np.stack([doubled, 0.5 * doubled], 1), 44100)
    return {name: tmp_path / name for name in ("me.png", "plain.png", "speech.wav")}


def own_prompt(image="me.png", **portrait):
    prompt = starter_prompt(
        audio={"audio": ["speech", 0], "start": 0.0, "duration": 0.0},
        portrait={"image": ["picture", 0], **portrait},
    )
    del prompt["example"]
    prompt["picture"] = node("LoadImage", image=image)
    prompt["speech"] = node("LoadAudio", audio="speech.wav")
    return prompt


def talking(**changes):
    inputs = {"bundle": BUILT_IN, "emotion": "none", "seed": 42, **changes}
    return {
        "picture": node("LoadImage", image="plain.png"),
        "speech": node("LoadAudio", audio="speech.wav"),
        "talk": node("MoDATalkingPortrait", image=["picture", 0], audio=["speech", 0], **inputs),
        "save": starter_prompt(save={"video": ["talk", 0]})["save"],
    }


def saved(host, result):
    (shown,) = result.ui["save"]["images"]
    return read_video(host.output_folder / shown["subfolder"] / shown["filename"])


def test_stereo_speech_is_heard_in_the_video(host, files):
    seen = saved(host, host.run(own_prompt(), files))

    assert (len(seen.frames), seen.sample_rate, len(seen.sound)) == (10, 44100, 2)
    left, right = np.abs(seen.sound).mean(axis=1)
    assert right == pytest.approx(left / 2, rel=0.1)


def test_the_mask_of_a_picture_without_transparency_is_no_matter(host, files):
    result = host.run(own_prompt("plain.png", mask=["picture", 1]), files)

    assert result.error is None


def test_a_mask_of_the_transparent_parts_is_none_of_the_face(host, files):
    result = host.run(own_prompt("me.png", mask=["picture", 1], points=""), files)

    assert result.error_node == "portrait"
    assert result.error_type == "FaceNotFoundError"


def test_a_changed_picture_runs_what_depends_on_it(host, files, parts):
    host.run(own_prompt("plain.png"), files)
    pixels = (parts.image[0] * 200).byte().numpy()
    Image.fromarray(pixels).save(files["plain.png"])

    again = set(host.run(own_prompt("plain.png"), files).ran)

    assert {"picture", "portrait", "motion", "video", "save"} <= again
    assert not {"renderer", "model", "encoder"} & again


def test_the_one_node_does_the_whole_job(host, files):
    result = host.run(talking(), files)
    seen = saved(host, result)

    assert result.error is None
    assert (len(seen.frames), seen.fps, seen.sample_rate) == (10, 25, 44100)
    assert len(result.outputs["talk"][1]) == 10


def test_another_seed_keeps_the_one_nodes_face_and_features(host, files):
    first = host.run(talking(), files)
    again = host.run(talking(seed=1))

    inside = [each.rpartition(".")[2] for each in again.ran if each.startswith("talk.")]
    assert inside == ["MoDASampleMotion", "MoDARenderVideo"]
    before, now = first.outputs["talk"][1], again.outputs["talk"][1]
    assert not torch.equal(before.values, now.values)


def test_the_one_node_has_the_same_nodes_inside_each_time(host, files):
    first = host.run(talking(), files)
    host.clear_cache()
    second = host.run(talking())

    assert sorted(first.ran) == sorted(second.ran)
    assert host.run(talking()).ran == []


def test_the_one_node_is_as_the_others_step_by_step(host, files):
    one = host.run(talking(), files).outputs["talk"][1]
    steps = own_prompt("plain.png", points="")
    steps["motion"]["inputs"]["steps"] = 10

    several = host.run(steps).outputs["motion"][0]

    assert_same_motion(host, one.values, several.values)


def test_the_one_node_hears_the_channel_that_is_chosen(host, files, parts):
    speech = parts.speech["waveform"][0, 0].numpy()
    write_sound(files["speech.wav"], np.stack([speech, speech[::-1]], 1), 22050)
    steps = own_prompt("plain.png", points="")
    steps["motion"]["inputs"]["steps"] = 10
    steps["audio"]["inputs"]["channel"] = "right"

    right, left = (
        host.run(talking(channel=channel), files).outputs["talk"][1]
        for channel in ("right", "left")
    )

    assert_same_motion(host, right.values, host.run(steps).outputs["motion"][0].values)
    assert not torch.equal(right.values, left.values)


def test_cancel_stops_the_one_node(host, files):
    host.cancel_after(1)

    result = host.run(talking(), files)

    assert result.interrupted
    assert not list(host.output_folder.rglob("*.*"))
    assert not list(host.temp_folder.rglob("*.*"))


def test_the_one_node_tells_what_is_missing(host, files):
    result = host.run(talking(bundle="MoDA (model files)"), files)

    assert result.error_node == "talk"
    assert "models/moda" in result.error
    assert "net-200" in result.error


def test_a_failure_inside_is_told_of_the_one_node(host, files, tmp_path):
    Image.new("RGB", (300, 300), (90, 90, 90)).save(tmp_path / "plain.png")

    result = host.run(talking(), files)

    assert (result.error_node, result.error_type) == ("talk", "FaceNotFoundError")
