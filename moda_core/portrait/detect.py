"""Find faces with a published Haar cascade: a coarse search, then a close look at candidates."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ..threads import one_thread
from .face_crop import face_crop, grayscale
from .haar_cascade import FLAT_NORM, Cascade, load_cascade

SMALLEST_FACE = 36  # pixels; smaller faces are not looked for
SMALLEST_SHARE = 1 / 32  # of the longer side, what bounds the time for large pictures
RETRY_SHARE = 1 / 12  # likewise for the searches that follow when no face is sure
RETRY_ANGLES = (0.0, -20.0, 20.0, -40.0, 40.0)
SCALE_STEP = 1.2
STRIDE = 2  # between windows of the coarse search
DENSE_STAGES = 2  # evaluated for all windows at once, as convolutions
CANDIDATE_STAGES = 17  # of 20, that a window must pass to be worth a close look
RETRY_STAGES = 13
MAX_CANDIDATES = 12  # of one search, for the close look

# The close look: windows around a candidate, relative to it.
LOOK_ANGLES = (-20.0, -10.0, 0.0, 10.0, 20.0)
LOOK_SCALES = (0.8, 0.9, 1.0, 1.12, 1.25)
LOOK_REACH = 6  # window pixels to each side
SURE_SCORE = 0.009  # share of accepted windows that false candidates do not reach
LOWEST_SCORE = 0.002  # of the one face that is kept when none is sure


@dataclass(frozen=True)
class FaceBox:
    """A square around a face, from the brows to the chin, turned with it.

    Parameters
    ----------
    center_x, center_y : float
        In pixels of the picture, the centre of the first pixel at (0.5, 0.5).
    size : float
        Side of the square in pixels.
    angle_deg : float
        In-plane rotation of the face, clockwise in the picture.
    score : float
        Share of the windows around it that the detector accepts; higher is surer.
    """

    center_x: float
    center_y: float
    size: float
    angle_deg: float
    score: float


@one_thread()
def find_faces(image: Tensor) -> list[FaceBox]:
    """Find the faces in a picture.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        The picture.

    Returns
    -------
    list of FaceBox
        Largest first; empty if there is none. Faces smaller than 36 pixels, or than 1/32 of the
        longer side, are not looked for. Faces are found upright first and, if none is sure, up to
        about 50 degrees to either side. Where no face is sure, only the likeliest is returned.

    Raises
    ------
    ValueError
        If the shape or type is wrong.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != torch.uint8:
        raise ValueError(
            f"Expected a picture of shape (H, W, 3) and type uint8, got {tuple(image.shape)} "
            f"of {image.dtype}."
        )
    gray = Image.fromarray(grayscale(image))
    boxes = _search(gray, SMALLEST_SHARE, 0.0, CANDIDATE_STAGES)
    for angle_deg in RETRY_ANGLES:
        if any(box.score >= SURE_SCORE for box in boxes):
            break
        boxes += _search(gray, RETRY_SHARE, angle_deg, RETRY_STAGES)
    boxes = _without_overlaps(boxes)
    sure = [box for box in boxes if box.score >= SURE_SCORE]
    return sorted(sure or boxes[:1], key=lambda box: -box.size)


def _search(gray: Image.Image, share: float, angle_deg: float, stages: int) -> list[FaceBox]:
    """Return the faces at about one angle, no smaller than `share` of the longer side.

    A window that passes so many `stages` is a candidate.
    """
    longer = max(gray.size)
    unit = max(SMALLEST_FACE, longer * share) / load_cascade("face").width
    center, scale = (gray.width / 2, gray.height / 2), (unit, unit)
    if angle_deg:
        side = max(1, round(math.hypot(*gray.size) / unit))
        turned = face_crop(gray, center, unit, angle_deg, side)
    else:
        size = (max(1, round(gray.width / unit)), max(1, round(gray.height / unit)))
        turned = gray.resize(size, Image.Resampling.BOX)
        scale = (gray.width / size[0], gray.height / size[1])
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    boxes = []
    for x, y, size, _ in group_windows(_pyramid_windows(turned, stages))[:MAX_CANDIDATES]:
        x, y = (x - turned.width / 2) * scale[0], (y - turned.height / 2) * scale[1]
        box = FaceBox(
            center[0] + cosine * x - sine * y,
            center[1] + sine * x + cosine * y,
            size * scale[0],
            angle_deg,
            0.0,
        )
        boxes.append(look_closely(gray, box))
    return [box for box in boxes if box.score >= LOWEST_SCORE]


