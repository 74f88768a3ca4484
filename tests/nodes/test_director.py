"""The node that adds the actions of a script to a motion."""

import importlib
import re

import pytest
import torch

from ..host.host import ROOT
from .acted_motion import YAW, acted_motion, changed
from .starter_graph import node, starter_prompt


@pytest.fixture
def motion(parts):
    return acted_motion(parts)


@pytest.fixture
def texts(host, monkeypatch):
    """What the nodes show, as it comes."""
    shown = []
    nodes_host = importlib.import_module(f"{host.pack.__name__}.nodes._host")
    monkeypatch.setattr(nodes_host, "show_text", lambda node_id, text: shown.append(text))
    return shown


def test_the_example_plays(host, motion):
    (directed,) = host.call("MoDADirector", motion=motion)

    assert torch.equal(directed.values[:25], motion.values[:25])
    assert not torch.equal(directed.values, motion.values)


def test_an_action_lasts_as_long_as_it_says(host, motion):
    (directed,) = host.call("MoDADirector", motion=motion, script="[1.0 turn left 10 for 2]")

    turn = (directed.values - motion.values)[:, YAW]
    assert not turn[:26].any()
    assert not turn[75:].any()
    torch.testing.assert_close(turn[50], torch.tensor(10.0), atol=1e-4, rtol=0)
    assert changed(directed, motion) == {YAW}


@pytest.mark.parametrize(
    ("script", "numbers", "has_emotions"),
    [  # the motion lasts 4 s
        ("# [1 nod]", ["0"], False),
        ("[1 nod]", ["1"], False),
        ("[1 nod] [3 neutral]", ["1", "1"], True),
        ("[1 nod] [4 smile]", ["1", "2", "1", "4.0"], False),
        ("[5 nod] [6 nod]", ["0", "2", "2", "4.0"], False),
        ("[1 nod] [2 happy]", ["1", "1"], True),
        ("[1 happy] [2 sad]", ["0", "2"], True),
    ],
)
def test_the_node_shows_what_was_played(host, motion, texts, script, numbers, has_emotions):
    host.call("MoDADirector", motion=motion, script=script)

    (text,) = texts
    assert re.findall(r"\d+(?:\.\d+)?", text) == numbers
    assert ("MoDA Emotion Timeline" in text) == has_emotions


@pytest.mark.parametrize(
    ("node_id", "text", "wrong"),
    [
        ("MoDADirector", {"script": "[1.0 blink for 3f]"}, {"script": "[1.0 blonk]"}),
        ("MoDAPose", {"keyframes": "1 yaw 12, 25f yaw 5"}, {"keyframes": "1 yow 12"}),
    ],
)
def test_before_running_only_what_no_frame_rate_mends_is_refused(host, node_id, text, wrong):
    node_class = host.node_classes[node_id]

    assert node_class.validate_inputs(**text) is True
    assert "line 1, column" in node_class.validate_inputs(**wrong)


def test_one_text_goes_to_the_actions_and_to_the_emotions(host):
    script = "[0 sadness] [0.1 turn left 10 for 2]"
    prompt = starter_prompt(motion={"emotion": ["emotions", 0]}, video={"motion": ["played", 0]})
    for name, other in (("none", "[0 nod]"), ("text", script)):
        prompt[name] = node("PrimitiveStringMultiline", value=other)
    prompt["emotions"] = node("MoDAEmotionTimeline", timeline=["text", 0], intensity=1.0)
    prompt["played"] = node("MoDADirector", motion=["motion", 0], script=["text", 0])

    result = host.run(prompt)
    prompt["emotions"]["inputs"]["timeline"] = ["none", 0]
    plain = host.run(prompt)

    assert (result.error, plain.error) == (None, None)
    (sad,), (played,) = result.outputs["motion"], result.outputs["played"]
    (calm,) = plain.outputs["motion"]
    assert changed(played, sad) == {YAW}
    assert (sad.values - calm.values)[:, :63].abs().max() > 0.005


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("[1 smile]\n[2 smirk]", "line 2, column 4: unknown word 'smirk'"),
        ("nod", "line 1, column 1: expected an action in brackets"),
        ("[1 look at 3 0]", "line 1, column 12"),
        ("  ", "The script is empty"),
    ],
)
def test_a_wrong_script_is_refused_with_its_place(host, motion, script, message):
    with pytest.raises(ValueError, match=message):
        host.call("MoDADirector", motion=motion, script=script)


def test_a_wrong_script_is_refused_before_anything_runs(host):
    prompt = starter_prompt(video={"motion": ["played", 0]})
    prompt["played"] = node("MoDADirector", motion=["motion", 0], script="[1 nod]\n[2 smirk]")

    result = host.run(prompt)

    assert result.error_type == "invalid"
    assert "line 2, column 4: unknown word 'smirk'" in result.error
    assert result.ran == []


def test_the_help_page_has_every_word(host):
    words = importlib.import_module(f"{host.pack.__name__}.moda_core.editing.script.script_words")
    page = (ROOT / "web" / "docs" / "MoDADirector.md").read_text("utf-8")
    first_cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ")]
    listed = {word.strip() for cell in first_cells for word in cell.split(",")}

    assert {*words.SCRIPT_WORDS, words.NEUTRAL} <= listed
    assert all(phrase in page for phrase in words.OTHER_PHRASES)


def test_frames_count_at_the_motions_own_rate(host, motion):
    (fast,) = host.call("MoDARetimeMotion", motion=motion, fps=50.0)

    (directed,) = host.call("MoDADirector", motion=fast, script="[100f nod]")

    moved = (directed.values != fast.values).any(1).nonzero().flatten()
    assert 100 < moved.min() < 103
