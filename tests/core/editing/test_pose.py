"""Gains, offsets, limits and freezes of the head's pose."""

import pytest
import torch

from moda_core.editing.pose import AXES, AxisAdjustment, adjust_pose
from moda_core.motion.motion import PITCH, SCALE, TRANSLATION, YAW, Motion
from tests.tolerances import assert_rounded

from .direct_cases import changed_dims, random_motion


def posed(yaw):
    motion = random_motion(len(yaw))
    values = motion.values.clone()
    values[:, YAW] = yaw[:, None]
    return Motion(values, motion.rest)


@pytest.mark.parametrize(("axis", "dim"), AXES.items())
def test_gain_and_offset_are_those_of_the_angle_alone(axis, dim):
    motion = random_motion()
    angle = motion.values[:, dim].double()

    result = adjust_pose(motion, **{axis: AxisAdjustment(gain=2.5, offset_deg=-4)})

    expected = angle.mean() + 2.5 * (angle - angle.mean()) - 4
    assert_rounded(result.values[:, dim], expected, 8)
    assert changed_dims(result, motion) == {dim.start}


@pytest.mark.parametrize(("center", "kept"), [("first", 7.0), ("zero", 0.0), ("mean", 9.0)])
def test_a_freeze_holds_the_angle_at_its_centre(center, kept):
    motion = posed(torch.tensor([7.0, 8.0, 12.0]))

    result = adjust_pose(motion, yaw=AxisAdjustment(freeze=True, gain=2), center=center)

    assert result.values[:, YAW].flatten().tolist() == [kept] * 3


@pytest.mark.parametrize("limit", [0.0, 1.0, 7.3, 15.0])
def test_a_limit_is_never_exceeded_and_keeps_small_angles(limit):
    yaw = torch.cat([torch.linspace(-200, 200, 5001), torch.tensor([1e30, -1e30])])

    limited = adjust_pose(posed(yaw), yaw=AxisAdjustment(limit_deg=limit)).values[:, YAW]

    assert limited.abs().max() <= limit
    small = yaw.abs() <= 0.7 * limit
    assert torch.equal(limited.flatten()[small], yaw[small])


def test_a_limit_has_no_kink():
    yaw = torch.linspace(-30, 30, 6001)

    limited = adjust_pose(posed(yaw), yaw=AxisAdjustment(limit_deg=10)).values[:, YAW]

    slope = limited.flatten().double().diff() / 0.01
    assert slope.min() >= -1e-3
    assert slope.max() <= 1.001
    assert slope.diff().abs().max() < 0.01  # a hard limit jumps by 1


def test_size_and_place_have_gains_of_their_own():
    motion = random_motion()
    place, size = motion.values[:, TRANSLATION], motion.values[:, SCALE]

    result = adjust_pose(motion, translation_gain=0, scale_gain=3, center="first")

    assert torch.equal(result.values[:, TRANSLATION], place[:1].expand(60, 3))
    expected = size[:1] + 3 * (size - size[:1])
    assert_rounded(result.values[:, SCALE], expected, 8)
    assert torch.equal(result.values[:, PITCH], motion.values[:, PITCH])
