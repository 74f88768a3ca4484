"""A face that listens."""

import numpy as np
import pytest
import torch

from moda_core.editing.idling import breathing, idle, still_motion
from moda_core.motion.controls import rest_expression
from moda_core.motion.motion import HEAD, released_stats

from .direct_cases import assert_same_motion, control


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_it_blinks_and_looks_and_keeps_its_mouth(fps):
    motion = idle(60, fps=fps)

    lids = control(motion, "blink_left")
    assert (len(motion), motion.fps) == (60 * fps, fps)
    assert int(((lids[1:] > 0.5) & (lids[:-1] <= 0.5)).sum()) == pytest.approx(15, abs=2)
    assert control(motion, "gaze").std() > 0.05
    for name in ("jaw", "close", "width", "smile", "skew", "sneer"):
        assert control(motion, name).abs().max() < 0.05


def test_the_head_sways_a_little_and_smoothly():
    angles = idle(120).values[:, 67:].numpy()

    low, high = np.percentile(angles, [2, 98], axis=0)

    assert (high - low > 1).all()
    assert (high - low < 6).all()
    assert np.abs(angles.mean(axis=0)).max() < 1
    assert np.abs(np.diff(angles, 2, axis=0)).mean() < 0.02


def test_breath_is_a_quarter_in_a_second():
    curve = breathing(3000, 25, seed=0).numpy()

    spectrum = np.abs(np.fft.rfft(curve))
    peak_hz = np.fft.rfftfreq(3000, 1 / 25)[spectrum.argmax()]
    assert peak_hz == pytest.approx(0.25, abs=0.04)
    assert np.abs(curve).max() <= 1


def test_nothing_asked_for_is_a_still_face():
    motion = idle(3, blinks_per_minute=0, breath=0, sway=0, glances=0)

    assert_same_motion(motion.values, still_motion(75).values)


def test_a_still_face_is_at_rest_and_looks_ahead():
    values = still_motion(4).values

    assert torch.equal(values[3, :63], rest_expression())
    assert torch.equal(values[3, 63:67], released_stats().mean[63:67])
    assert values[:, 67:].abs().max() == 0


def test_rest_and_head_may_be_a_portraits_own():
    rest, head = torch.randn(63), torch.tensor([1.3, 0.1, 0.2, 0.0, 5.0, -20.0, 3.0])

    motion = idle(60, rest, head, sway=0.2)

    assert torch.equal(motion.rest, rest)
    torch.testing.assert_close(motion.values[:, HEAD].mean(0), head, atol=0.4, rtol=0)


def test_a_longer_one_begins_alike_and_a_seed_decides():
    short, long, other = idle(5), idle(20), idle(5, seed=1)

    assert_same_motion(short.values[:112], long.values[:112])
    assert (short.values[:, 67:] - other.values[:, 67:]).abs().max() > 0.3


def test_the_head_moves_alike_at_any_rate():
    slow, fast = idle(20), idle(20, fps=50)

    assert_same_motion(fast.values[::2, HEAD], slow.values[:, HEAD], HEAD)


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration_s": 0},
        {"fps": 0},
        {"breath": -1},
        {"sway": 6},
        {"glances": 4},
        {"blinks_per_minute": 61},
        {"seed": -1},
        {"rest": torch.zeros(62)},
        {"head": torch.zeros(6)},
    ],
)
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match=r"^Expected .*\.$"):
        idle(**{"duration_s": 1, **wrong})


def test_a_blink_of_time_is_one_frame():
    assert len(idle(0.001)) == 1
