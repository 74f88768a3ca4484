"""Nodes that change a motion over time, and those that make another one."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from .acted_motion import EXPRESSION, HEAD, PITCH, YAW, acted_motion, changed
from .edited_prompt import edited_prompt

HEAD_DIMS = set(range(63, 70))
ANGLES = torch.tensor([5.0, -3.0, 2.0])


@pytest.fixture
def motion(parts):
    return acted_motion(parts)


@pytest.fixture
def other(parts):
    return acted_motion(parts, seed=1)


@pytest.fixture
def released_portrait(parts):
    """A portrait of the LivePortrait renderer that looks along `ANGLES`."""
    info = {"exp": torch.full((1, 63), 0.01), "scale": torch.ones(1, 1), "t": torch.zeros(1, 3)}
    axes = zip(("pitch", "yaw", "roll"), ANGLES, strict=True)
    info |= {axis: angle.reshape(1, 1) for axis, angle in axes}
    prepared = SimpleNamespace(face=SimpleNamespace(info=info))
    return replace(parts.portrait, renderer="LivePortrait", prepared=prepared)


@pytest.mark.parametrize("method", ["one euro", "savitzky-golay"])
def test_smoothing_calms_the_head_alone(host, motion, method):
    (smooth,) = host.call("MoDASmoothMotion", motion=motion, method=method)

    assert changed(smooth, motion) == HEAD_DIMS
    before, after = (each.values[:, PITCH:].diff(dim=0).std() for each in (motion, smooth))
    assert after < 0.7 * before


def test_every_region_can_be_smoothed(host, motion):
    heads = host.call("MoDASmoothMotion", motion=motion)[0]

    for region in ("mouth", "eyes", "brows"):
        (smooth,) = host.call("MoDASmoothMotion", motion=motion, **{"head": 0.0, region: 1.0})
        assert changed(smooth, motion)
        assert changed(smooth, motion) <= set(range(63))
        assert not torch.equal(smooth.values, heads.values)


@pytest.mark.parametrize(
    ("inputs", "frames", "fps"),
    [
        ({"speed": 2.0}, 50, 25),
        ({"duration": 6.0}, 150, 25),
        ({"fps": 50.0}, 200, 50),
        ({"fps": 30.0, "duration": 1.0, "interpolation": "linear"}, 30, 30),
    ],
)
def test_a_motion_gets_the_length_and_the_rate_that_are_asked(host, motion, inputs, frames, fps):
    (moved,) = host.call("MoDARetimeMotion", motion=motion, **inputs)

    assert (len(moved), moved.fps) == (frames, fps)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"speed": 2.0, "duration": 3.0}, "a speed of 2 and a length. Set the speed to 1"),
        ({"speed": 30.0}, "number from 0.05 to 20 for speed, got 30"),
        ({"duration": -1.0}, "number from 0 to 86400 for duration_s, got -1"),
    ],
)
def test_a_wrong_speed_is_refused_before_anything_runs(host, inputs, message):
    result = host.run(edited_prompt(host, "MoDARetimeMotion", **inputs))

    assert (result.error_type, result.ran) == ("invalid", [])
    assert message in result.error


def test_a_faded_motion_begins_and_ends_at_rest(host, motion):
    (faded,) = host.call("MoDAFadeMotion", motion=motion, pose="straight ahead")

    for index in (0, -1):
        torch.testing.assert_close(faded.values[index, EXPRESSION], motion.rest)
        assert not faded.values[index, PITCH:].any()
    assert torch.equal(faded.values[13:87], motion.values[13:87])


def test_a_motion_fades_to_the_pose_of_a_released_portrait(host, motion, released_portrait):
    (faded,) = host.call(
        "MoDAFadeMotion", motion=motion, portrait=released_portrait, pose="portrait"
    )

    for index in (0, -1):
        torch.testing.assert_close(faded.values[index, EXPRESSION], motion.rest)
        torch.testing.assert_close(faded.values[index, PITCH:], ANGLES, atol=1e-4, rtol=0)


def test_a_motion_fades_to_the_pose_of_the_built_in_portrait(host, motion, parts):
    linked = host.call("MoDAFadeMotion", motion=motion, portrait=parts.portrait, pose="portrait")[0]

    (ahead,) = host.call("MoDAFadeMotion", motion=motion, pose="straight ahead")
    assert torch.equal(linked.values, ahead.values)


def test_the_pose_of_no_portrait_is_refused(host, motion):
    with pytest.raises(ValueError, match="Link 'portrait', or choose another pose"):
        host.call("MoDAFadeMotion", motion=motion, pose="portrait")


def test_a_loop_without_a_cross_fade_is_refused(host, motion):
    with pytest.raises(ValueError, match="A loop needs a cross-fade"):
        host.call("MoDAFadeMotion", motion=motion, loop=True, fade_out=0.0)


def test_a_loop_is_shorter_and_closes(host, motion):
    (looped,) = host.call("MoDAFadeMotion", motion=motion, loop=True, fade_out=1.0)

    assert len(looped) == 75
    assert torch.equal(looped.values[0], motion.values[75])
    assert torch.equal(looped.values[-1], motion.values[74])


def test_idle_lasts_as_long_as_asked_and_follows_the_seed(host):
    def wait(**inputs):
        return host.call("MoDAIdleMotion", duration=3.0, **inputs)[0]

    assert len(wait()) == 75
    assert torch.equal(wait(seed=5).values, wait(seed=5).values)
    assert not torch.equal(wait(seed=5).values, wait(seed=6).values)
    assert wait(breath=0.0, sway=0.0).values[:, HEAD].std(0).max() < 1e-5


def test_idle_waits_as_a_motion_began(host, motion):
    still = {"breath": 0.0, "sway": 0.0, "duration": 1.0}
    fast = replace(motion, fps=50.0)

    (idle,) = host.call("MoDAIdleMotion", motion=fast, **still)

    assert (len(idle), idle.fps) == (50, 50)
    assert torch.equal(idle.values[0, HEAD], motion.values[0, HEAD])
    assert torch.equal(idle.rest, motion.rest)


def test_idle_waits_as_a_motion_ended(host, motion):
    still = {"breath": 0.0, "sway": 0.0, "pose": "last frame"}

    (idle,) = host.call("MoDAIdleMotion", motion=motion, **still)

    assert torch.equal(idle.values[0, HEAD], motion.values[-1, HEAD])
    assert torch.equal(idle.rest, motion.rest)


def test_a_face_that_waits_after_speech_does_not_snap_back(host, motion):
    def turn(pose):
        (idle,) = host.call("MoDAIdleMotion", motion=turned, pose=pose)
        (joined,) = host.call("MoDAConcatMotion", first=turned, second=idle)
        return joined.values[95:106, YAW].diff().abs().max()

    turned = replace(motion, values=motion.values.clone())
    turned.values[:, YAW] += torch.linspace(0, 20, 100)

    assert turn("last frame") < 0.3 * turn("first frame")


def test_idle_takes_rest_and_pose_of_a_released_portrait(host, released_portrait):
    (idle,) = host.call(
        "MoDAIdleMotion", portrait=released_portrait, breath=0.0, sway=0.0, duration=1.0
    )

    torch.testing.assert_close(idle.values[0, PITCH:], ANGLES, atol=1e-4, rtol=0)
    torch.testing.assert_close(idle.rest, torch.full((63,), 0.01))


def test_idle_of_the_built_in_portrait_looks_straight_ahead(host, parts):
    (idle,) = host.call("MoDAIdleMotion", portrait=parts.portrait, breath=0.0, sway=0.0)

    assert not idle.values[:, PITCH:].any()
    torch.testing.assert_close(idle.rest, parts.motion.rest)


def test_motions_follow_each_other(host, motion, other):
    (joined,) = host.call("MoDAConcatMotion", first=motion, second=other)
    (longer,) = host.call("MoDAConcatMotion", first=motion, second=other, third=motion)
    (shorter,) = host.call("MoDAConcatMotion", first=motion, second=other, overlap=True)

    assert [len(each) for each in (joined, longer, shorter)] == [200, 300, 190]
    assert torch.equal(joined.values[:95], motion.values[:95])
    assert torch.equal(joined.values[105:], other.values[5:])
