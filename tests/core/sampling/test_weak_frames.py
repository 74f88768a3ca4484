"""Which frames of a motion are weak."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from moda_core.motion.controls import CONTROLS, OPENING, compose, lip_opening
from moda_core.motion.motion import EXPRESSION, FPS, YAW, MotionStats
from moda_core.sampling.ranking import JERK_WEIGHT, best_agreement
from moda_core.sampling.weak_frames import (
    FEATHER,
    REACH,
    SHORTEST,
    FrameJudge,
    WeakSpan,
    free_weights,
    weak_spans,
)

PLAIN = MotionStats(torch.zeros(70), torch.ones(70))
REST = torch.zeros(63)
NUM_FRAMES = 200


def levels(seed=0):
    smooth = np.random.default_rng(seed).random(NUM_FRAMES + 4)
    return np.convolve(smooth, np.ones(5) / 5, "valid")


def speaking(opening, yaw=None):
    """Return motion whose lips and head follow curves, (N,)."""
    values, controls = torch.zeros(len(opening), 70), torch.zeros(len(opening), len(CONTROLS))
    controls[:, CONTROLS.index("jaw")] = torch.as_tensor(opening, dtype=torch.float32)
    values[:, EXPRESSION] = compose(controls)
    time = 10 * torch.arange(len(opening)) / FPS
    values[:, YAW] = torch.sin(time)[:, None]
    if yaw is not None:
        values[:, YAW] += torch.as_tensor(yaw, dtype=torch.float32)[:, None]
    return values


def judge_of(values, level):
    return FrameJudge(values, REST, level, PLAIN)


def test_the_frames_agreement_has_the_correlation_as_its_mean():
    level = levels()
    values = speaking(level + 0.1 * np.random.default_rng(1).random(NUM_FRAMES))
    jaw = values.double()[:, 58] / compose(torch.eye(12))[0, 58]  # what opens the mouth

    agreement = judge_of(values, level).agreement(values)

    expected = np.corrcoef(jaw.numpy(), level)[0, 1]
    assert best_agreement(jaw.numpy(), level)[1] == 0
    assert agreement.mean() == pytest.approx(expected, abs=1e-4)


def test_a_mouth_that_does_the_opposite_of_the_sound_is_weak():
    level = levels()
    opening = level.copy()
    opening[80:110] = 2 * level.mean() - level[80:110]
    values = speaking(opening)

    quality = judge_of(values, level).quality(values).sum(axis=1)

    (span,) = weak_spans(quality, 0.15)
    assert 75 <= span.first < span.last <= 115


def test_closed_lips_count_as_shut():
    controls = torch.zeros(1, len(CONTROLS))
    controls[:, CONTROLS.index("jaw")] = 0.5
    pressed = controls.clone()
    pressed[:, CONTROLS.index("close")] = 1.0

    open_lips, shut_lips = (
        lip_opening(dict(zip(CONTROLS, each.unbind(dim=1), strict=True)))
        for each in (controls, pressed)
    )

    level = levels()
    values = speaking(level)
    values[50:60, EXPRESSION] += compose(pressed - controls)
    judge = judge_of(speaking(level), level)
    assert float(open_lips) == pytest.approx(0.5 * OPENING)
    assert float(shut_lips) < 0.1 * float(open_lips)
    assert judge.agreement(values)[50:60].mean() < judge.agreement(speaking(level))[50:60].mean()


def test_jerk_is_the_third_difference_over_the_usual_one():
    level = levels()
    values = speaking(level)
    rough = values.clone()
    rough[100, YAW] += 0.5
    judge = judge_of(values, level)

    calm, jerk = judge.jerk(values), judge.jerk(rough)

    smooth, bent = (np.diff(each[:, YAW].double().numpy(), 3, axis=0) for each in (values, rough))
    usual = np.sqrt((smooth**2).sum() / NUM_FRAMES)  # of one of seven dims, as `bent`
    np.testing.assert_allclose(jerk[1:-2, 1], np.abs(bent)[:, 0] / usual, rtol=1e-3)
    np.testing.assert_array_equal(jerk[:, 0], calm[:, 0])
    changed = np.flatnonzero(jerk[:, 1] != calm[:, 1])
    assert 100 - REACH < changed.min() <= changed.max() < 100 + REACH


def test_quality_is_agreement_less_jerk():
    level = levels()
    values = speaking(level, 0.1 * levels(1))
    judge = judge_of(values, level)

    face, head = judge.quality(values).T

    jerk = judge.jerk(values)
    np.testing.assert_allclose(face, judge.agreement(values) - JERK_WEIGHT / 2 * jerk[:, 0])
    np.testing.assert_allclose(head, -JERK_WEIGHT / 2 * jerk[:, 1])


def test_lips_that_come_late_are_compared_with_the_sound_that_they_follow():
    level = levels()
    values = speaking(np.roll(level, 2))

    judge = judge_of(values, level)

    assert judge.lag == 2
    assert judge.agreement(values).mean() > 0.95


def test_silence_agrees_with_nothing_and_still_has_jerk():
    values = speaking(levels())

    judge = judge_of(values, np.zeros(NUM_FRAMES))

    assert not judge.agreement(values).any()
    assert judge.jerk(values).mean() > 0


@pytest.mark.parametrize("share", [0.0, 0.1, 1 / 3, 0.7, 1.0])
@pytest.mark.parametrize("num_frames", [1, 10, 400])
def test_weak_spans_hold_the_share_at_most_and_lie_apart(share, num_frames):
    quality = np.random.default_rng(3).random(num_frames)

    spans = weak_spans(quality, share)

    lengths = [span.last - span.first for span in spans]
    assert sum(lengths) <= share * num_frames
    assert all(length >= SHORTEST for length in lengths)
    gaps = [after.first - before.last for before, after in pairwise(spans)]
    assert all(gap >= 2 * (FEATHER + REACH) for gap in gaps)
    if share == 1.0 and num_frames >= SHORTEST:
        assert spans == [WeakSpan(0, num_frames)]


def test_a_third_of_a_long_motion_is_found_nearly_whole():
    quality = np.random.default_rng(3).random(2000)

    found = sum(span.last - span.first for span in weak_spans(quality, 1 / 3))

    assert 0.8 * 2000 / 3 < found <= 2000 / 3


def test_free_weights_fall_to_nothing_outside_of_the_feather():
    span = WeakSpan(40, 50)

    weights = free_weights([span, WeakSpan(0, 3)], 100)

    assert (weights[40:50] == 1).all()
    assert (weights[40 - FEATHER : 40].diff() > 0).all()
    outside = torch.ones(100, dtype=torch.bool)
    for each in (span, WeakSpan(0, 3)):
        outside[each.around(100)] = False
    assert (weights[outside] == 0).all()
    assert (weights[~outside] > 0).all()


def test_sound_of_another_length_and_nan_are_refused():
    values = speaking(levels())

    with pytest.raises(ValueError, match="200 frames"):
        judge_of(values, levels()[:-1])
    values[3, 4] = float("nan")
    with pytest.raises(ValueError, match="NaN"):
        judge_of(values, levels())
    with pytest.raises(ValueError, match=r"share, got 1\.5"):
        weak_spans(np.zeros(10), 1.5)