def look_closely(gray: Image.Image, box: FaceBox) -> FaceBox:
    """Refine a box by all windows of a finer grid of places, sizes and angles around it.

    Parameters
    ----------
    gray : Image, mode L
        The picture.
    box : FaceBox
        A candidate.

    Returns
    -------
    FaceBox
        The mean of the windows that the detector accepts, with their share as the score; the box
        itself with score 0 if there is none.
    """
    cascade = load_cascade("face")
    side = cascade.width + 2 * LOOK_REACH
    grid = [(angle, scale) for angle in LOOK_ANGLES for scale in LOOK_SCALES]
    crops = [
        face_crop(
            gray,
            (box.center_x, box.center_y),
            box.size * scale / cascade.width,
            box.angle_deg + angle,
            side,
        )
        for angle, scale in grid
    ]
    levels = torch.from_numpy(np.stack([np.asarray(crop) for crop in crops])).float()
    patches = levels.unfold(1, cascade.height, 1).unfold(2, cascade.width, 1)
    shape = patches.shape[:3]
    count = cascade.stages_passed(patches.reshape(-1, cascade.height * cascade.width))
    hit = (count == len(cascade.stages)).reshape(shape).nonzero().numpy()
    if not len(hit):
        return replace(box, score=0.0)
    angle, scale = np.array(grid)[hit[:, 0]].T
    turn = np.radians(box.angle_deg + angle)
    x, y = ((hit[:, 2:0:-1] - LOOK_REACH) * (box.size * scale / cascade.width)[:, None]).T
    return FaceBox(
        box.center_x + float(np.mean(np.cos(turn) * x - np.sin(turn) * y)),
        box.center_y + float(np.mean(np.sin(turn) * x + np.cos(turn) * y)),
        box.size * float(np.mean(scale)),
        box.angle_deg + float(np.mean(angle)),
        len(hit) / len(count),
    )


def _pyramid_windows(picture: Image.Image, stages: int) -> np.ndarray:
    """Return centre x, y and side of the windows (n, 3) that pass so many stages."""
    cascade = load_cascade("face")
    found = [np.zeros((0, 3))]
    scale = 1.0
    while min(picture.size) / scale >= cascade.width:
        size = (round(picture.width / scale), round(picture.height / scale))
        level = torch.from_numpy(np.array(picture.resize(size, Image.Resampling.BILINEAR))).float()
        left, top = _passing_windows(level, cascade, stages)
        ratio = (picture.width / size[0], picture.height / size[1])
        x, y = (left + cascade.width / 2) * ratio[0], (top + cascade.height / 2) * ratio[1]
        found.append(np.stack([x, y, np.full(len(x), cascade.width * ratio[0])], axis=1))
        scale *= SCALE_STEP
    return np.concatenate(found)


def _passing_windows(level: Tensor, cascade: Cascade, stages: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the left and top of the windows of one pyramid level (H, W) that pass."""
    height, width = cascade.height, cascade.width
    level = level - level.mean()
    inner = level[None, None, 1:-1, 1:-1]
    mean = F.avg_pool2d(inner, (height - 2, width - 2), STRIDE)
    square = F.avg_pool2d(inner**2, (height - 2, width - 2), STRIDE)
    norm = (square - mean**2).clamp(min=0).sqrt().flatten() * (height - 2) * (width - 2)
    alive = (norm > FLAT_NORM).nonzero()[:, 0]
    for stage in cascade.stages[:DENSE_STAGES]:
        masks = stage.masks.reshape(-1, 1, height, width)
        values = F.conv2d(level[None, None], masks, stride=STRIDE).flatten(1)[:, alive].T
        alive = alive[stage.margins(values / norm[alive, None]) >= 0]
    columns = mean.shape[3]
    patches = level.unfold(0, height, STRIDE).unfold(1, width, STRIDE)
    patches = patches[alive // columns, alive % columns].flatten(1)
    alive = alive[cascade.stages_passed(patches) >= stages].numpy()
    return alive % columns * STRIDE, alive // columns * STRIDE


def group_windows(windows: np.ndarray) -> list[tuple[float, float, float, float]]:
    """Join windows that mean the same face.

    Parameters
    ----------
    windows : array, shape (n, 3)
        Centre x, y and side.

    Returns
    -------
    list of (x, y, side, count)
        The mean of each group and its size, largest group first.
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


def _without_overlaps(boxes: list[FaceBox]) -> list[FaceBox]:
    """Keep the surest of the boxes that cover each other's centre."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        distances = [
            math.hypot(box.center_x - other.center_x, box.center_y - other.center_y)
            / max(box.size, other.size)
            for other in kept
        ]
        if all(distance > 0.5 for distance in distances):
            kept.append(box)
    return kept
