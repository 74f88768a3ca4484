"""What holds for everything that is done to motion."""

import pytest
import torch

from moda_core.editing.expression import Expression, express
from moda_core.editing.eyes import set_blinks, set_gaze
from moda_core.editing.fading import fade, make_loop
from moda_core.editing.gestures import look, nod, shake
from moda_core.editing.joining import concat
from moda_core.editing.lips import close_in_silence, modulate_released_lips, scale_lips
from moda_core.editing.mixing import mix
from moda_core.editing.pose import AxisAdjustment, adjust_pose
from moda_core.editing.pose_keys import PoseKey, apply_pose_keys
from moda_core.editing.retiming import retime
from moda_core.editing.smoothing import OneEuro, SavitzkyGolay, smooth
from moda_core.editing.style.transfer import transfer_style
from moda_core.motion.motion import EXPRESSION, HEAD

from .direct_cases import changed_dims, random_motion

AXIS = AxisAdjustment(gain=1.5, offset_deg=2, limit_deg=10)
ALL = {"mouth": 1.0, "eyes": 1.0, "brows": 1.0, "head": 1.0}
NO_HEAD, NO_FACE = {"head": 0, "rhythm": 0}, {"brows": 0, "eyes": 0, "blinks": 0}
NO_PART = NO_HEAD | NO_FACE
KEEPS_EXPRESSION = {
    "pose": lambda m: adjust_pose(m, AXIS, AXIS, AXIS, 0.5, 0.5),
    "keys": lambda m: apply_pose_keys(m, [PoseKey(0, "yaw", 9), PoseKey(0.5, "pitch", 9)]),
    "nod": lambda m: nod(m, 0.1),
    "turned head": lambda m: express(m, Expression(pitch=3, yaw=-9, roll=2)),
    "shake": lambda m: shake(m, 0.1),
    "look": lambda m: look(m, 0.1, 9, 9),
    "mixed head": lambda m: mix(m, head=random_motion(9, seed=5)),
    "smooth head": lambda m: smooth(m, head=1),
    "style of the head": lambda m: transfer_style(m, random_motion(99, seed=5), parts=NO_FACE),
}
KEEPS_HEAD = {
    "blinks": lambda m: set_blinks(m, 60),
    "gaze": lambda m: set_gaze(m, "wander", 0.5, 0.5),
    "expression": lambda m: express(m, Expression(jaw=0.4, blink_left=0.5, gaze_x=0.3, gaze_y=-1)),
    "lips": lambda m: scale_lips(m, 2),
    "silence": lambda m: close_in_silence(m, torch.zeros(len(m))),
    "released lips": lambda m: modulate_released_lips(m),
    "mixed mouth": lambda m: mix(m, mouth=random_motion(9, seed=5)),
    "smooth mouth": lambda m: smooth(m, SavitzkyGolay(), mouth=1),
    "style of the face": lambda m: transfer_style(m, random_motion(99, seed=5), parts=NO_HEAD),
}
KEEPS_LENGTH = {
    **KEEPS_EXPRESSION,
    **KEEPS_HEAD,
    "smooth": lambda m: smooth(m, **ALL),
    "fade": lambda m: fade(m),
}
WORK = {
    **KEEPS_LENGTH,
    "loop": lambda m: make_loop(m),
    "faster": lambda m: retime(m, speed=2),
    "linear": lambda m: retime(m, fps=50, interpolation="linear"),
    "concat": lambda m: concat([m, random_motion(9, seed=5, fps=30)]),
}
IDENTITIES = {
    "mix of nothing": lambda m: mix(m),
    "mix of weight 0": lambda m: mix(
        m, mouth=random_motion(seed=5), head=random_motion(seed=6), weights=dict.fromkeys(ALL, 0)
    ),
    "mix of one": lambda m: mix(random_motion(len(m), 7, m.fps), **dict.fromkeys(ALL, m)),
    "pose": lambda m: adjust_pose(m, AxisAdjustment(), AxisAdjustment(), AxisAdjustment()),
    "no keys": lambda m: apply_pose_keys(m, []),
    "no expression": lambda m: express(m, Expression()),
    "keys far ahead": lambda m: apply_pose_keys(m, [PoseKey(1000, "yaw", 9)], "replace"),
    "a flat nod": lambda m: nod(m, 0, amplitude_deg=0),
    "a later shake": lambda m: shake(m, 1000),
    "own blinks": lambda m: set_blinks(m, mode="model"),
    "own gaze": lambda m: set_gaze(m, "model"),
    "lips of gain 1": lambda m: scale_lips(m, 1),
    "speech throughout": lambda m: close_in_silence(m, torch.ones(len(m))),
    "no strength": lambda m: smooth(m),
    "strength 0": lambda m: smooth(m, head=0.0),
    "no style": lambda m: transfer_style(m, random_motion(99, seed=5), 0.0),
    "style of no part": lambda m: transfer_style(m, random_motion(99, seed=5), 1.0, NO_PART),
    "own rate": lambda m: retime(m),
    "own rate, linear": lambda m: retime(m, fps=m.fps, interpolation="linear"),
    "no fade": lambda m: fade(m, 0, 0),
    "one alone": lambda m: concat([m]),
}


