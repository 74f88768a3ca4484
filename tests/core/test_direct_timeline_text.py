"""Emotions of a script as text."""

import random

import pytest
import torch

from moda_core.config import EMOTIONS
from moda_core.direct.script import parse_script
from moda_core.direct.timeline_text import write_timeline
from moda_core.emotion_timeline import parse_timeline


def test_without_emotions_it_is_empty():
    assert write_timeline(parse_script("[1 nod]")[1]) == ""


def test_keys_stand_in_lines_with_their_amounts():
    timeline = parse_timeline("0 neutral, 2.5 happy 0.8; 4 sad 0.5 + fear 1, 62.5 off 0")

    assert write_timeline(timeline).splitlines() == [
        "0 neutral 1",
        "2.5 happiness 0.8",
        "4 fear 1 + sadness 0.5",
        "62.5 none 0",
    ]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_written_is_read_as_the_same_emotions(seed):
    chance = random.Random(seed)
    actions = []
    for _ in range(8):
        labels = chance.sample(EMOTIONS, chance.randint(1, 3))
        blend = " + ".join(f"{label} {chance.uniform(0, 0.666):.5f}" for label in labels)
        actions.append(f"[{chance.uniform(0, 3600):.3f} {blend}]")
    timeline = parse_script(" ".join(actions))[1]

    again = parse_timeline(write_timeline(timeline))

    assert len(again.keys) == len(timeline.keys)
    for key, other in zip(again.keys, timeline.keys, strict=True):
        assert abs(key.time_s - other.time_s) < 1e-4
        assert abs(key.intensity - other.intensity) < 1e-5
        torch.testing.assert_close(key.weights, other.weights, atol=1e-5, rtol=0)


def test_a_full_blend_is_not_rounded_beyond_what_is_allowed():
    timeline = parse_timeline("0 anger 0.6666666 + fear 0.6666667 + sadness 0.6666667")

    assert parse_timeline(write_timeline(timeline)).keys[0].intensity == pytest.approx(2, abs=1e-6)
