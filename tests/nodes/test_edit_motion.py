"""Nodes that edit the regions of a motion, frame by frame."""

from dataclasses import replace

import pytest
import torch

from .acted_motion import EXPRESSION, HEAD, PITCH, ROLL, YAW, acted_motion, changed
from .edited_prompt import edited_prompt

ANGLES = {"pitch": PITCH, "yaw": YAW, "roll": ROLL}
AT_DEFAULTS = ("MoDAMixMotion", "MoDAPose", "MoDAEyes", "MoDALips", "MoDARetimeMotion")
HEAD_DIMS = set(range(63, 70))


@pytest.fixture
def motion(parts):
    return acted_motion(parts)


@pytest.fixture
def other(parts):
    return acted_motion(parts, seed=1)


def sound(level, seconds=4, sample_rate=1000):
    """A hum whose loudness follows a level for each second."""
    loudness = torch.tensor(level).repeat_interleave(seconds * sample_rate // len(level))
    hum = torch.sin(torch.arange(len(loudness)) * 0.7)
    return {"waveform": (loudness * hum)[None, None], "sample_rate": sample_rate}


@pytest.mark.parametrize("node", AT_DEFAULTS)
def test_defaults_change_nothing(host, motion, node):
    (edited,) = host.call(node, motion=motion)

    assert torch.equal(edited.values, motion.values)
    assert edited.fps == motion.fps


@pytest.mark.parametrize(
    ("node", "inputs"),
    [
        ("MoDAPose", {"yaw_gain": 2.0, "keyframes": "1 roll 5", "preset": "nod"}),
        ("MoDAEyes", {"blinks": "generated", "gaze": "wander"}),
        ("MoDALips", {"gain": 2.0, "released_modulation": True}),
        ("MoDASmoothMotion", {"mouth": 1.0}),
        ("MoDARetimeMotion", {"speed": 2.0}),
        ("MoDAFadeMotion", {}),
        ("MoDAFadeMotion", {"loop": True}),
        ("MoDADirector", {}),
    ],
)
def test_the_motion_that_comes_in_stays_as_it_is(host, motion, node, inputs):
    before = motion.values.clone()

    edited = host.call(node, motion=motion, **inputs)[0]

    assert torch.equal(motion.values, before)
    assert edited.values.shape != before.shape or not torch.equal(edited.values, before)


def test_a_head_comes_from_another_motion(host, motion, other):
    (mixed,) = host.call("MoDAMixMotion", motion=motion, head=other)

    assert torch.equal(mixed.values[:, HEAD], other.values[:, HEAD])
    assert torch.equal(mixed.values[:, EXPRESSION], motion.values[:, EXPRESSION])


@pytest.mark.parametrize("region", ["mouth", "eyes", "brows", "head"])
def test_a_weight_of_nothing_keeps_a_region(host, motion, other, region):
    inputs = {region: other, f"{region}_weight": 0.0}

    (mixed,) = host.call("MoDAMixMotion", motion=motion, **inputs)

    assert torch.equal(mixed.values, motion.values)


def test_a_short_motion_is_held_or_looped(host, motion, other):
    short = replace(other, values=other.values[:40])

    (held,) = host.call("MoDAMixMotion", motion=motion, head=short)
    (looped,) = host.call("MoDAMixMotion", motion=motion, head=short, loop=True)

    assert torch.equal(held.values[40:, YAW], short.values[39, YAW].expand(60))
    assert looped.values[40:, YAW].std() > 0.1


@pytest.mark.parametrize("axis", ANGLES)
def test_gain_and_offset_act_on_their_own_angle(host, motion, axis):
    inputs = {f"{axis}_gain": 2.0, f"{axis}_offset": 4.0}

    (moved,) = host.call("MoDAPose", motion=motion, **inputs)

    angle = motion.values[:, ANGLES[axis]]
    expected = angle.mean() + 2 * (angle - angle.mean()) + 4
    torch.testing.assert_close(moved.values[:, ANGLES[axis]], expected, atol=1e-4, rtol=0)
    assert changed(moved, motion) == {ANGLES[axis]}


@pytest.mark.parametrize("axis", ANGLES)
def test_a_limit_holds_for_its_own_angle(host, motion, axis):
    (moved,) = host.call(
        "MoDAPose", motion=motion, **{f"{axis}_offset": 20.0, f"{axis}_limit": 6.0}
    )

    assert 5.5 < moved.values[:, ANGLES[axis]].max() <= 6
    assert changed(moved, motion) == {ANGLES[axis]}


@pytest.mark.parametrize(
    "inputs",
    [
        {"keyframes": "1.0 yaw 40", "key_mode": "add"},
        {"keyframes": "1.0 yaw 40", "key_mode": "replace"},
        {"preset": "look", "preset_strength": 3.0},
        {"preset": "shake", "preset_strength": -3.0},
    ],
)
def test_neither_keyframes_nor_a_preset_pass_a_limit(host, motion, inputs):
    (moved,) = host.call("MoDAPose", motion=motion, yaw_limit=6.0, **inputs)

    assert 5.5 < moved.values[:, YAW].abs().max() <= 6


@pytest.mark.parametrize(
    ("gain", "dims"), [("translation_gain", slice(64, 67)), ("scale_gain", slice(63, 64))]
)
def test_place_and_size_have_gains_of_their_own(host, motion, gain, dims):
    (moved,) = host.call("MoDAPose", motion=motion, **{gain: 0.0})

    assert (moved.values[:, dims] == moved.values[:1, dims]).all()
    torch.testing.assert_close(moved.values[0, dims], motion.values[:, dims].mean(0))
    assert changed(moved, motion) == set(range(dims.start, dims.stop))


def test_a_frozen_head_does_not_move_at_all(host, motion):
    (moved,) = host.call("MoDAPose", motion=motion, freeze=True, pitch_offset=3.0)

    assert (moved.values[:, HEAD] == moved.values[:1, HEAD]).all()
    pitch = motion.values[:, PITCH].mean() + 3
    torch.testing.assert_close(moved.values[0, PITCH], pitch, atol=1e-4, rtol=0)
    assert changed(moved, motion) == HEAD_DIMS


def test_keyframes_are_met_in_seconds_and_in_frames(host, motion):
    (moved,) = host.call("MoDAPose", motion=motion, keyframes="1.0 yaw 12, 50f yaw -5")

    torch.testing.assert_close(moved.values[[25, 50], YAW], torch.tensor([12.0, -5.0]))
    assert changed(moved, motion) == {YAW}


def test_keyframes_are_added_to_the_movement(host, motion):
    (moved,) = host.call("MoDAPose", motion=motion, keyframes="1.0 roll 10", key_mode="add")

    gained = moved.values[25, ROLL] - motion.values[25, ROLL]
    torch.testing.assert_close(gained, torch.tensor(10.0), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("preset", "dim", "degrees"), [("nod", PITCH, 7), ("shake", YAW, 8), ("look", YAW, 12)]
)
def test_a_preset_turns_the_head_at_its_time(host, motion, preset, dim, degrees):
    inputs = {"preset": preset, "preset_time": 1.0, "preset_strength": -0.5}

    (moved,) = host.call("MoDAPose", motion=motion, **inputs)

    turn = (moved.values - motion.values)[:, dim]
    assert not turn[:26].any()
    assert turn[turn.abs().argmax()] < 0 or preset == "shake"
    assert 0.9 * degrees / 2 < turn.abs().max() < 1.01 * degrees / 2


def test_a_wrong_keyframe_is_refused_with_its_place(host, motion):
    with pytest.raises(ValueError, match="line 2, column 5: unknown axis 'yow'"):
        host.call("MoDAPose", motion=motion, keyframes="1 yaw 3\n2.0 yow -5")


def test_a_wrong_keyframe_is_refused_before_anything_runs(host):
    result = host.run(edited_prompt(host, "MoDAPose", keyframes="1.0 yaw 12 2.0 yaw"))

    assert (result.error_type, result.ran) == ("invalid", [])
    assert "line 1, column 12: expected a comma" in result.error


def test_blinks_depend_on_mode_and_seed(host, motion):
    def blinking(**inputs):
        return host.call("MoDAEyes", motion=motion, rate=60.0, **inputs)[0].values

    one, again, two, off = (
        blinking(blinks=mode, seed=seed)
        for mode, seed in (("generated", 1), ("generated", 1), ("generated", 2), ("off", 1))
    )

    assert torch.equal(one, again)
    assert not torch.equal(one, two)
    assert not torch.equal(one, off)
    assert torch.equal(one[:, HEAD], motion.values[:, HEAD])


def test_a_gaze_goes_to_its_target(host, motion):
    left, right = (
        host.call("MoDAEyes", motion=motion, gaze="target", gaze_x=x)[0].values for x in (-1, 1)
    )

    torch.testing.assert_close(left - right, (left - right)[:1].expand(100, -1), atol=1e-5, rtol=0)
    assert (left - right).abs().max() > 0.005


def test_lips_move_more_with_more_gain(host, parts):
    def reach(gain):
        (moved,) = host.call("MoDALips", motion=parts.motion, gain=gain)
        return moved.offset[:, [3 * 19 + 1, 3 * 20 + 1]].abs().max()

    assert reach(0.0) < reach(1.0) < reach(2.0)


def test_lips_close_in_silence_and_stay_in_speech(host, motion):
    inputs = {"audio": sound([0.5, 0.5, 0.0, 0.0]), "closure": 1.0}

    (moved,) = host.call("MoDALips", motion=motion, **inputs)

    assert torch.equal(moved.values[:50], motion.values[:50])
    assert changed(moved, motion) <= set(range(63))
    (shut,) = host.call("MoDALips", motion=motion, gain=0.0)
    torch.testing.assert_close(moved.values[60:], shut.values[60:])


def test_closure_without_a_sound_says_what_is_missing(host, motion):
    with pytest.raises(ValueError, match="Link 'audio', or set 'closure' to 0"):
        host.call("MoDALips", motion=motion, closure=0.5)


def test_the_sound_of_another_motion_is_refused(host, motion):
    inputs = {"audio": sound([0.5, 0.0], seconds=6), "closure": 0.5}

    with pytest.raises(ValueError, match=r"lasts 6\.00 s and the motion 4\.00 s"):
        host.call("MoDALips", motion=motion, **inputs)


def test_the_released_modulation_moves_lip_keypoints_only(host, motion):
    (moved,) = host.call("MoDALips", motion=motion, released_modulation=True)

    lips = {3 * keypoint + axis for keypoint in (6, 12, 14, 17, 19, 20) for axis in range(3)}
    assert changed(moved, motion) == lips
