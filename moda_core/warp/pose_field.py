"""Head pose as a displacement field: an ellipsoid with a nose rotates on a neck."""

import torch
from torch import Tensor

from ..motion.easing import bump, smoothstep
from .drive import Pose
from .face_shape import FaceShape

HAIR = 1.22  # width of the head over that of the face
HEAD_TOP = -1.6  # of a face of the template's length
DEPTH = 1.35  # of the front of the head above its silhouette
NOSE_Y, NOSE_DEPTH = 0.6, 0.36
PIVOT_Y, PIVOT_DEPTH = 0.75, -0.1  # centre of pitch and yaw
NECK_BELOW_CHIN = 0.4  # centre of roll
CAMERA_DISTANCE = 9.0
STILL, MOVED = 2.05, 1.2  # in radii of the head: points beyond stay, points within move with it
SHOULDER_SHARE = 0.12  # of the head's movement
FIXED_POINT_STEPS = 4


def undo_pose(shape: FaceShape, x: Tensor, y: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
    """Map points (h, w) of a rotated head back to where they were before, in the face frame.

    Returns x and y (n, h, w), equal to the input where nothing moves.
    """
    before_x, before_y = x[None], y[None]
    for _ in range(FIXED_POINT_STEPS):
        shift_x, shift_y = pose_shift(shape, before_x, before_y, pose)
        before_x, before_y = x - shift_x, y - shift_y
    return before_x, before_y


def pose_shift(shape: FaceShape, x: Tensor, y: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
    """Return how far a pose of n frames moves points (h, w) or (n, h, w) of the face frame.

    Both shifts have shape (n, h, w), in eye distances.
    """
    turned_x, turned_y = _turn(x, y - PIVOT_Y, head_depth(shape, x, y) - PIVOT_DEPTH, pose)
    below_neck = turned_y + PIVOT_Y - (shape.chin + NECK_BELOW_CHIN)
    cos, sin = torch.cos(pose.roll), torch.sin(pose.roll)
    moved_x = turned_x * cos - below_neck * sin + pose.shift_x
    moved_y = turned_x * sin + below_neck * cos + shape.chin + NECK_BELOW_CHIN + pose.shift_y
    weight = head_weight(shape, x, y)
    return (moved_x - x) * weight, (moved_y - y) * weight


def _turn(x: Tensor, y: Tensor, z: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
    """Rotate by yaw, then pitch, around the pivot; project to a camera in front; scale."""
    yaw_cos, yaw_sin = torch.cos(pose.yaw), torch.sin(pose.yaw)
    pitch_cos, pitch_sin = torch.cos(pose.pitch), torch.sin(pose.pitch)
    yawed_x, yawed_z = x * yaw_cos - z * yaw_sin, x * yaw_sin + z * yaw_cos
    pitched_y, pitched_z = y * pitch_cos + yawed_z * pitch_sin, yawed_z * pitch_cos - y * pitch_sin
    size = pose.scale * (1 + (pitched_z - z) / CAMERA_DISTANCE)
    return yawed_x * size, pitched_y * size


def head_depth(shape: FaceShape, x: Tensor, y: Tensor) -> Tensor:
    """Return the depth of points of the head in front of its silhouette; 0 outside it."""
    middle, half_height = _head_span(shape)
    across = (x - shape.middle) / (HAIR * shape.half_width)
    inside = 1 - across**2 - ((y - middle) / half_height) ** 2
    inside = inside.clamp(min=0)
    rounded = inside * inside / (inside + 0.1)  # no infinite slope at the silhouette
    nose = NOSE_DEPTH * bump(x, 0.17) * bump(y - NOSE_Y * shape.length, 0.26)
    return DEPTH * rounded**0.6 + nose


def head_weight(shape: FaceShape, x: Tensor, y: Tensor) -> Tensor:
    """Return the share, in [0, 1], of the head's movement that points of the face frame follow.

    1 on the head, `SHOULDER_SHARE` below the neck, 0 far from the head.
    """
    middle, half_height = _head_span(shape)
    across = (x - shape.middle) / (HAIR * shape.half_width)
    below = (y - middle).clamp(min=0) * 0.8
    above = (y - middle).clamp(max=0)
    radius = across**2 + ((above + below) / half_height) ** 2
    neck = 1 - (1 - SHOULDER_SHARE) * smoothstep(shape.chin - 0.1, shape.chin + 0.95, y)
    return (1 - smoothstep(MOVED**2, STILL**2, radius)) * neck


def _head_span(shape: FaceShape) -> tuple[float, float]:
    top, bottom = HEAD_TOP * shape.length, shape.chin
    return (top + bottom) / 2, (bottom - top) / 2
