"""Blinks and gaze."""

import numpy as np
import pytest
import torch

from moda_core.editing.eyes import blink_curve, blink_times, glances, set_blinks, set_gaze
from moda_core.motion.controls import CONTROLS

from .direct_cases import acted_motion, assert_same_motion, changed_dims, control, random_motion

MINUTE = 1500
LID_DIMS = {3 * keypoint + 1 for keypoint in (1, 2, 11, 13, 15, 16)}


def blink_starts(lids):
    return ((lids[1:] > 0.5) & (lids[:-1] <= 0.5)).nonzero().flatten()


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
@pytest.mark.parametrize("rate", [0.5, 8, 17.5, 60])
def test_blinks_come_at_the_rate_asked(fps, rate):
    motion = acted_motion(600 * fps, fps=fps)

    lids = control(set_blinks(motion, rate), "blink_left")

    assert len(blink_starts(lids)) == pytest.approx(10 * rate, rel=0.06, abs=1)


def test_without_jitter_blinks_come_like_a_clock_and_with_it_they_do_not():
    motion = acted_motion(4 * MINUTE)

    clock, uneven = (
        blink_starts(control(set_blinks(motion, 15, jitter), "blink_left")).diff().double() / 25
        for jitter in (0, 0.5)
    )

    assert clock.sub(4).abs().max() < 0.05
    assert 2 - 0.05 <= uneven.min() < 2.6
    assert 5.4 < uneven.max() <= 6 + 0.05


@pytest.mark.parametrize("fps", [24, 25, 30, 60, 23.976])
def test_in_each_blink_both_lids_shut_completely_for_about_a_quarter_second(fps):
    motion = acted_motion(round(60 * fps), fps=fps, blink_left=-0.3, blink_right=0.2)

    left, right = (control(set_blinks(motion), f"blink_{side}") for side in ("left", "right"))

    assert torch.equal(left > 0.99, right > 0.99)
    assert left.max() == pytest.approx(1, abs=1e-3)
    assert left.median() == pytest.approx(-0.3, abs=1e-3)
    assert right.median() == pytest.approx(0.2, abs=1e-3)
    for start in blink_starts(right)[1:-1]:
        closed = right[start : start + int(0.5 * fps)] > 0.6
        assert 0.1 < closed.sum() / fps < 0.25


def test_the_models_blinks_make_way_and_nothing_else_does():
    lids = torch.zeros(MINUTE)
    lids[40::50] = 1
    rest = {"jaw": torch.rand(MINUTE), "brow": torch.rand(MINUTE), "smile": 0.5}
    motion = acted_motion(MINUTE, blink_left=lids, blink_right=lids, **rest)

    removed, generated = set_blinks(motion, mode="off"), set_blinks(motion, 6)

    assert control(removed, "blink_left").abs().max() < 1e-4
    assert len(blink_starts(control(generated, "blink_left"))) == pytest.approx(6, abs=1)
    assert changed_dims(generated, motion) <= LID_DIMS
    for name in set(CONTROLS) - {"blink_left", "blink_right"}:
        torch.testing.assert_close(
            control(generated, name), control(motion, name), atol=1e-4, rtol=0
        )


def test_a_rate_of_none_is_no_blink():
    motion = random_motion(100)

    assert torch.equal(set_blinks(motion, 0).values, set_blinks(motion, mode="off").values)


def test_the_seed_decides_at_any_rate_and_length():
    one, same, other = (blink_times(60, 15, 0.5, seed) for seed in (3, 3, 4))
    longer = blink_times(120, 15, 0.5, 3)

    assert np.array_equal(one, same)
    assert not np.array_equal(one[:5], other[:5])
    assert np.array_equal(one, longer[: len(one)])
    for fps in (24, 60):
        shut = np.flatnonzero(blink_curve(one, 60 * fps, fps) == 1) / fps
        assert np.abs(one[:, None] - shut).min(axis=1).max() <= 0.5 / fps + 1e-9


@pytest.mark.parametrize(("x", "y"), [(0.7, 0), (-1, 0), (0, 0)])
def test_a_target_aside_is_where_both_eyes_look(x, y):
    motion = random_motion()

    result = set_gaze(motion, "target", x, y)

    torch.testing.assert_close(
        control(result, "gaze"), torch.full((60,), float(x)), atol=1e-4, rtol=0
    )
    assert changed_dims(result, motion) <= {33, 45}  # x of 11 and 15


def test_looking_up_is_that_of_the_sliders():
    still = acted_motion(1)

    up, down = (set_gaze(still, y=y).values - still.values for y in (1.0, -1.0))

    # 15 of LivePortrait's slider, and the lids' slider at minus half of it: -0.001 and +0.0005 a
    # step on the upper lids, -0.00015 on the lower ones, and a little of the brows.
    expected = torch.zeros(21, 3)
    expected[[11, 15], 1], expected[[13, 16], 1] = -0.0075, -0.00225
    expected[1, 1], expected[2, 1] = 0.001875, -0.001875
    torch.testing.assert_close(up[0, :63].reshape(21, 3), expected, atol=6e-4, rtol=0)
    torch.testing.assert_close(down, -up)


def test_shut_lids_stay_shut_wherever_the_eyes_look():
    shut = acted_motion(3, blink_left=1, blink_right=torch.tensor([0, 0.5, 1.0]))

    upper = set_gaze(shut, y=1.0).values - shut.values

    assert upper[:, 3 * 11 + 1].abs().max() < 1e-7
    rises = upper[:, 3 * 15 + 1]
    torch.testing.assert_close(rises / rises[0], torch.tensor([1, 0.5, 0]), atol=1e-4, rtol=0)


def test_blinks_set_after_the_gaze_leave_no_trace_of_those_before():
    lids = torch.zeros(300)
    lids[40::80] = 1
    motion, still = acted_motion(300, blink_left=lids, blink_right=lids), acted_motion(300)

    one, other = (set_blinks(set_gaze(given, y=0.8)) for given in (motion, still))

    assert_same_motion(one.values, other.values)


def test_wandering_eyes_return_to_the_viewer_and_move_in_steps():
    gaze = control(set_gaze(acted_motion(4 * MINUTE), "wander"), "gaze")

    ahead = (gaze.abs() < 1e-3).double().mean()
    still = (gaze.diff().abs() < 1e-5).double().mean()
    assert 0.4 < ahead < 0.75
    assert still > 0.85
    assert 0.1 < gaze.std() < 0.35


def test_wandering_is_about_the_target_and_of_its_seed():
    motion = acted_motion(MINUTE)

    one, same, other = (set_gaze(motion, "wander", x=0.3, seed=seed) for seed in (1, 1, 2))

    assert torch.equal(one.values, same.values)
    assert not torch.equal(one.values, other.values)
    assert control(one, "gaze").median() == pytest.approx(0.3, abs=1e-3)
    assert np.array_equal(glances(100, 25, 1), glances(400, 25, 1)[:100])
    np.testing.assert_allclose(glances(100, 25, 1), glances(200, 50, 1)[::2], atol=1e-9)
