"""Head pose as a displacement field: the head is an ellipsoid with a nose that turns on a neck."""

import torch
from torch import Tensor

from ..motion.easing import bump, smoothstep
from .drive import Pose
from .face_shape import HALF_FACE, FaceShape

HEAD_HALF_WIDTH = 1.22 * HALF_FACE  # with the hair
HEAD_TOP = -1.6  # of a face of the template's length
DEPTH = 1.35  # of the front of the head above its silhouette
NOSE_Y, NOSE_DEPTH = 0.6, 0.36
PIVOT_Y, PIVOT_DEPTH = 0.75, -0.1  # what nods and turns go around
NECK_BELOW_CHIN = 0.4  # what tilts go around
CAMERA_DISTANCE = 9.0
STILL, MOVED = 2.05, 1.2  # radii of the head at which it stops and starts to carry its surroundings
SHOULDER_SHARE = 0.12  # of the head's movement
FIXED_POINT_STEPS = 4


def undo_pose(shape: FaceShape, x: Tensor, y: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
    """Find where the points of a turned head lay before it turned.

    Parameters
    ----------
    shape : FaceShape
        Of the face that turns.
    x, y : Tensor, shape (h, w)
        In the face frame of the picture.
    pose : Pose
        Of n frames.

    Returns
    -------
    x, y : Tensor, shape (n, h, w)
        In the face frame; equal to the input where nothing moves.
    """
    before_x, before_y = x[None], y[None]
    for _ in range(FIXED_POINT_STEPS):
        shift_x, shift_y = pose_shift(shape, before_x, before_y, pose)
        before_x, before_y = x - shift_x, y - shift_y
    return before_x, before_y


def pose_shift(shape: FaceShape, x: Tensor, y: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
    """Return how far a pose carries points.

    Parameters
    ----------
    shape : FaceShape
        Of the face that turns.
    x, y : Tensor, shape (h, w) or (n, h, w)
        In the face frame, before the turn.
    pose : Pose
        Of n frames.

    Returns
    -------
    shift_x, shift_y : Tensor, shape (n, h, w)
        In eye distances along the axes of the face frame.
    """
    turned_x, turned_y = _turn(x, y - PIVOT_Y, head_depth(shape, x, y) - PIVOT_DEPTH, pose)
    below_neck = turned_y + PIVOT_Y - (shape.chin + NECK_BELOW_CHIN)
    cos, sin = torch.cos(pose.roll), torch.sin(pose.roll)
    moved_x = turned_x * cos - below_neck * sin + pose.shift_x
    moved_y = turned_x * sin + below_neck * cos + shape.chin + NECK_BELOW_CHIN + pose.shift_y
    weight = head_weight(shape, x, y)
    return (moved_x - x) * weight, (moved_y - y) * weight


def _turn(x: Tensor, y: Tensor, z: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
    """Yaw, then pitch, around the pivot, seen from a camera in front; with the scale."""
    yaw_cos, yaw_sin = torch.cos(pose.yaw), torch.sin(pose.yaw)
    pitch_cos, pitch_sin = torch.cos(pose.pitch), torch.sin(pose.pitch)
    yawed_x, yawed_z = x * yaw_cos - z * yaw_sin, x * yaw_sin + z * yaw_cos
    pitched_y, pitched_z = y * pitch_cos + yawed_z * pitch_sin, yawed_z * pitch_cos - y * pitch_sin
    size = pose.scale * (1 + (pitched_z - z) / CAMERA_DISTANCE)
    return yawed_x * size, pitched_y * size


def head_depth(shape: FaceShape, x: Tensor, y: Tensor) -> Tensor:
    """Return how far points of the head lie in front of its silhouette.

    Parameters
    ----------
    shape : FaceShape
        Of the face.
    x, y : Tensor
        In the face frame; shapes that broadcast.

    Returns
    -------
    Tensor
        In eye distances; 0 beside the head.
    """
    middle, half_height = _head_span(shape)
    inside = 1 - (x / HEAD_HALF_WIDTH) ** 2 - ((y - middle) / half_height) ** 2
    inside = inside.clamp(min=0)
    rounded = inside * inside / (inside + 0.1)  # no infinite slope at the silhouette
    nose = NOSE_DEPTH * bump(x, 0.17) * bump(y - NOSE_Y * shape.length, 0.26)
    return DEPTH * rounded**0.6 + nose


def head_weight(shape: FaceShape, x: Tensor, y: Tensor) -> Tensor:
    """Return how much of the head's movement points take.

    Parameters
    ----------
    shape : FaceShape
        Of the face.
    x, y : Tensor
        In the face frame; shapes that broadcast.

    Returns
    -------
    Tensor in [0, 1]
        1 on the head, `SHOULDER_SHARE` on what it carries below the neck, 0 far from it.
    """
    middle, half_height = _head_span(shape)
    below = (y - middle).clamp(min=0) * 0.8
    above = (y - middle).clamp(max=0)
    radius = (x / HEAD_HALF_WIDTH) ** 2 + ((above + below) / half_height) ** 2
    neck = 1 - (1 - SHOULDER_SHARE) * smoothstep(shape.chin - 0.1, shape.chin + 0.95, y)
    return (1 - smoothstep(MOVED**2, STILL**2, radius)) * neck


def _head_span(shape: FaceShape) -> tuple[float, float]:
    top, bottom = HEAD_TOP * shape.length, shape.chin
    return (top + bottom) / 2, (bottom - top) / 2
