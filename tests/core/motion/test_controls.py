import pytest
import torch

from moda_core.motion.controls import (
    CONTROLS,
    DIRECTIONS,
    compose,
    lip_opening,
    read,
    rest_expression,
)
from moda_core.motion.motion import EXPRESSION, Motion, released_stats
from moda_core.warp.drive import CONTROL_RANGES, YAW_GAIN, bounded_controls, bounded_pose


def held(expression: torch.Tensor) -> Motion:
    values = released_stats().mean.clone()
    values[EXPRESSION] = expression
    return Motion(values[None], rest_expression())


def lip_gap(motion: Motion) -> float:
    return float(lip_opening(bounded_controls(motion)).max())


def test_read_inverts_compose():
    controls = torch.linspace(-1, 1, 36).reshape(3, 12)

    returned = read(compose(controls))

    assert torch.allclose(returned, controls, atol=1e-4)


@pytest.mark.parametrize("name", CONTROLS)
def test_each_control_moves_its_own_channels_as_far_as_it_is_turned(name):
    controls = torch.zeros(12)
    controls[CONTROLS.index(name)] = 0.5

    offset = compose(controls).reshape(21, 3)

    expected = torch.zeros(21, 3)
    for (keypoint, axis), value in DIRECTIONS[name].items():
        expected[keypoint, "xyz".index(axis)] = 0.5 * value
    torch.testing.assert_close(offset, expected)


def test_rest_reads_as_closed_lips_and_open_eyes():
    controls = bounded_controls(held(rest_expression()))

    assert lip_gap(held(rest_expression())) == 0
    assert float(controls["blink_left"].abs().max()) < 1e-4
    assert float(controls["blink_right"].abs().max()) < 1e-4


def test_mean_of_the_statistics_gives_a_small_lip_gap():
    gap = lip_gap(held(released_stats().mean[EXPRESSION]))

    assert 0 < gap < 0.1


def test_jaw_opens_the_lips_in_proportion():
    gaps = []
    for jaw in (0.25, 0.5, 1.0):
        controls = torch.zeros(12)
        controls[CONTROLS.index("jaw")] = jaw
        gaps.append(lip_gap(held(rest_expression() + compose(controls))))

    assert gaps[2] == pytest.approx(0.56, abs=0.03)
    assert gaps[0] / gaps[2] == pytest.approx(0.25, abs=0.03)
    assert gaps[1] / gaps[2] == pytest.approx(0.5, abs=0.03)


def test_pressed_lips_close_an_open_jaw():
    controls = torch.zeros(12)
    controls[CONTROLS.index("jaw")] = 0.5
    controls[CONTROLS.index("close")] = 1.0

    assert lip_gap(held(rest_expression() + compose(controls))) == 0


def test_wild_motion_is_bounded():
    values = torch.randn(50, 70, generator=torch.Generator().manual_seed(0)) * 100
    values[0] = float("nan")
    motion = Motion(values, rest_expression())

    controls, pose = bounded_controls(motion), bounded_pose(motion)

    for name, (low, high) in CONTROL_RANGES.items():
        assert low - 1e-6 <= float(controls[name].min())
        assert float(controls[name].max()) <= high + 1e-6
    assert float(pose["yaw"].abs().max()) < 0.44
    assert float((pose["scale"] - 1).abs().max()) <= 0.05


def test_small_pose_is_kept_and_a_large_one_saturates_smoothly():
    values = released_stats().mean.repeat(3, 1)
    values[:, 68] = torch.tensor([5.0, 20.0, 60.0])

    yaw = torch.rad2deg(bounded_pose(Motion(values, rest_expression()))["yaw"])

    assert float(yaw[0]) == pytest.approx(YAW_GAIN * 5, abs=1e-3)
    assert 20 < float(yaw[1]) < YAW_GAIN * 20
    assert float(yaw[1]) < float(yaw[2]) < 25.1
