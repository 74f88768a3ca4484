"""Face detection with a published Haar cascade: a coarse search, then a refinement."""

import math
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ..runtime.threads import one_thread
from .face_box import FaceBox, group_windows, is_same_face, without_overlaps
from .face_crop import face_crop, grayscale
from .haar_cascade import FLAT_NORM, Cascade, load_cascade

SMALLEST_FACE = 36  # pixels; smaller faces are not searched
SMALLEST_SHARE = 1 / 32  # of the longer side; bounds the time for large pictures
RETRY_SHARE = 1 / 12  # likewise, for the searches after the first
RETRY_ANGLES = (0.0, -20.0, 20.0, -40.0, 40.0)
SCALE_STEP = 1.2
STRIDE = 2  # between windows of the coarse search
DENSE_STAGES = 2  # evaluated for all windows at once, as convolutions
CANDIDATE_STAGES = 17  # of 20, that a candidate must pass
RETRY_STAGES = 13
MAX_CANDIDATES = 12  # of one search

# The refinement: windows around a candidate, relative to it.
LOOK_ANGLES = (-20.0, -10.0, 0.0, 10.0, 20.0)
LOOK_SCALES = (0.8, 0.9, 1.0, 1.12, 1.25)
LOOK_REACH = 6  # window pixels to each side
SURE_SCORE = 0.009  # share of accepted windows that false candidates do not reach: confident
LOWEST_SCORE = 0.002  # of the one face that is kept when none is confident
# Next to a confident face, less confident ones are kept that are not much smaller.
BESIDE_SCORE = 0.006
BESIDE_SIZE = 0.5  # of the largest confident face


@one_thread()
def find_faces(image: Tensor, turned: bool = False) -> list[FaceBox]:
    """Find the faces in a picture (H, W, 3), uint8; largest first.

    Faces below 36 pixels, or 1/32 of the longer side, are not searched. If no upright face is
    detected with confidence, faces tilted by up to about 50 degrees are searched, and the best
    candidate alone is returned if none of them is confident either. With `turned`, tilted faces are
    always searched, which takes several times as long.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != torch.uint8:
        raise ValueError(
            f"Expected a picture of shape (H, W, 3) and type uint8, got {tuple(image.shape)} "
            f"of {image.dtype}."
        )
    gray = Image.fromarray(grayscale(image))
    faces = _faces_at_first_sight(gray)
    if turned:
        boxes = [
            box for angle in RETRY_ANGLES for box in _search(gray, RETRY_SHARE, angle, RETRY_STAGES)
        ]
        sure = without_overlaps([box for box in boxes if box.score >= SURE_SCORE])
        faces += [box for box in sure if not any(is_same_face(box, face) for face in faces)]
    return sorted(faces, key=lambda box: -box.size)


def _faces_at_first_sight(gray: Image.Image) -> list[FaceBox]:
    """Return the upright faces, else those at the first tilt with a confident one."""
    boxes = _search(gray, SMALLEST_SHARE, 0.0, CANDIDATE_STAGES)
    for angle_deg in RETRY_ANGLES:
        if any(box.score >= SURE_SCORE for box in boxes):
            break
        boxes += _search(gray, RETRY_SHARE, angle_deg, RETRY_STAGES)
    boxes = without_overlaps(boxes)
    sure = [box for box in boxes if box.score >= SURE_SCORE]
    if not sure:
        return boxes[:1]
    largest = max(box.size for box in sure)
    beside = [
        box
        for box in boxes
        if BESIDE_SCORE <= box.score < SURE_SCORE and BESIDE_SIZE * largest <= box.size <= largest
    ]
    return sure + beside


@one_thread()
def quarter_turn(image: Tensor) -> int:
    """Return how many quarter turns to the left, 1 to 3, make a face in a picture upright.

    0 if there is no confident face in any of these positions.
    """
    gray = torch.from_numpy(grayscale(image))
    for turn in (2, 1, 3):
        turned = Image.fromarray(torch.rot90(gray, turn).numpy())
        boxes = _search(turned, RETRY_SHARE, 0.0, RETRY_STAGES)
        if any(box.score >= SURE_SCORE for box in boxes):
            return turn
    return 0


@one_thread()
def face_in_box(image: Tensor, box: tuple[float, float, float, float]) -> FaceBox:
    """Return the face in a box (x, y, width, height) in pixels, from the brows to the chin.

    It is refined by the detector, else the box itself with score 0. Raises `ValueError` if the
    middle of the box is outside the picture.
    """
    x, y, width, height = box
    rows, columns = image.shape[:2]
    if not (0 <= x + width / 2 < columns and 0 <= y + height / 2 < rows):
        raise ValueError(
            f"Expected a box inside the picture of {columns}x{rows} pixels, got x,y,width,height "
            f"{x:g},{y:g},{width:g},{height:g}."
        )
    drawn = FaceBox(x + width / 2, y + height / 2, max(width, height), 0.0, 0.0)
    return look_closely(Image.fromarray(grayscale(image)), drawn)


def _search(gray: Image.Image, share: float, angle_deg: float, stages: int) -> list[FaceBox]:
    """Return the faces at about one tilt, no smaller than `share` of the longer side.

    Windows that pass `stages` stages are candidates.
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
    """Refine a box by the windows of a finer grid of places, sizes and angles around it.

    Returns the mean of the accepted windows, with their share as the score; the box itself with
    score 0 if none is accepted.
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
    """Return centre x, y and side (n, 3) of the windows that pass `stages` stages."""
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
    """Return left and top of the windows of one pyramid level (H, W) that pass."""
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
