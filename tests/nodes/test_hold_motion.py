"""Held motion, and motion that goes back to its noise."""

import importlib
from types import SimpleNamespace

import pytest
import torch

from .acted_motion import EXPRESSION, HEAD, acted_motion
from .starter_graph import starter_prompt

MOUTH_TIP, BROW, LID = 57, 3, 33  # a dim of keypoints 19, 1 and 11


def sample(host, parts, **inputs):
    values = {"model": parts.model, "audio_features": parts.features, "portrait": parts.portrait}
    return host.call("MoDASampleMotion", **{**values, "steps": 2, **inputs})[0]


@pytest.fixture
def acted(parts):
    return acted_motion(parts, len(parts.motion))


@pytest.fixture
def happy(host):
    return host.call("MoDAEmotion", label="happiness")[0]


def invert(host, parts, motion, **inputs):
    values = {"model": parts.model, "audio_features": parts.features, "portrait": parts.portrait}
    return host.call("MoDAInvertMotion", motion=motion, **{**values, **inputs})[0]


def test_a_held_head_is_exactly_the_others(host, parts, acted):
    (options,) = host.call("MoDAHoldMotion", motion=acted)

    held = sample(host, parts, options=options).values

    assert torch.equal(held[:, HEAD], acted.values[:, HEAD])
    assert not torch.equal(held[:, EXPRESSION], acted.values[:, EXPRESSION])


@pytest.mark.parametrize(("part", "dim"), [("mouth", MOUTH_TIP), ("brows", BROW), ("eyes", LID)])
def test_a_part_is_held_without_the_others(host, parts, acted, part, dim):
    (options,) = host.call("MoDAHoldMotion", motion=acted, **{"head": 0.0, part: 1.0})

    same = (sample(host, parts, options=options).values == acted.values).all(dim=0)

    assert same[dim]
    assert not any(same[other] for other in {MOUTH_TIP, BROW, LID} - {dim})
    assert not same[HEAD].any()


def test_without_weights_nothing_is_held(host, parts, acted):
    (options,) = host.call("MoDAHoldMotion", motion=acted, head=0.0)

    assert torch.equal(sample(host, parts, options=options).values, parts.motion.values)


def test_it_is_held_for_a_time(host, parts, acted):
    times = {"start": 0.12, "end": 0.24, "feather": 0.0}
    (options,) = host.call("MoDAHoldMotion", motion=acted, **times)

    held = sample(host, parts, options=options).values[:, HEAD]

    same = (held == acted.values[:, HEAD]).all(dim=1)
    assert same.nonzero().flatten().tolist() == [3, 4, 5]


def test_two_motions_are_held_at_once(host, parts, acted):
    other = acted_motion(parts, len(parts.motion), seed=1)
    (first,) = host.call("MoDAHoldMotion", motion=acted)
    (both,) = host.call("MoDAHoldMotion", motion=other, head=0.0, mouth=1.0, options=first)

    held = sample(host, parts, options=both).values

    assert torch.equal(held[:, HEAD], acted.values[:, HEAD])
    assert torch.equal(held[:, MOUTH_TIP], other.values[:, MOUTH_TIP])


def test_an_end_before_the_start_is_refused(host, acted):
    with pytest.raises(ValueError, match="Use an end after the start"):
        host.call("MoDAHoldMotion", motion=acted, start=2.0, end=1.0)


def test_a_motion_comes_back_from_its_noise(host, parts, acted):
    options = invert(host, parts, acted, steps=10)

    again = sample(host, parts, options=options, steps=10).values

    std = parts.model.model.stats.std
    moving = std > 1e-4
    error = ((again - acted.values) / std)[:, moving].square().mean().sqrt()
    assert error < 1e-2


def test_another_emotion_changes_the_motion_that_comes_back(host, parts, acted, happy):
    options = invert(host, parts, acted, steps=4)

    plain, moved = (sample(host, parts, options=options, steps=4, **each).values
                    for each in ({}, {"emotion": happy}))  # fmt: skip

    assert (plain - moved).abs().max() > 1e-3


def test_inverted_with_its_emotion_it_comes_back_with_that(host, parts, acted, happy):
    options = invert(host, parts, acted, steps=4, emotion=happy)

    right, wrong = ((sample(host, parts, options=options, steps=4, **each).values - acted.values)
                    .abs().mean() for each in ({"emotion": happy}, {}))  # fmt: skip

    assert right < wrong / 10


def test_the_seed_does_not_matter_to_the_motion_that_comes_back(host, parts, acted):
    options = invert(host, parts, acted, steps=2)

    one, other = (sample(host, parts, options=options, seed=seed).values for seed in (1, 2))

    assert torch.equal(one, other)


def test_other_options_are_kept(host, parts, acted):
    (solver,) = host.call("MoDASolver", solver="midpoint")

    request = invert(host, parts, acted, steps=2, options=solver)

    assert request.options.solver == "midpoint"
    assert request.noise is not None
    assert solver.noise is None


def test_steps_are_those_of_the_inversion(host, parts, acted):
    options = invert(host, parts, acted, steps=4)

    few, many = (sample(host, parts, options=options, steps=steps).values for steps in (4, 9))

    assert torch.equal(few, many)


def test_other_windows_than_those_of_the_inversion_are_refused(host, parts, acted):
    options = invert(host, parts, acted, steps=4)
    (changed,) = host.call("MoDAWindows", windows="chain", overlap=30, options=options)

    with pytest.raises(ValueError, match="another choice of the overlap"):
        sample(host, parts, options=changed)


@pytest.mark.parametrize(("error", "texts"), [(1e-4, 0), (0.015, 1)])
def test_noise_that_is_not_exact_is_told(host, parts, acted, monkeypatch, error, texts):
    package, shown = host.pack.__name__, []
    hold_motion, nodes_host = (
        importlib.import_module(f"{package}.nodes.{name}") for name in ("hold_motion", "_host")
    )
    found = SimpleNamespace(error=error)
    monkeypatch.setattr(hold_motion, "invert_motion", lambda *_, **__: found)
    monkeypatch.setattr(nodes_host, "show_text", lambda _, text: shown.append(text))

    invert(host, parts, acted, steps=4)

    assert ["0.015" in text for text in shown] == [True] * texts


def test_a_solver_that_cannot_be_undone_is_refused(host, parts, acted):
    (solver,) = host.call("MoDASolver", solver="ab2")

    with pytest.raises(ValueError, match="can't be undone"):
        invert(host, parts, acted, steps=2, options=solver)


def test_the_network_is_loaded_and_progress_is_shown(host, parts, acted):
    invert(host, parts, acted, steps=4)

    ((patchers, memory),) = host.loads
    assert patchers == list(parts.model.patchers)
    assert memory > 1e7
    assert host.progress[-1] == (4, 4)


def test_cancel_stops_the_inversion(host):
    prompt = starter_prompt(motion={"options": ["noise", 0]})
    prompt["first"] = {**prompt["motion"], "inputs": {**prompt["motion"]["inputs"], "seed": 7}}
    del prompt["first"]["inputs"]["options"]
    links = ("model", "audio_features", "portrait")
    inputs = {name: prompt["motion"]["inputs"][name] for name in links}
    inputs |= {"motion": ["first", 0], "steps": 200, "guidance": 1.2}
    prompt["noise"] = {"class_type": "MoDAInvertMotion", "inputs": inputs}
    host.run({**prompt, "noise": {**prompt["noise"], "inputs": {**inputs, "steps": 1}}})
    host.cancel_after(2)

    result = host.run(prompt)

    assert result.interrupted
    assert "motion" not in result.ran
