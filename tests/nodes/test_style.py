"""The nodes that bring the style of a reference to a motion."""

from dataclasses import replace

import pytest
import torch

from .acted_motion import EXPRESSION, HEAD, acted_motion
from .starter_graph import starter_prompt

PARTS = ("head", "rhythm", "brows", "eyes", "blinks")


def sample(host, parts, **inputs):
    values = {"model": parts.model, "audio_features": parts.features, "portrait": parts.portrait}
    return host.call("MoDASampleMotion", **{**values, "steps": 2, **inputs})[0]


@pytest.fixture
def motion(parts):
    return acted_motion(parts)


@pytest.fixture
def reference(parts):
    other = acted_motion(parts, 150, seed=1)
    values = other.values.clone()
    values[:, HEAD] *= 1.2
    return replace(other, values=values)


@pytest.fixture
def context(host, parts):
    """Options with a style context: what the starter's graph sampled, and its speech."""

    def made(**inputs):
        values = {"reference": acted_motion(parts, 10), "reference_features": parts.features}
        return host.call("MoDAStyleContext", **{**values, **inputs})[0]

    return made


def test_the_pose_of_the_reference_is_taken(host, motion, reference):
    (styled,) = host.call("MoDAStyleMotion", motion=motion, reference=reference)

    means = [each.values[:, HEAD].mean(0) for each in (motion, styled, reference)]
    assert ((means[1] - means[2]).abs() < 1e-3).all()
    assert (means[0] - means[2]).abs().max() > 0.1
    assert styled.values.shape == motion.values.shape


def test_without_strength_nothing_changes(host, motion, reference):
    (same,) = host.call("MoDAStyleMotion", motion=motion, reference=reference, strength=0.0)

    assert torch.equal(same.values, motion.values)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_its_own_weight(host, motion, reference, part):
    inputs = {"motion": motion, "reference": reference, "seed": 3}
    weights = dict.fromkeys(PARTS, 0.0)

    nothing, one, everything, half = (
        host.call("MoDAStyleMotion", **inputs, **each)[0].values
        for each in (weights, weights | {part: 1.0}, {}, {"strength": 0.5})
    )

    assert torch.equal(nothing, motion.values)
    if part != "blinks":  # a walk at random does not blink
        assert not torch.equal(one, motion.values)
    assert not torch.equal(everything, half)
    kept = EXPRESSION if part in ("head", "rhythm") else HEAD
    assert torch.equal(one[:, kept], motion.values[:, kept])


def test_blinks_of_the_reference_are_added(host, motion, reference):
    (often,) = host.call("MoDAEyes", motion=reference, blinks="generated", rate=60.0)
    weights = dict.fromkeys(PARTS, 0.0) | {"blinks": 1.0}

    (styled,) = host.call("MoDAStyleMotion", motion=motion, reference=often, **weights)

    assert not torch.equal(styled.values[:, EXPRESSION], motion.values[:, EXPRESSION])
    assert torch.equal(styled.values[:, HEAD], motion.values[:, HEAD])


def test_the_model_continues_the_reference(host, parts, context):
    continued = sample(host, parts, options=context())

    assert continued.values.shape == parts.motion.values.shape
    assert not torch.equal(continued.values, parts.motion.values)


def test_start_and_duration_choose_what_is_seen(host, parts, context):
    found = [
        sample(host, parts, options=context(**inputs)).values
        for inputs in ({}, {"start": 0.2}, {"duration": 0.2})
    ]

    assert not torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_motion_can_not_be_inverted_in_a_context(host, parts, context):
    values = {"motion": acted_motion(parts, 10), "audio_features": parts.features, "steps": 1}

    with pytest.raises(ValueError, match="style context"):
        host.call(
            "MoDAInvertMotion",
            model=parts.model,
            portrait=parts.portrait,
            options=context(),
            **values,
        )


def test_other_options_are_kept(host, context):
    (windows,) = host.call("MoDAWindows", windows="joint")

    request = context(options=windows)

    assert request.options.windows == "joint"
    assert request.context is not None
    assert windows.context is None


def test_a_later_context_replaces_an_earlier_one(host, parts, context):
    first = context()

    both = context(start=0.2, options=first)

    assert torch.equal(
        sample(host, parts, options=both).values,
        sample(host, parts, options=context(start=0.2)).values,
    )


def test_a_start_after_the_reference_is_refused(context):
    with pytest.raises(ValueError, match="Use an earlier start"):
        context(start=9.0)


def test_a_graph_of_both_nodes_runs_on_the_host(host):
    prompt = starter_prompt(motion={"options": ["context", 0]}, video={"motion": ["style", 0]})
    first = {**prompt["motion"]["inputs"], "seed": 7}
    del first["options"]
    prompt["first"] = {"class_type": "MoDASampleMotion", "inputs": first}
    prompt["context"] = {
        "class_type": "MoDAStyleContext",
        "inputs": {
            "reference": ["first", 0],
            "reference_features": ["audio", 0],
            "start": 0.0,
            "duration": 2.56,
        },
    }
    weights = dict.fromkeys(PARTS, 1.0)
    prompt["style"] = {
        "class_type": "MoDAStyleMotion",
        "inputs": {
            "motion": ["motion", 0],
            "reference": ["first", 0],
            "strength": 1.0,
            **weights,
            "seed": 0,
        },
    }

    result = host.run(prompt)

    assert {"context", "style", "video"} <= set(result.ran)
