"""LivePortrait's motion templates: pickles of the motion of its driving videos."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..keypoints import NUM_POSE_BINS, POSE_KEYS, head_pose_degrees
from ..motion import EXPRESSION, FPS, SCALE, Motion, released_stats
from .array_pickle import read_array_pickle
from .pickled_array import PickledArray

ROTATION_KEYS = ("R", "R_d")  # the second one in templates of early versions
FIELDS = {"exp": 63, "scale": 1, "t": 3}
LEAST_FRAME = 140  # bytes, of 70 numbers of the smallest kind
LARGEST = float(np.finfo(np.float64).max)
ORTHOGONAL = 0.01  # largest deviation of a stored rotation from an exact one


def read_template(content: bytes) -> Motion:
    """Turn a motion template into motion."""
    template = read_array_pickle(content)
    if isinstance(template, list) and template and isinstance(template[0], list):
        template = {"motion": template[0]}  # beside landmarks, as a node of ComfyUI saves them
    frames = template.get("motion") if isinstance(template, dict) else None
    if not isinstance(frames, list) or not frames:
        raise ValueError("the list 'motion' of LivePortrait's templates is missing or empty")
    if len(frames) * LEAST_FRAME > len(content):
        raise ValueError(f"it claims {len(frames)} frames in {len(content)} bytes")
    if not all(isinstance(frame, dict) for frame in frames):
        raise ValueError("its list 'motion' has an entry that is not a frame")
    exp, scale, shift = (_column(frames, key, size) for key, size in FIELDS.items())
    if not (scale > 0).all():
        raise ValueError("the scale of a frame is not above 0")
    mean_scale = released_stats().mean[SCALE].numpy().astype(np.float64)
    ratio = (scale[0] + 1e-5) / (mean_scale + 1e-5)  # as in `previous_motion`
    shift = shift * np.array([1.0, 1.0, 0.0]) / ratio
    columns = [exp, scale / ratio, shift, *(angle[:, None] for angle in _angles(frames))]
    values = torch.from_numpy(np.concatenate(columns, axis=1)).float()
    if not values.isfinite().all():
        raise ValueError("it holds NaN, infinite or too large values")
    return Motion(values, values[0, EXPRESSION].clone(), _frame_rate(template))


def _column(frames: list[dict], key: str, size: int) -> np.ndarray:
    """Return one field of all frames, shape (N, size)."""
    name = f"'{key}' of a frame"
    arrays = [_numbers(frame.get(key), name) for frame in frames]
    for array in arrays:
        if array.size != size:
            raise ValueError(f"{name} has {array.size} numbers instead of {size}")
    return np.concatenate(arrays, axis=None).astype(np.float64).reshape(-1, size)


def _numbers(value: Any, name: str) -> np.ndarray:
    """Return a number or the numbers of an array."""
    array = value.array if type(value) is PickledArray else value
    if type(array) in (int, float) and abs(array) <= LARGEST:
        array = np.array(float(array))
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is missing or not an array")
    return array


def _angles(frames: list[dict]) -> tuple[np.ndarray, ...]:
    """Return pitch, yaw and roll in degrees, (N,) each."""
    key = next((key for key in ROTATION_KEYS if key in frames[0]), None)
    if key is not None:
        return rotation_angles(_column(frames, key, 9).reshape(-1, 3, 3))
    if not all(axis in frames[0] for axis in POSE_KEYS):
        raise ValueError("a frame has neither the rotation 'R' nor the angles of the head")
    return tuple(_degrees(frames, axis).numpy() for axis in POSE_KEYS)


def rotation_angles(rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pitch, yaw and roll (N,) in degrees of rotation matrices (N, 3, 3)."""
    turned = np.asarray(rotation, dtype=np.float64).transpose(0, 2, 1)
    square = turned @ turned.transpose(0, 2, 1)
    with np.errstate(all="ignore"):
        proper = np.abs(square - np.eye(3)).max(axis=(1, 2)) < ORTHOGONAL
        proper &= np.linalg.det(turned) > 0
    if not proper.all():
        raise ValueError(f"matrix {int(np.argmin(proper))} is not a rotation")
    side = np.hypot(turned[:, 0, 0], turned[:, 1, 0])  # cos(yaw)
    free = side > 1e-6
    yaw = np.arctan2(-turned[:, 2, 0], side)
    roll = np.where(free, np.arctan2(turned[:, 1, 0], turned[:, 0, 0]), 0.0)
    pitch = np.where(
        free,
        np.arctan2(turned[:, 2, 1], turned[:, 2, 2]),
        np.arctan2(-turned[:, 1, 2], turned[:, 1, 1]),
    )
    return tuple(np.degrees(angle) for angle in (pitch, yaw, roll))


def _degrees(frames: list[dict], axis: str) -> Tensor:
    value = frames[0][axis]
    binned = isinstance(value, PickledArray) and value.array is not None
    size = NUM_POSE_BINS if binned and value.array.size == NUM_POSE_BINS else 1
    return head_pose_degrees(torch.from_numpy(_column(frames, axis, size))).reshape(-1)


def _frame_rate(template: dict) -> float:
    """Return the frame rate; the earliest templates have none."""
    rate = template.get("output_fps", FPS)
    if isinstance(rate, float) and not math.isfinite(rate):
        raise ValueError(f"'output_fps' is {rate}, not a frame rate")
    rate = _numbers(rate, "'output_fps'")
    if rate.size != 1:
        raise ValueError(f"'output_fps' has {rate.size} numbers instead of 1")
    return rate.item()
