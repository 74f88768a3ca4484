"""Poses of the head at given times."""

import random

import pytest
import torch

from moda_core.editing.pose import AXES
from moda_core.editing.pose_keys import PoseKey, apply_pose_keys, parse_pose_keys
from moda_core.motion.motion import PITCH, YAW

from .direct_cases import acted_motion, changed_dims, random_motion


@pytest.mark.parametrize(
    "text",
    [
        "1.0 yaw 12, 2.0 yaw -5",
        "1 yaw 12;2s yaw -5",
        " 1.0 Yaw +12.0\n\n# back\n2 yaw -5 # done\n",
        "25f yaw 12, 50f YAW -5",
        "1 yaw 12deg, 2 yaw -5 degrees,",
        "1 s yaw 12 °, 50 frames yaw -5deg",
    ],
)
def test_keys_are_read_in_any_of_their_forms(text):
    keys = parse_pose_keys(text)

    assert keys == (PoseKey(1.0, "yaw", 12.0), PoseKey(2.0, "yaw", -5.0))


def test_frames_are_of_the_rate_given():
    assert parse_pose_keys("60f roll 3", fps=30) == (PoseKey(2.0, "roll", 3.0),)


@pytest.mark.parametrize("text", ["", "  \n ", "# nothing", ",;"])
def test_no_keys_are_no_error(text):
    assert parse_pose_keys(text) == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("1.0 yav 12", 1, 5),
        ("yaw 12", 1, 1),
        ("1.0 yaw 12, 2.0 yaw", 1, 20),
        ("1.0 yaw 12\n2.0 pitch much", 2, 11),
        ("1.0 yaw 500", 1, 9),
        ("1.0 yaw 12 roll 3", 1, 12),
        ("1.0 yaw nan", 1, 9),
        ("-1 yaw 3", 1, 1),
        ("1.0m yaw 3", 1, 4),
        ("1,5 yaw 3", 1, 2),
        ("0:01 yaw 3", 1, 1),
        ("1 yaw 12, 2 yaw 1\n25f yaw 4", 2, 1),
    ],
)
def test_mistakes_are_named_with_their_place(text, line, column):
    with pytest.raises(ValueError, match=rf"^line {line}, column {column}: .*\.$"):
        parse_pose_keys(text)


def test_any_text_gives_keys_or_a_sentence():
    chance = random.Random(0)
    words = ["1", "2.5", "yaw", "pitch", "12f", "-", ",", ";", "\n", "#", "é", "1e999", "°", "deg"]

    for _ in range(500):
        text = chance.choice(["", " "]).join(chance.choices(words, k=chance.randrange(9)))
        try:
            read = parse_pose_keys(text)
        except ValueError as error:
            read = str(error)
        assert isinstance(read, tuple) or read.startswith("line ")


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_the_head_is_at_each_key_at_its_time(fps):
    motion = random_motion(4 * fps, fps=fps)
    keys = parse_pose_keys("1 yaw 12, 2 yaw -5, 3 pitch 8")

    replaced = apply_pose_keys(motion, keys, "replace").values
    added = apply_pose_keys(motion, keys, "add").values - motion.values

    assert replaced[[fps, 2 * fps], YAW].flatten().tolist() == [12, -5]
    torch.testing.assert_close(added[[fps, 2 * fps], YAW].flatten(), torch.tensor([12.0, -5.0]))
    assert float(replaced[3 * fps, PITCH]) == 8


@pytest.mark.parametrize("mode", ["add", "replace"])
def test_outside_the_easing_the_head_keeps_its_own_pose(mode):
    motion = random_motion(100)

    result = apply_pose_keys(motion, [PoseKey(1, "yaw", 9), PoseKey(2, "yaw", 5)], mode, 0.5)

    outside = [*range(13), *range(63, 100)]
    assert changed_dims(result, motion) == {YAW.start}
    assert torch.equal(result.values[outside], motion.values[outside])
    assert (result.values[13:62, YAW] != motion.values[13:62, YAW]).all()


@pytest.mark.parametrize("mode", ["add", "replace"])
def test_the_way_through_the_keys_has_no_kink_and_never_overshoots(mode):
    fps = 240
    keys = parse_pose_keys("1 yaw 12, 2 yaw -5, 2.6 yaw -5, 3 yaw 20")
    motion = acted_motion(5 * fps, fps=fps)

    yaw = apply_pose_keys(motion, keys, mode).values[:, YAW].flatten().double()

    assert yaw.max() <= 20
    assert yaw.min() >= -5
    speed = yaw.diff() * fps
    assert speed.diff().abs().max() * fps < 2500  # a kink would be speed times rate, 15000
    assert yaw[2 * fps : int(2.6 * fps)].add(5).abs().max() < 1e-5


def test_a_key_before_an_ease_of_none_is_a_step():
    motion = acted_motion(50)

    yaw = apply_pose_keys(motion, [PoseKey(1, "yaw", 9)], ease_s=0).values[:, YAW].flatten()

    assert yaw.nonzero().flatten().tolist() == [25]


def test_keys_may_come_in_any_order_and_axes_do_not_meet():
    motion = random_motion(100)
    keys = [PoseKey(t, axis, 5 * t) for t in range(3) for axis in AXES]

    one, other = (apply_pose_keys(motion, order) for order in (keys, keys[::-1]))

    assert torch.equal(one.values, other.values)


def test_two_keys_of_an_axis_at_one_time_are_refused():
    message = "two yaw keys are at 1 s: 3 and 4 degrees. Remove or move one"

    with pytest.raises(ValueError, match=f"line 1, column 14: {message}"):
        parse_pose_keys("1.0 yaw 3,   25f yaw 4")
    with pytest.raises(ValueError, match=message):
        apply_pose_keys(random_motion(), [PoseKey(1, "yaw", 3), PoseKey(1, "yaw", 4)])


@pytest.mark.parametrize("text", ["1", "1 yaw 12,5"])
def test_an_axis_that_is_missing_is_named(text):
    with pytest.raises(ValueError, match="expected an axis, got the end of the text"):
        parse_pose_keys(text)


@pytest.mark.parametrize("text", ["1 yaw 12, 25f yaw 5", "2f yaw 3"])
def test_without_a_rate_frames_are_no_mistake(text):
    assert parse_pose_keys(text, fps=None)


def test_a_misspelt_axis_is_guessed():
    with pytest.raises(ValueError, match=r"unknown axis 'pich' \(did you mean 'pitch'\?\)"):
        parse_pose_keys("1.0 pich 3")
