"""Weak frames of a motion sampled again."""

import importlib

import pytest
import torch

from .acted_motion import HEAD, acted_motion
from .starter_graph import SECONDS, starter_prompt

SPEECH_S = 4.0


@pytest.fixture
def spoken(host, parts):
    """Longer speech than the starter's graph has, with a motion that was sampled from it."""
    audio = {"audio_encoder": parts.encoder, "audio": parts.audio, "start": 1.0}
    features, speech = host.call("MoDAEncodeAudio", **audio, duration=SPEECH_S)
    values = {"model": parts.model, "audio_features": features, "portrait": parts.portrait}
    (motion,) = host.call("MoDASampleMotion", **values, steps=2)
    return {**values, "audio": speech, "motion": motion, "steps": 2}


def refine(host, spoken, **inputs):
    return host.call("MoDARefineMotion", **{**spoken, **inputs})


def rows(report):
    return [line.split() for line in report.splitlines()[1:]]


def changed_frames(refined, motion, dims):
    same = (refined.values[:, dims] == motion.values[:, dims]).all(dim=1)
    return (~same).nonzero().flatten().tolist()


def test_what_the_report_calls_new_changed_and_nothing_else(host, spoken):
    refined, report = refine(host, spoken, rounds=3)

    assert len(refined) == len(spoken["motion"]) == 100
    for part, dims in (("face", slice(0, 63)), ("head", HEAD)):
        allowed = set()
        for _, start, end, name, before, after, taken in rows(report):
            assert (float(after) >= float(before)) == (taken == "new") or before == after
            if taken == "new" and name == part:
                first, last = round(25 * float(start)), round(25 * float(end))
                allowed |= set(range(max(first - 10, 0), min(last + 10, 100)))
        assert set(changed_frames(refined, spoken["motion"], dims)) == allowed
    assert {row[-1] for row in rows(report)} == {"new", "old"}


def test_the_same_seed_gives_the_same_motion_again(host, spoken):
    once, again = (refine(host, spoken, share=0.5)[0].values for _ in range(2))

    assert torch.equal(once, again)


def test_without_a_share_nothing_is_sampled(host, spoken):
    refined, report = refine(host, spoken, share=0.0)

    assert torch.equal(refined.values, spoken["motion"].values)
    assert rows(report) == []


@pytest.mark.parametrize("given", ["emotion", "options"])
def test_emotion_and_options_reach_the_sampling(host, spoken, given):
    (emotion,) = host.call("MoDAEmotion", label="anger", intensity=2.0)
    (options,) = host.call("MoDASolver", solver="midpoint")
    value = {"emotion": emotion, "options": options}[given]

    usual, other = (refine(host, spoken, share=1.0, **inputs)[1] for inputs in ({}, {given: value}))

    assert rows(usual)[0][:5] == rows(other)[0][:5]  # the old quality
    assert usual != other


def test_a_held_head_stays_held(host, parts, spoken):
    acted = acted_motion(parts, 100)
    (options,) = host.call("MoDAHoldMotion", motion=acted)
    values = {name: spoken[name] for name in ("model", "audio_features", "portrait")}
    (motion,) = host.call("MoDASampleMotion", **values, steps=2, options=options)

    refined, _ = refine(host, spoken, motion=motion, options=options, share=1.0)

    assert torch.equal(refined.values[:, HEAD], acted.values[:, HEAD])


def test_the_node_shows_what_came_of_it(host, spoken, monkeypatch):
    nodes_host = importlib.import_module(f"{host.pack.__name__}.nodes._host")
    shown = []
    monkeypatch.setattr(nodes_host, "show_text", lambda node_id, text: shown.append(text))

    _, report = refine(host, spoken, rounds=2)
    refine(host, spoken, share=0.0)

    taken = sum(row[-1] == "new" for row in rows(report))
    assert shown[0].startswith(f"{taken} of {len(rows(report))} parts")
    assert "'share'" in shown[1]


def test_sound_motion_and_noise_that_do_not_belong_are_refused(host, parts, spoken):
    with pytest.raises(ValueError, match=r"features are of .* the linked sound has"):
        refine(host, spoken, audio=parts.speech)
    with pytest.raises(ValueError, match=r"motion lasts 0\.40 s and the speech 4\.00 s"):
        refine(host, spoken, motion=parts.motion)
    links = {name: spoken[name] for name in ("model", "audio_features", "portrait", "motion")}
    (options,) = host.call("MoDAInvertMotion", **links, steps=1)
    with pytest.raises(ValueError, match="Leave MoDA Invert Motion out"):
        refine(host, spoken, options=options)


def test_room_is_made_and_progress_is_shown(host, spoken):
    host.loads.clear()

    refine(host, spoken, rounds=2)

    ((patchers, memory),) = host.loads
    assert patchers == list(spoken["model"].patchers)
    assert memory > 1e7
    assert host.progress[-1][0] == host.progress[-1][1]


def test_it_runs_in_a_graph_and_cancel_stops_it(host):
    prompt = starter_prompt(audio={"duration": SECONDS + 3}, video={"motion": ["refined", 0]})
    links = {
        name: prompt["motion"]["inputs"][name] for name in ("model", "audio_features", "portrait")
    }
    inputs = {**links, "motion": ["motion", 0], "audio": ["audio", 1], "share": 0.33, "rounds": 1}
    inputs |= {"steps": 2, "guidance": 1.2, "seed": 43}
    prompt["refined"] = {"class_type": "MoDARefineMotion", "inputs": inputs}
    del prompt["video"], prompt["save"]
    prompt["saved"] = {
        "class_type": "MoDASaveMotion",
        "inputs": {"motion": ["refined", 0], "filename_prefix": "moda", "format": "json"},
    }

    result = host.run(prompt)
    host.reset()
    slow = {**inputs, "steps": 200}
    host.cancel_after(3)
    cancelled = host.run({**prompt, "refined": {**prompt["refined"], "inputs": slow}})

    assert result.error is None
    motion, report = result.outputs["refined"]
    assert len(motion) == 85
    assert report.startswith("round")
    assert cancelled.interrupted