@pytest.mark.parametrize("num_frames", [1, 2, 5, 60])
@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_any_length_works_and_the_motion_given_is_not_changed(work, num_frames):
    motion = random_motion(num_frames)
    before, rest = motion.values.clone(), motion.rest.clone()

    result = work(motion)

    assert result.values.dtype == torch.float32
    assert result.values.isfinite().all()
    assert torch.equal(motion.values, before)
    assert torch.equal(motion.rest, rest)
    assert torch.equal(result.rest, rest)
    assert result.values.data_ptr() != motion.values.data_ptr()


@pytest.mark.parametrize("fps", [24, 25, 30, 60, 23.976])
@pytest.mark.parametrize("work", KEEPS_LENGTH.values(), ids=KEEPS_LENGTH)
def test_rate_and_length_stay(work, fps):
    motion = random_motion(40, fps=fps)

    result = work(motion)

    assert (len(result), result.fps) == (40, fps)


@pytest.mark.parametrize("num_frames", [1, 60])
@pytest.mark.parametrize("work", IDENTITIES.values(), ids=IDENTITIES)
def test_asking_for_nothing_changes_no_bit(work, num_frames):
    motion = random_motion(num_frames, fps=30)

    result = work(motion)

    assert torch.equal(result.values, motion.values)


@pytest.mark.parametrize("work", KEEPS_EXPRESSION.values(), ids=KEEPS_EXPRESSION)
def test_what_is_done_to_the_head_leaves_the_face_alone(work):
    motion = random_motion()

    changed = changed_dims(work(motion), motion)

    assert changed
    assert changed <= set(range(HEAD.start, HEAD.stop))


@pytest.mark.parametrize("work", KEEPS_HEAD.values(), ids=KEEPS_HEAD)
def test_what_is_done_to_the_face_leaves_the_head_alone(work):
    motion = random_motion()

    changed = changed_dims(work(motion), motion)

    assert changed
    assert changed <= set(range(EXPRESSION.start, EXPRESSION.stop))


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_motion_sampled_in_inference_mode_is_taken(work):
    with torch.inference_mode():
        sampled = random_motion()

    result = work(sampled)

    assert torch.equal(result.values, work(random_motion()).values)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda m: mix(m, mouth=m, weights={"mouth": 1.1}),
        lambda m: mix(m, weights={"nose": 1}),
        lambda m: AxisAdjustment(gain=float("nan")),
        lambda m: AxisAdjustment(limit_deg=-1),
        lambda m: adjust_pose(m, center="middle"),
        lambda m: PoseKey(-1, "yaw", 0),
        lambda m: PoseKey(0, "nod", 0),
        lambda m: PoseKey(0, "yaw", 91),
        lambda m: apply_pose_keys(m, [], "multiply"),
        lambda m: apply_pose_keys(m, [], ease_s=float("inf")),
        lambda m: nod(m, -1),
        lambda m: shake(m, 0, duration_s=0),
        lambda m: look(m, 0, 400),
        lambda m: set_blinks(m, -1),
        lambda m: set_blinks(m, 10, 2),
        lambda m: set_blinks(m, mode="some"),
        lambda m: set_gaze(m, x=1.5),
        lambda m: set_gaze(m, "there"),
        lambda m: scale_lips(m, -1),
        lambda m: close_in_silence(m, torch.zeros(3)),
        lambda m: close_in_silence(m, torch.full((60,), float("nan"))),
        lambda m: close_in_silence(m, torch.zeros(60, 1)),
        lambda m: modulate_released_lips(m, 60),
        lambda m: smooth(m, head=2),
        lambda m: smooth(m, nose=1),
        lambda m: smooth(m, OneEuro(min_cutoff_hz=0), head=1),
        lambda m: retime(m, fps=0),
        lambda m: retime(m, speed=float("inf")),
        lambda m: retime(m, speed=2, duration_s=1),
        lambda m: retime(m, duration_s=0),
        lambda m: retime(m, interpolation="quintic"),
        lambda m: fade(m, -1),
        lambda m: fade(m, pose="last"),
        lambda m: fade(m, head=torch.zeros(6)),
        lambda m: make_loop(m, -1),
        lambda m: make_loop(m, 0),
        lambda m: concat([]),
        lambda m: concat([m, m], -1),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(wrong):
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        wrong(random_motion())
