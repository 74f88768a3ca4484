"""Implicit keypoints of a face: head pose, rotation, and the transform (spec E)."""

import torch
from torch import Tensor

NUM_KEYPOINTS = 21
NUM_POSE_BINS = 66
POSE_KEYS = ("pitch", "yaw", "roll")


def head_pose_degrees(pose: Tensor) -> Tensor:
    """Turn a head-pose prediction (B, 66) into degrees (B,); degrees stay as they are."""
    if pose.shape[-1] != NUM_POSE_BINS:
        return pose
    index = torch.arange(NUM_POSE_BINS, dtype=pose.dtype, device=pose.device)
    return 3 * (pose.softmax(dim=-1) * index).sum(dim=-1) - 97.5


def refine_motion_info(info: dict[str, Tensor]) -> dict[str, Tensor]:
    """Convert the raw output of a motion extractor to degrees and keypoints.

    Takes ``kp`` and ``exp`` (B, 63), ``scale`` (B, 1), ``t`` (B, 3) and ``pitch``, ``yaw``,
    ``roll`` (B, 66). Returns ``kp`` and ``exp`` (B, 21, 3), the angles (B, 1), the rest as is.
    """
    refined = dict(info)
    for key in POSE_KEYS:
        refined[key] = head_pose_degrees(info[key]).reshape(-1, 1)
    for key in ("kp", "exp"):
        refined[key] = info[key].reshape(-1, NUM_KEYPOINTS, 3)
    return refined


def rotation_matrix(pitch: Tensor, yaw: Tensor, roll: Tensor) -> Tensor:
    """Return rotation matrices for row vectors, ``(Rz(roll) Ry(yaw) Rx(pitch))^T``.

    Takes degrees, (B,) or (B, 1); returns (B, 3, 3), applied as ``keypoints @ rotation``.
    """
    x, y, z = (torch.deg2rad(angle.reshape(-1)) for angle in (pitch, yaw, roll))
    one, zero = torch.ones_like(x), torch.zeros_like(x)

    def matrix(*rows):
        return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)

    about_x = matrix((one, zero, zero), (zero, x.cos(), -x.sin()), (zero, x.sin(), x.cos()))
    about_y = matrix((y.cos(), zero, y.sin()), (zero, one, zero), (-y.sin(), zero, y.cos()))
    about_z = matrix((z.cos(), -z.sin(), zero), (z.sin(), z.cos(), zero), (zero, zero, one))
    return (about_z @ about_y @ about_x).transpose(1, 2)


def transform_keypoints(info: dict[str, Tensor]) -> Tensor:
    """Place the canonical keypoints of refined motion info: (B, 21, 3).

    Returns ``(kp @ R + exp) * scale``, with x and y of the translation added.
    """
    rotation = rotation_matrix(*(info[key] for key in POSE_KEYS))
    keypoints = info["kp"].reshape(-1, NUM_KEYPOINTS, 3) @ rotation
    keypoints = (keypoints + info["exp"].reshape(-1, NUM_KEYPOINTS, 3)) * info["scale"][:, :, None]
    translation = torch.cat([info["t"][:, :2], torch.zeros_like(info["t"][:, 2:])], dim=1)
    return keypoints + translation[:, None]
