"""An expression set by hand, alone and added to motion."""

from dataclasses import fields

import pytest
import torch

from moda_core.editing.expression import RANGES, Expression, express
from moda_core.editing.idling import still_motion
from moda_core.motion.controls import CONTROLS, read
from moda_core.motion.motion import EXPRESSION, HEAD, PITCH, ROLL, YAW

from .direct_cases import acted_motion, assert_same_motion, changed_dims, control, random_motion

SHOWN = {
    "jaw": {"jaw": 1.0},
    "smile": {"smile": 1.0},
    "pucker": {"width": -1.0},
    "blink_left": {"blink_left": 1.0},
    "blink_right": {"blink_right": 1.0},
    "brows": {"brow": 1.0},
    "gaze_x": {"gaze": 1.0},
}


def test_every_field_has_a_range_with_rest_in_it():
    assert [field.name for field in fields(Expression)] == list(RANGES)
    assert all(low < 0 < high for low, high in RANGES.values())


@pytest.mark.parametrize("share", [1.0, 0.4])
@pytest.mark.parametrize("name", SHOWN)
def test_a_field_moves_its_own_control_alone(name, share):
    low, high = RANGES[name]
    for value in (share * low, share * high):
        motion = express(still_motion(1), Expression(**{name: value}))

        wanted = {control: sign * value for control, sign in SHOWN[name].items()}
        expected = torch.tensor([[wanted.get(control, 0.0) for control in CONTROLS]])
        torch.testing.assert_close(read(motion.offset), expected, rtol=0, atol=1e-5)
        assert torch.equal(motion.values[:, HEAD], still_motion(1).values[:, HEAD])


def test_a_gaze_up_lifts_the_lids_and_one_down_lowers_them():
    up, down = (express(still_motion(1), Expression(gaze_y=y)) for y in (1.0, -1.0))

    for side in ("left", "right"):
        assert control(up, f"blink_{side}") < -0.1
        assert control(down, f"blink_{side}") > 0.1


@pytest.mark.parametrize(("name", "dim"), [("pitch", PITCH), ("yaw", YAW), ("roll", ROLL)])
def test_the_head_turns_by_degrees_in_every_frame(name, dim):
    motion = random_motion()

    turned = express(motion, Expression(**{name: -12.5}))

    torch.testing.assert_close(turned.values[:, dim], motion.values[:, dim] - 12.5)
    assert changed_dims(turned, motion) == {dim.start}


def test_nothing_added_changes_nothing_and_returns_a_copy():
    motion = random_motion()

    same = express(motion, Expression())

    assert torch.equal(same.values, motion.values)
    assert same.values.data_ptr() != motion.values.data_ptr()


def test_it_is_added_to_what_a_motion_shows():
    motion = acted_motion(20, jaw=torch.linspace(0, 1, 20), smile=0.3, gaze=-0.2)

    shown = express(motion, Expression(jaw=-0.5, smile=0.5, gaze_x=0.6))

    expected = acted_motion(20, jaw=torch.linspace(-0.5, 0.5, 20), smile=0.8, gaze=0.4)
    assert_same_motion(shown.values, expected.values)


def test_lids_close_by_their_share_of_what_is_open_and_blinks_stay():
    motion = acted_motion(3, blink_left=torch.tensor([0.0, 0.6, 1.0]))

    half, wide = (express(motion, Expression(blink_left=value)) for value in (0.5, -0.5))

    torch.testing.assert_close(control(half, "blink_left"), torch.tensor([0.5, 0.8, 1.0]))
    torch.testing.assert_close(control(wide, "blink_left"), torch.tensor([-0.5, 0.4, 1.0]))
    assert control(half, "blink_right").abs().max() < 1e-5


def test_shut_lids_stay_shut_whatever_the_gaze():
    shut = express(still_motion(1), Expression(blink_left=1, blink_right=1, gaze_y=1))

    assert control(shut, "blink_left") == pytest.approx(1, abs=1e-4)


def test_the_pictures_own_expression_is_undone():
    own = torch.zeros(len(CONTROLS))
    own[CONTROLS.index("smile")] = 0.4

    motion = express(still_motion(5), Expression(smile=0.1), own)

    torch.testing.assert_close(control(motion, "smile"), torch.full((5,), -0.3))
    assert own[CONTROLS.index("smile")] == pytest.approx(0.4)


def test_the_rest_and_the_rate_stay():
    rest = random_motion(1).values[0, EXPRESSION].clone()
    motion = still_motion(2, rest, fps=30)

    shown = express(motion, Expression(jaw=1.0))

    assert torch.equal(shown.rest, rest)
    assert (len(shown), shown.fps) == (2, 30)


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", [-31.0, 31.0, float("nan")])
def test_a_value_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        Expression(**{name: value})
