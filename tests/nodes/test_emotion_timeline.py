"""Blended emotions, and emotions that follow one another."""

import pytest
import torch

from ..host.host import ROOT
from .same_motion import assert_same_motion
from .starter_graph import starter_prompt

CALM_THEN_HAPPY = "0.0 neutral, 0.2 happiness"


def sample(host, parts, **inputs):
    values = {"model": parts.model, "audio_features": parts.features, "portrait": parts.portrait}
    return host.call("MoDASampleMotion", **{**values, "steps": 2, **inputs})[0]


def emotion(host, label, intensity=1.0):
    return host.call("MoDAEmotion", label=label, intensity=intensity)[0]


def test_a_timeline_of_one_emotion_is_that_emotion(host, parts):
    (timeline,) = host.call("MoDAEmotionTimeline", timeline="0 sadness 0.7")

    expected = sample(host, parts, emotion=emotion(host, "sadness", 0.7)).values
    assert_same_motion(host, sample(host, parts, emotion=timeline).values, expected)


def test_the_face_goes_over_from_one_emotion_to_the_other(host, parts):
    (timeline,) = host.call("MoDAEmotionTimeline", timeline=CALM_THEN_HAPPY)

    changing = sample(host, parts, emotion=timeline).values

    calm, happy = (sample(host, parts, emotion=emotion(host, x)).values
                   for x in ("neutral", "happiness"))  # fmt: skip
    from_calm, from_happy = ((changing - x).abs().mean(dim=1) for x in (calm, happy))
    assert from_calm[0] < from_happy[0]
    assert from_happy[-1] < from_calm[-1]


def test_the_nodes_intensity_multiplies_that_of_the_text(host, parts):
    (both,) = host.call("MoDAEmotionTimeline", timeline="0 anger 1.5", intensity=0.5)
    (once,) = host.call("MoDAEmotionTimeline", timeline="0 anger 0.75")

    expected = sample(host, parts, emotion=once).values
    assert_same_motion(host, sample(host, parts, emotion=both).values, expected)


def test_no_intensity_is_no_emotion(host, parts):
    (timeline,) = host.call("MoDAEmotionTimeline", intensity=0.0)

    calm = sample(host, parts, emotion=timeline).values
    assert_same_motion(host, calm, parts.motion.values)


def test_a_wrong_timeline_is_refused_with_its_place_before_anything_runs(host):
    prompt = starter_prompt(motion={"emotion": ["emotion", 0]})
    inputs = {"timeline": "0.0 neutral\n2.5 hapy 0.8", "intensity": 1.0}
    prompt["emotion"] = {"class_type": "MoDAEmotionTimeline", "inputs": inputs}

    result = host.run(prompt)

    assert result.error_type == "invalid"
    assert "line 2, column 5: unknown emotion 'hapy'" in result.error
    assert result.ran == []


@pytest.mark.parametrize("text", ["", "4 anger, 2 fear", "1 anger 3"])
def test_text_from_another_node_is_checked_when_it_comes(host, text):
    with pytest.raises(ValueError, match=r"timeline is empty|line 1, column"):
        host.call("MoDAEmotionTimeline", timeline=text)


def test_a_blend_lies_between_its_emotions(host, parts):
    weights = {"first_weight": 0.5, "second_weight": 0.5}
    (half,) = host.call("MoDAEmotionBlend", first_label="anger", second_label="fear", **weights)

    assert half.weights.tolist() == pytest.approx([0.5, 0, 0, 0.5, 0, 0, 0, 0, 0])
    moved = sample(host, parts, emotion=half).values
    for label in ("anger", "fear", "none"):
        other = sample(host, parts, emotion=emotion(host, label)).values
        assert (moved - other).abs().max() > 1e-3


def test_a_blend_of_one_emotion_is_that_emotion(host, parts):
    weights = {"first_weight": 0.5, "second_weight": 0.5, "intensity": 1.5}
    (one,) = host.call("MoDAEmotionBlend", first_label="anger", second_label="anger", **weights)

    expected = sample(host, parts, emotion=emotion(host, "anger", 1.5)).values
    assert torch.equal(sample(host, parts, emotion=one).values, expected)


def test_a_blend_of_nothing_is_left_to_the_speech(host, parts):
    (nothing,) = host.call("MoDAEmotionBlend", first_weight=0.0, second_weight=0.0)

    assert torch.equal(sample(host, parts, emotion=nothing).values, parts.motion.values)


@pytest.mark.parametrize("guidance", [1.0, 1.5])
def test_a_blend_is_what_a_timeline_says_of_it(host, parts, guidance):
    (blend,) = host.call("MoDAEmotionBlend", first_weight=0.5, second_weight=0.3, intensity=1.5)
    (timeline,) = host.call(
        "MoDAEmotionTimeline", timeline="0 happiness 0.5 + surprise 0.3", intensity=1.5
    )

    one, other = (sample(host, parts, emotion=x, guidance=guidance) for x in (blend, timeline))

    assert_same_motion(host, one.values, other.values)


def test_a_script_gives_its_emotions_and_leaves_its_actions(host, parts):
    (script,) = host.call("MoDAEmotionTimeline", timeline="[0.1 nod] [0 sadness 0.7] [0.2 smile]")
    (nothing,) = host.call("MoDAEmotionTimeline", timeline="# no emotion\n[0.1 nod]")

    expected = sample(host, parts, emotion=emotion(host, "sadness", 0.7)).values
    assert_same_motion(host, sample(host, parts, emotion=script).values, expected)
    assert torch.equal(sample(host, parts, emotion=nothing).values, parts.motion.values)
    with pytest.raises(ValueError, match="line 1, column 4: unknown word 'hapy'"):
        host.call("MoDAEmotionTimeline", timeline="[1 hapy]")


def test_names_for_logs_are_short(host):
    (blend,) = host.call("MoDAEmotionBlend", third_label="fear", third_weight=0.1)
    (timeline,) = host.call("MoDAEmotionTimeline", timeline="0 anger, " * 500)

    assert "surprise" in repr(blend)
    assert len(repr(blend)) < 120
    assert len(repr(timeline)) < 120


def test_the_page_shows_the_text_that_the_node_begins_with(host):
    options = host.object_info("MoDAEmotionTimeline")["input"]["required"]["timeline"][1]

    page = (ROOT / "web" / "docs" / "MoDAEmotionTimeline.md").read_text("utf-8")
    assert f"`{options['default']}`" in page
