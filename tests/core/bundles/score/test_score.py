"""The parts of a score, their total, and how it is written."""

import json
from dataclasses import replace

import pytest

from moda_core.bundles.score.report import score_json, score_table
from moda_core.bundles.score.score import WEIGHTS, Score

FULL = Score(
    num_frames=250,
    fps=25.0,
    lips=0.9,
    lag_frames=1.0,
    closures=0.8,
    smoothness=0.99,
    jitter_deg=0.5,
    blinks_per_minute=12.0,
    drift_deg=5.0,
    flicker=0.98,
    identity=0.95,
)


def test_the_weights_add_up_to_one():
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_the_parts_are_what_the_page_says():
    assert FULL.parts == pytest.approx(
        {
            "lips": 0.9 * 0.9,
            "closures": 0.8,
            "smoothness": 0.99,
            "jitter": 0.75,
            "blinks": 1.0,
            "drift": 0.75,
            "flicker": 0.98,
            "identity": 0.95,
        }
    )


def test_the_total_is_the_mean_of_the_known_parts_by_weight():
    known = Score(25, 25.0, lips=0.5, lag_frames=0.0, smoothness=1.0)

    assert FULL.total == pytest.approx(sum(WEIGHTS[k] * p for k, p in FULL.parts.items()))
    assert known.total == pytest.approx((0.30 * 0.5 + 0.10) / 0.4)
    assert Score(1, 25.0).total == 0


@pytest.mark.parametrize(
    ("figure", "worse"),
    [
        ("lips", 0.5),
        ("lag_frames", -2.0),
        ("lag_frames", 2.0),
        ("closures", 0.5),
        ("smoothness", 0.9),
        ("jitter_deg", 1.0),
        ("blinks_per_minute", 1.0),
        ("blinks_per_minute", 70.0),
        ("drift_deg", 9.0),
        ("flicker", 0.9),
        ("identity", 0.5),
    ],
)
def test_a_worse_figure_lowers_the_total(figure, worse):
    assert replace(FULL, **{figure: worse}).total < FULL.total


def test_no_part_leaves_its_range():
    bad = Score(250, 25.0, -0.5, 12.0, 0.0, 0.0, 900.0, 300.0, 90.0, 0.0, -0.2)

    assert all(0 <= part < 0.01 for part in bad.parts.values())


def test_the_table_has_a_line_for_each_figure_and_a_dash_for_unknown_ones():
    lines = score_table(replace(FULL, closures=None)).splitlines()

    assert lines[0].split()[:2] == ["score", f"{replace(FULL, closures=None).total:.3f}"]
    assert [line.split()[0] for line in lines[3:]] == list(WEIGHTS)
    assert "40 ms late" in lines[3]
    assert lines[4].split()[1:3] == ["unknown", "-"]
    assert len({len(line) for line in lines[2:]}) == 1


@pytest.mark.parametrize(
    ("lag", "words"), [(-2.0, "80 ms early"), (0.005, "in time"), (None, "correlation  ")]
)
def test_a_delay_is_in_words(lag, words):
    assert words in score_table(replace(FULL, lag_frames=lag))


def test_json_holds_figures_parts_and_weights_and_null_for_unknown_ones():
    found = json.loads(score_json(replace(FULL, identity=None)))

    assert found["score"] == pytest.approx(replace(FULL, identity=None).total)
    assert found["figures"]["lag_ms"] == pytest.approx(40)
    assert found["figures"]["identity"] is found["parts"]["identity"] is None
    assert (found["frames"], found["fps"], found["weights"]) == (250, 25.0, WEIGHTS)
