"""Head pose as a displacement field: the fitted head turns, and carries the picture with it."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..head.head_fit import CAMERA_DISTANCE
from ..head.head_model import NECK, PIVOT
from ..motion.easing import soft_clamp
from .drive import Pose
from .head_field import HeadField

REVEALING_YAW = math.radians(20)  # from about which points have the depth of revealed sides
# The field is inverted by Richardson's iteration, q - a (q + d(q) - p). Its steps suit a map that
# stretches by 0.25 to 2.6: with a step of 1 it diverges where the map stretches by 2 or more.
STRETCH = (0.25, 2.6)
COARSE = 2  # cells in one of the first iterations', in both directions
FIRST_STEPS, LAST_STEPS = 10, (0.5, 1.0, 0.7, 0.5, 0.9, 0.6)


def undo_pose(head: HeadField, pose: Pose) -> Tensor:
    """Return the places (n, 2, h, w) that the cells of a turned head had before.

    They equal `head.cells` where nothing moves.
    """
    shift = pose_shift(head, pose)
    size = [max(4, length // COARSE) for length in shift.shape[2:]]
    few = F.interpolate(head.cells, size, mode="bilinear", align_corners=False)
    before = few.expand(len(shift), -1, -1, -1)
    for step in _chebyshev_steps(FIRST_STEPS):
        before = before - step * (before + sample_places(shift, before) - few)
    back = F.interpolate(before - few, shift.shape[2:], mode="bilinear", align_corners=False)
    before = head.cells + back * (head.share > 0)
    for step in LAST_STEPS:
        before = before - step * (before + sample_places(shift, before) - head.cells)
    return torch.where(head.share > 0, before, head.cells)


def sample_places(field: Tensor, places: Tensor) -> Tensor:
    """Sample a field (n, c, h, w) over the region at places (n, 2, h', w'), linearly."""
    grid = places.permute(0, 2, 3, 1)
    return F.grid_sample(field, grid, padding_mode="border", align_corners=False)


def _chebyshev_steps(count: int) -> list[float]:
    """Return steps, large and small by turns, that together reduce every stretch's error most."""
    low, high = STRETCH
    nodes = [math.cos((2 * k + 1) * math.pi / (2 * count)) for k in range(count)]
    steps = [2 / (high + low + (high - low) * node) for node in nodes]
    return [step for k in range(count // 2) for step in (steps[k], steps[-1 - k])]


def pose_shift(head: HeadField, pose: Pose) -> Tensor:
    """Return how far a pose of n frames moves the cells, (n, 2, h, w)."""
    turn, offset = _motion(head, pose)
    revealed = head.revealed[(pose.yaw > 0).long().flatten()]
    amount = torch.tanh(pose.yaw.abs() / REVEALING_YAW)[:, None]
    x, y, z = torch.addcmul(head.points, amount, revealed).unbind(dim=1)
    moved_x, moved_y, moved_z = (
        turn[:, row, 0] * x + turn[:, row, 1] * y + (turn[:, row, 2] * z + offset[:, row])
        for row in range(3)
    )
    size = CAMERA_DISTANCE / (CAMERA_DISTANCE - moved_z)
    pivots = head.rotation @ head.rotation.new_tensor(PIVOT)
    pivots = head.scale * pivots[:2] * CAMERA_DISTANCE / (CAMERA_DISTANCE - pivots[2])
    shifts = []
    for axis, (moved, pivot) in enumerate(zip((moved_x, moved_y), pivots, strict=True)):
        shown = (moved * size * head.scale[axis] - pivot) * pose.scale + pivot + head.centre[axis]
        along = head.unit[axis, 0] * pose.shift_x + head.unit[axis, 1] * pose.shift_y
        shifts.append((shown + along - head.cells[:, axis]) * head.share)
    return torch.stack(shifts, dim=1)


def _motion(head: HeadField, pose: Pose) -> tuple[Tensor, Tensor]:
    """Return the rotation (n, 3, 3, 1, 1) and the offset (n, 3, 1, 1) of points of the head.

    Yaw, then pitch around the pivot in the head's axes, then roll around the neck in the picture.
    """
    zero, one = torch.zeros_like(pose.yaw), torch.ones_like(pose.yaw)
    (yaw_sin, yaw_cos), (pitch_sin, pitch_cos), (roll_sin, roll_cos) = (
        (torch.sin(angle), torch.cos(angle))
        for angle in (soft_clamp(pose.yaw, *head.yaw_range), pose.pitch, pose.roll)
    )
    yaw = _matrix(yaw_cos, zero, -yaw_sin, zero, one, zero, yaw_sin, zero, yaw_cos)
    pitch = _matrix(one, zero, zero, zero, pitch_cos, pitch_sin, zero, -pitch_sin, pitch_cos)
    roll = _matrix(roll_cos, -roll_sin, zero, roll_sin, roll_cos, zero, zero, zero, one)
    fitted = head.rotation[None]
    turn = _product(_product(fitted, _product(pitch, yaw)), fitted.mT)
    pivot, neck = (head.rotation @ head.rotation.new_tensor(point) for point in (PIVOT, NECK))
    offset = pivot - neck - _product(turn, pivot[None, :, None])[..., 0]
    offset = _product(roll, offset[..., None])[..., 0] + neck
    return _product(roll, turn)[..., None, None], offset[..., None, None]


def _matrix(*entries: Tensor) -> Tensor:
    """Return matrices (n, 3, 3) of entries (n, 1, 1), row by row."""
    return torch.cat(entries, dim=2).view(-1, 3, 3)


def _product(one: Tensor, other: Tensor) -> Tensor:
    """Multiply small matrices; unlike `matmul`, in the same way for any number of them."""
    return (one[..., None] * other[:, None]).sum(dim=-2)
