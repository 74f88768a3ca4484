"""The square around a face, and the grouping of boxes of the same face."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FaceBox:
    """A square around a face, from the brows to the chin, tilted with it.

    Parameters
    ----------
    center_x, center_y : float
        In pixels of the picture, the centre of the first pixel at (0.5, 0.5).
    size : float
        Side of the square in pixels.
    angle_deg : float
        In-plane rotation of the face, clockwise in the picture.
    score : float
        Confidence of the detector; only scores of one detector are comparable.
    """

    center_x: float
    center_y: float
    size: float
    angle_deg: float
    score: float


def group_windows(windows: np.ndarray) -> list[tuple[float, float, float, float]]:
    """Group windows (n, 3), centre x, y and side, of the same face.

    Returns x, y, side and count of each group's mean, largest group first.
    """
    groups: list[list[np.ndarray]] = []
    for window in windows:
        for group in groups:
            x, y, side = np.mean(group, axis=0)
            near = max(abs(window[0] - x), abs(window[1] - y)) < 0.25 * side
            if near and abs(math.log(window[2] / side)) < 0.4:
                group.append(window)
                break
        else:
            groups.append([window])
    groups.sort(key=len, reverse=True)
    return [(*np.mean(group, axis=0).tolist(), float(len(group))) for group in groups]


def without_overlaps(boxes: list[FaceBox]) -> list[FaceBox]:
    """Keep the most confident of the boxes that cover each other's centre; best first."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if not any(is_same_face(box, other) for other in kept):
            kept.append(box)
    return kept


def is_same_face(first: FaceBox, second: FaceBox) -> bool:
    """Return whether the centres of two boxes are within half of the larger box's side."""
    distance = math.hypot(first.center_x - second.center_x, first.center_y - second.center_y)
    return distance / max(first.size, second.size) <= 0.5
