"""Driving keypoints, against the formula written out frame by frame in NumPy."""

import numpy as np
import pytest
import torch

from moda_core.liveportrait.driving import (
    GAZE_OFFSET_Y,
    DrivingOptions,
    driving_keypoints,
    stitch,
)
from moda_core.motion.keypoints import transform_keypoints
from moda_core.motion.motion import LIP_KEYPOINTS, Motion
from tests.parity.driving_cases import pose_average
from tests.tolerances import assert_rounded

RATIO = torch.tensor([[1.3]])
GAZE = {11: 0.0025, 15: 0.0025, 13: 0.00075, 16: 0.00075}


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def info():
    return {
        "kp": 0.3 * normal(1, 1, 21, 3),
        "exp": 0.05 * normal(2, 1, 21, 3),
        "scale": torch.tensor([[1.4]]),
        "t": torch.tensor([[0.02, -0.03, 0.5]]),
        "pitch": torch.tensor([[4.0]]),
        "yaw": torch.tensor([[-9.0]]),
        "roll": torch.tensor([[2.0]]),
    }


def motion_for(info, num_frames=5, seed=3):
    values = 0.1 * normal(seed, num_frames, 70)
    values[:, 67:] *= 100
    return Motion(values, info["exp"].reshape(63).clone())


def silent_network(pairs):
    return torch.zeros(len(pairs), 65)


def drive(info, motion, network=silent_network, **options):
    source = transform_keypoints(info)
    return driving_keypoints(info, source, RATIO, motion, network, DrivingOptions(**options))


def turned(keypoints, pitch, yaw, roll):
    x, y, z = np.radians([pitch, yaw, roll])
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    return keypoints @ (np.array(about_z) @ about_y @ about_x).T


def test_every_frame_is_the_formula_of_the_reference(info):
    motion = motion_for(info)

    keypoints = drive(info, motion).numpy()

    for frame, values in zip(keypoints, motion.values.double().numpy(), strict=True):
        driving = values[:63].reshape(21, 3).copy()
        for keypoint, offset in GAZE.items():
            driving[keypoint, 1] += offset
        delta = info["exp"][0].double().numpy().copy()
        for keypoint in (1, 2, 6, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20):
            delta[keypoint] = driving[keypoint]
        delta[3:5, 1], delta[5, 2], delta[8, 2] = driving[3:5, 1], driving[5, 2], driving[8, 2]
        delta[9, 1:] = driving[9, 1:]
        expected = 1.4 * (turned(info["kp"][0].double().numpy(), *values[67:]) + delta)
        expected[:, :2] += 1.3 * values[64:66]
        assert_rounded(frame, expected, 16)


def test_a_region_moves_its_keypoints_and_no_others(info):
    still = drive(info, motion_for(info), driving_multiplier=0.0)

    for region, moving in (("lips", LIP_KEYPOINTS), ("eyes", (11, 13, 15, 16, 18))):
        moved = (drive(info, motion_for(info), animation_region=region) - still).abs() > 1e-6

        assert sorted(moved.any(dim=2).all(dim=0).nonzero().flatten().tolist()) == sorted(moving)
        assert moved.any(dim=2).any(dim=0).sum() == len(moving)


def test_pose_and_expression_regions_split_the_motion(info):
    motion = motion_for(info)
    no_pose, no_expression = motion.values.clone(), motion.values.clone()
    no_pose[:, 63:] = 0
    no_expression[:, :63] = 7

    expression = drive(info, motion, animation_region="expression")
    pose = drive(info, motion, animation_region="pose")

    torch.testing.assert_close(
        expression,
        drive(info, Motion(no_pose, motion.rest), animation_region="expression"),
    )
    torch.testing.assert_close(
        pose, drive(info, Motion(no_expression, motion.rest), animation_region="pose")
    )


def test_multiplier_scales_the_departure_from_the_picture(info):
    motion, source = motion_for(info), transform_keypoints(info)

    half, whole = (drive(info, motion, driving_multiplier=value) for value in (0.5, 1.0))

    torch.testing.assert_close(half - source, 0.5 * (whole - source))


def test_stitching_adds_its_corrections_by_strength():
    source, driving = normal(4, 1, 21, 3), normal(5, 3, 21, 3)
    weight = normal(6, 126, 65)

    stitched = stitch(source, driving, lambda pairs: pairs @ weight, strength=0.5)

    for frame, result in zip(driving, stitched, strict=True):
        delta = 0.5 * np.concatenate([source.flatten(), frame.flatten()]) @ weight.numpy()
        expected = frame.numpy() + delta[:63].reshape(21, 3) + [*delta[63:], 0.0]
        assert_rounded(result, expected, 126)


def test_stitching_strength_zero_does_not_need_the_network(info):
    def fail(pairs):
        raise AssertionError("called")

    keypoints = drive(info, motion_for(info), fail, stitching_strength=0.0)

    torch.testing.assert_close(keypoints, drive(info, motion_for(info)))


def test_motion_of_another_face_starts_from_the_picture(info):
    motion = motion_for(info)
    values = motion.values.clone()
    values[0, :63] = other_rest = 0.2 * normal(7, 63)
    moved = Motion(values, other_rest)

    first = drive(info, moved)[0]

    expected = transform_keypoints(info)[0].clone()
    for keypoint, offset in GAZE_OFFSET_Y.items():
        expected[keypoint, 1] += 1.4 * offset
    assert_rounded(first, expected, 16)


def test_motion_of_the_same_face_is_absolute_unless_asked_otherwise(info):
    motion = motion_for(info)

    default, absolute, relative = (
        drive(info, motion, relative_motion=value) for value in (None, False, True)
    )

    assert torch.equal(default, absolute)
    assert (relative - absolute).abs().max() > 0.01


def test_a_face_is_the_same_up_to_rounding(info):
    motion = motion_for(info)
    nearly = Motion(motion.values, motion.rest + 1e-6)

    assert torch.equal(drive(info, nearly), drive(info, motion))


def test_relative_motion_turns_the_head_by_the_change_alone(info):
    values = torch.zeros(2, 70)
    values[:, 68] = torch.tensor([30.0, 35.0])
    other = Motion(values, torch.zeros(63))
    upright = info | {"yaw": torch.tensor([[10.0]]), "pitch": torch.zeros(1, 1)}
    upright["roll"] = torch.zeros(1, 1)

    frames = drive(upright, other, animation_region="pose")

    expected = transform_keypoints(upright | {"yaw": torch.tensor([[15.0]])})
    assert_rounded(frames[1:], expected, 16)


def test_pose_average_starts_at_the_first_frame_and_follows_slowly():
    curve = normal(8, 40, 3)

    average = pose_average(curve, 0.1)

    state, expected = curve[0], []
    for value in curve:
        state = 0.1 * value + 0.9 * state
        expected.append(state)
    assert_rounded(average, torch.stack(expected), 40)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"animation_region": "nose"}, "nose.*lips"),
        ({"driving_multiplier": float("nan")}, "driving_multiplier"),
        ({"stitching_strength": float("inf")}, "stitching_strength"),
    ],
)
def test_options_out_of_range_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        DrivingOptions(**change)
