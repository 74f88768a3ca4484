"""The score of a motion, and of a video."""

import json

import pytest
import torch

from .media import read_video
from .starter_graph import node, starter_prompt


def score(host, **inputs):
    return host.call("MoDAScore", **inputs)


def test_a_motion_and_its_speech_give_table_picture_json_and_score(host, parts):
    table, image, text, total = score(host, motion=parts.motion, audio=parts.speech)

    figures = json.loads(text)
    assert figures["score"] == total
    assert table.startswith(f"score {total:.3f}")
    assert figures["frames"] == 10
    assert figures["figures"]["flicker"] is None
    assert image.shape[0] == 1
    assert image.shape[2:] == (1024, 3)
    assert image.dtype == torch.float32


def test_known_phones_give_the_share_of_closures(host, parts):
    *_, text, _ = score(host, motion=parts.motion, audio=parts.speech, phones="p 0.1\nm 0.2 0.3")

    assert json.loads(text)["figures"]["closures"] in (0, 0.5, 1)


def test_a_video_is_scored_by_its_own_sound_in_a_graph(host):
    prompt = starter_prompt()
    prompt["score"] = node("MoDAScore", video=["video", 0])

    result = host.run(prompt)

    assert result.error is None
    _, _, text, total = result.outputs["score"]
    figures = json.loads(text)["figures"]
    assert 0 <= total <= 1
    assert figures["flicker"] > 0.9
    assert figures["identity"] > 0.9
    assert "images" in result.ui["score"]


def test_a_video_of_images_without_sound_needs_a_speech(host, parts):
    (video,) = host.call(
        "MoDARenderVideo", renderer=parts.renderer, portrait=parts.portrait, motion=parts.motion
    )
    assert read_video(video.get_stream_source()).sound is None

    with pytest.raises(ValueError, match="The video has no sound"):
        score(host, video=video)
    *_, text, _ = score(host, video=video, audio=parts.speech)
    assert json.loads(text)["frames"] == 10


def test_what_is_missing_is_said(host, parts):
    with pytest.raises(ValueError, match="nothing to score"):
        score(host, audio=parts.speech)
    with pytest.raises(ValueError, match="The motion has no sound"):
        score(host, motion=parts.motion)


def test_a_speech_of_another_length_is_refused(host, parts):
    with pytest.raises(ValueError, match="do not belong together"):
        score(host, motion=parts.motion, audio=parts.audio)


def test_a_wrong_line_of_phones_is_named_before_the_run(host):
    validate = host.node_classes["MoDAScore"].validate_inputs

    assert validate(phones="p 1.2") is True
    assert "Line 1" in validate(phones="hello there")
    assert validate(phones=None) is True
