"""Smoothness, jitter, drift and blinks."""

import numpy as np
import pytest
import torch

from moda_core.bundles.score.movement import (
    blinks_per_minute,
    count_blinks,
    drift_deg,
    jitter_deg,
    smoothness,
)
from moda_core.motion.controls import CONTROLS, compose
from moda_core.motion.motion import PITCH, ROLL, YAW, Motion, released_stats

BLINK = [0.4, 0.9, 1.0, 0.6, 0.2]


def turning(yaw, fps=25):
    values = released_stats().mean.repeat(len(yaw), 1)
    values[:, YAW] = torch.as_tensor(yaw, dtype=torch.float32)[:, None]
    return Motion(values, torch.zeros(63), fps)


def blinking(left, right=None, fps=25):
    controls = torch.zeros(len(left), len(CONTROLS))
    controls[:, CONTROLS.index("blink_left")] = torch.as_tensor(left).float()
    controls[:, CONTROLS.index("blink_right")] = torch.as_tensor(
        left if right is None else right
    ).float()
    values = torch.zeros(len(left), 70)
    values[:, :63] = compose(controls)
    return Motion(values, torch.zeros(63), fps)


def test_smoothness_is_the_bend_in_standard_deviations_over_the_moving_dims():
    std = float(released_stats().std[YAW])
    motion = turning([0, std, 0, std, 0])  # each bends by a standard deviation, in one dim of six

    assert smoothness(motion) == pytest.approx(1 - 1 / 6, abs=1e-4)


@pytest.mark.parametrize("fps", [25, 50])
def test_a_steady_turn_is_smooth_and_has_no_jitter(fps):
    motion = turning(np.arange(100) * 0.5, fps)

    assert smoothness(motion) == pytest.approx(1, abs=1e-6)
    assert jitter_deg(motion) == pytest.approx(0, abs=1e-4)


def test_jitter_is_the_third_difference_and_hardly_depends_on_the_rate():
    def cubic(fps):
        return turning((np.arange(2 * fps) / fps - 1) ** 3 * 30, fps)

    expected = 30 * 6 / 25**3 / 3**0.5  # third derivative over 25 fps; one of three angles

    assert jitter_deg(cubic(25)) == pytest.approx(expected, rel=0.01)
    assert jitter_deg(cubic(50)) == pytest.approx(expected, rel=0.05)


def test_a_higher_rate_adds_no_jitter_to_the_same_movement():
    noise = np.random.default_rng(0).normal(size=100).cumsum()
    motion = turning(noise)

    faster = motion.resampled(50, 200)

    assert jitter_deg(faster) == pytest.approx(jitter_deg(motion), rel=0.02)
    assert smoothness(faster) == pytest.approx(smoothness(motion), abs=0.002)


def test_drift_is_the_distance_of_the_mean_poses_of_the_outer_thirds():
    motion = turning([1.0] * 50 + [9.0] * 50 + [4.0] * 50)
    values = motion.values.clone()
    values[100:, PITCH] += 4
    values[:, ROLL] += 20

    assert drift_deg(Motion(values, motion.rest)) == pytest.approx(5, abs=1e-4)


def test_blinks_are_counted_once_each_and_closed_eyes_not_at_all():
    lids = np.zeros(250)
    for start in (20, 100, 180):
        lids[start : start + 5] = BLINK
    lids[220:] = 1.0  # shut to the end
    trembling = [0, 0.6, 0.45, 0.6, 0.2, 0]

    assert blinks_per_minute(blinking(lids)) == pytest.approx(18)
    assert count_blinks(np.array(trembling), 25) == 1
    assert count_blinks(np.r_[0, np.ones(30), 0], 25) == 0


def test_a_wink_is_no_blink():
    lids = np.zeros(250)
    lids[20:25] = BLINK

    assert blinks_per_minute(blinking(lids, np.zeros(250))) == 0


@pytest.mark.parametrize("num_frames", [1, 2, 3, 99])
def test_what_a_short_motion_can_not_tell_is_unknown(num_frames):
    motion = turning(np.zeros(num_frames))

    assert drift_deg(motion) is blinks_per_minute(motion) is None
    assert (smoothness(motion) is None) == (num_frames < 3)
    assert (jitter_deg(motion) is None) == (num_frames < 4)
