"""Detection of faces by the BlazeFace networks: candidates, each with a square for the mesh."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .networks import face_network
from .square import Square, cut_square

LOWEST_SCORE = 0.5
LARGEST_OVERLAP = 0.3  # of two different faces, as intersection over union
SQUARE_SCALE = 1.5  # side of the mesh's square over the box's
BATCH = 4  # squares in one call of a network: more of them do not fit into the caches


@dataclass(frozen=True, eq=False)
class Candidate:
    """A place that may be a face, in pixels of the picture.

    Parameters
    ----------
    box : array, shape (4,)
        Left, top, right, bottom.
    square : Square
        What the mesh network should see.
    score : float in [0, 1]
    """

    box: np.ndarray
    square: Square
    score: float


@torch.inference_mode()
def detect(name: str, image: Tensor, squares: list[Square], turns: tuple = (0,)) -> list[Candidate]:
    """Find candidates in squares of a picture.

    Parameters
    ----------
    name : {"short_range", "full_range"}
    image : Tensor, shape (H, W, 3), uint8
    squares : list of Square
        Upright.
    turns : tuple of int
        Quarter turns clockwise by which a face may be rotated; each square is searched for each.
    """
    network = face_network(name)
    anchors = network.anchors()
    found = []
    for first in range(0, len(squares), BATCH):
        some = squares[first : first + BATCH]
        pixels = torch.cat([cut_square(image, s, network.side, "zeros") for s in some]) * 2 - 1
        turned = torch.cat([pixels.rot90(turn, (2, 3)) for turn in turns])
        batches = turned.to(memory_format=torch.channels_last).split(BATCH)
        values, logits = map(torch.cat, zip(*map(network, batches), strict=True))
        views = [replace(square, angle=turn * math.pi / 2) for turn in turns for square in some]
        for view, value, score in zip(views, values, logits.sigmoid(), strict=True):
            kept = score >= LOWEST_SCORE
            rows = _decode(value[kept], anchors[kept], network.side)
            found += [_candidate(*row, view) for row in _suppress(rows, score[kept])]
    return found


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the intersection over union of two boxes (left, top, right, bottom)."""
    shared = _shared_area(first, second)
    return shared / max(_shared_area(first, first) + _shared_area(second, second) - shared, 1e-12)


def overlap_of_smaller(first: np.ndarray, second: np.ndarray) -> float:
    """Return the intersection over the smaller of two boxes (left, top, right, bottom)."""
    smaller = min(_shared_area(first, first), _shared_area(second, second))
    return _shared_area(first, second) / max(smaller, 1e-12)


def _shared_area(first: np.ndarray, second: np.ndarray) -> float:
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    return float(np.prod(sides.clip(0)))


def _decode(values: Tensor, anchors: Tensor, side: int) -> Tensor:
    """Return box corners and six points (n, 8, 2), in [0, 1], from rows (n, 16) of a network."""
    values = values.view(-1, 8, 2) / side
    center, half, points = values[:, :1] + anchors[:, None], values[:, 1:2] / 2, values[:, 2:]
    return torch.cat([center - half, center + half, points + anchors[:, None]], 1)


def _suppress(rows: Tensor, scores: Tensor) -> list[tuple[np.ndarray, float]]:
    """Merge rows whose boxes overlap, best first: their mean, weighted by score."""
    order = scores.argsort(descending=True)
    rows, scores, merged = rows[order].double().numpy(), scores[order].double().numpy(), []
    while len(rows):
        boxes = rows[:, :2].reshape(-1, 4)
        same = np.array([overlap(boxes[0], box) > LARGEST_OVERLAP for box in boxes])
        same[0] = True
        merged.append((np.average(rows[same], 0, scores[same]), float(scores[0])))
        rows, scores = rows[~same], scores[~same]
    return merged


def _candidate(row: np.ndarray, score: float, view: Square) -> Candidate:
    """Convert a row (8, 2) of a view: corners, left and right eye, and four other points."""
    places = view.to_picture(row)
    corners, (left_eye, right_eye) = places[:2], places[2:4]
    box = np.concatenate([corners.min(0), corners.max(0)])
    across = right_eye - left_eye
    side = float((box[2:] - box[:2]).max()) * SQUARE_SCALE
    square = Square(*corners.mean(0).tolist(), side, math.atan2(across[1], across[0]))
    return Candidate(box, square, score)
