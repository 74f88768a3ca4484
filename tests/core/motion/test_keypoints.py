"""Keypoints against SciPy's rotations and closed forms."""

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from moda_core.motion.keypoints import (
    head_pose_degrees,
    refine_motion_info,
    rotation_matrix,
    transform_keypoints,
)
from tests.tolerances import assert_rounded


def test_rotation_is_the_transpose_of_roll_yaw_pitch():
    angles = torch.tensor([[10.0, -20.0, 30.0], [0.0, 0.0, 0.0], [-5.0, 40.0, 7.0]])

    rotation = rotation_matrix(*angles.unbind(1))

    expected = Rotation.from_euler("ZYX", angles.numpy()[:, ::-1], degrees=True).as_matrix()
    assert_rounded(rotation, expected.transpose(0, 2, 1), 8)


def test_a_certain_bin_is_its_angle():
    logits = torch.full((2, 66), -50.0)
    logits[0, 0] = logits[1, 40] = 50.0

    degrees = head_pose_degrees(logits)

    assert degrees.tolist() == [-97.5, 22.5]


def test_degrees_pass_unchanged():
    degrees = torch.tensor([[3.5], [-7.0]])

    assert torch.equal(head_pose_degrees(degrees), degrees)


def test_transform_rotates_then_scales_then_shifts():
    info = {
        "kp": torch.arange(63.0).reshape(1, 63),
        "exp": torch.ones(1, 63),
        "scale": torch.tensor([[2.0]]),
        "t": torch.tensor([[10.0, 20.0, 30.0]]),
    }
    info |= {axis: torch.full((1, 66), -50.0) for axis in ("pitch", "yaw", "roll")}
    for axis in ("pitch", "yaw", "roll"):
        info[axis][0, [32, 33]] = 50.0  # half way between -1.5 and 1.5 degrees

    keypoints = transform_keypoints(refine_motion_info(info))

    expected = 2 * (np.arange(63.0).reshape(21, 3) + 1) + [10, 20, 0]
    assert_rounded(keypoints[0], expected, 64)
