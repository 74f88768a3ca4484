"""The node that plays a script."""

import importlib

import pytest
import torch

from ..host.host import ROOT
from .acted_motion import YAW, acted_motion, changed


@pytest.fixture
def motion(parts):
    return acted_motion(parts)


def test_the_example_plays_and_names_no_emotion(host, motion):
    directed, emotions = host.call("MoDADirector", motion=motion)

    assert torch.equal(directed.values[:25], motion.values[:25])
    assert not torch.equal(directed.values, motion.values)
    assert emotions == ""


def test_an_action_lasts_as_long_as_it_says(host, motion):
    directed, _ = host.call("MoDADirector", motion=motion, script="[1.0 turn left 10 for 2]")

    turn = (directed.values - motion.values)[:, YAW]
    assert not turn[:26].any()
    assert not turn[75:].any()
    torch.testing.assert_close(turn[50], torch.tensor(10.0), atol=1e-4, rtol=0)
    assert changed(directed, motion) == {YAW}


def test_emotions_are_told_as_a_timeline(host, motion):
    script = "[1 smile] [2.5 sadness 0.8] [50f happy 0.6 + surprise 0.4 for 1]"

    _, emotions = host.call("MoDADirector", motion=motion, script=script)

    assert emotions.splitlines() == [
        "0 none 1",
        "2 happiness 0.6 + surprise 0.4",
        "2.5 sadness 0.8",
    ]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("[1 smile]\n[2 smirk]", "line 2, column 4: unknown word 'smirk'"),
        ("nod", "line 1, column 1: expected an action in brackets"),
        ("[1 look at 3 0]", "line 1, column 12"),
        ("  # nothing", "The script is empty"),
    ],
)
def test_a_wrong_script_is_refused_with_its_place(host, motion, script, message):
    with pytest.raises(ValueError, match=message):
        host.call("MoDADirector", motion=motion, script=script)


def test_the_help_page_has_every_word(host):
    words = importlib.import_module(f"{host.pack.__name__}.moda_core.direct.script_words")
    page = (ROOT / "web" / "docs" / "MoDADirector.md").read_text("utf-8")
    first_cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ")]
    listed = {word.strip() for cell in first_cells for word in cell.split(",")}

    assert {*words.SCRIPT_WORDS, words.NEUTRAL} <= listed


def test_frames_count_at_the_motions_own_rate(host, motion):
    (fast,) = host.call("MoDARetimeMotion", motion=motion, fps=50.0)

    directed, _ = host.call("MoDADirector", motion=fast, script="[100f nod]")

    moved = (directed.values != fast.values).any(1).nonzero().flatten()
    assert 100 < moved.min() < 103
