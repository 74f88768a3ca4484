"""The depth of a picture: of the head where it is seen, continued smoothly beyond it.

A depth that falls too steeply would fold the picture when the head turns: its slope is limited. A
turn reveals one side and hides the other, and only what it hides can fold. What it reveals may
fall steeply, so that the side's outline stays behind while the face turns, as that of a head does.
"""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import FACE_OVAL
from ..motion.easing import smoothstep
from .head_model import EYE_DISTANCE, head_model
from .placed_head import PlacedHead
from .rasterize import interpolate, rasterize

HAIR = 0.10  # of the hair in front of the skull's outline, in decimetres
SLOPE, SLOPE_BESIDE = 1.9, 1.15  # steepest fall of the depth in the face and beside it
SLOPE_REVEALED = 3.3  # towards a side that a turn reveals
FACE_EDGE = (-0.02, 0.16)  # eye distances inside the face's oval: of the change between both
BLUR, BLUR_REVEALED, BLUR_BESIDE = 0.05, 0.07, 0.14  # in eye distances
# Of a head turned aside the picture lacks the far side. Its seen edge stands for it: this wide, in
# eye distances by radian of the yaw, it goes back to the depth of the head's side.
FAR_EDGE = 0.5


def depth_maps(head: PlacedHead, landmarks: FaceLandmarks, x: Tensor, y: Tensor) -> Tensor:
    """Return depths (3, h, w) of the camera's axes, in decimetres, at pixels x (w,) and y (h,).

    The first is that of the picture, the second while a turn of negative yaw reveals the side of
    negative x of the head, the third while one of positive yaw reveals the other side. Pixels are
    evenly spaced, by about the same step in both directions.
    """
    step = torch.stack([x[1] - x[0], y[1] - y[0]])
    corner = torch.stack([x[0], y[0]]) - step / 2
    index, weights = rasterize(
        ((head.pixels - corner) / step).numpy(),
        head.vertices[:, 2].numpy(),
        head_model().triangles,
        (len(y), len(x)),
    )
    seen = interpolate(head.vertices[:, 2:].numpy(), head_model().triangles, index, weights)
    beside = ~binary_fill_holes(index >= 0)
    known = beside | (index >= 0)
    face = face_mask(landmarks, x, y).numpy()
    cell = float(step.mean()) / head.fit.scale
    slope = (SLOPE_BESIDE + (SLOPE - SLOPE_BESIDE) * face) * cell

    def blurred(depth: np.ndarray, beside_face: float) -> np.ndarray:
        narrow, broad = (
            gaussian_filter(depth, width * EYE_DISTANCE / cell) for width in (BLUR, beside_face)
        )
        return broad + (narrow - broad) * face

    depth = _fill(np.where(beside, _outline(head, (-1, 1)), seen[..., 0]), known)
    maps = [blurred(limit_slope(depth, slope), BLUR_BESIDE)]
    for side in (-1, 1):
        outline = _outline(head, (side,))
        depth = _fill(np.where(beside, outline, seen[..., 0]), known)
        edge = _far_edge(head, side, beside, x, y)
        depth += (np.minimum(depth, outline) - depth) * edge
        outwards = side * _across(head)
        limited = limit_slope(depth, slope, outwards, SLOPE_REVEALED * cell)
        maps.append(blurred(limited, BLUR_REVEALED))
    return torch.from_numpy(np.stack(maps))


def _outline(head: PlacedHead, signs: tuple[int, ...]) -> float:
    """Return the depth of the head's sides by the signs of their x, with hair."""
    mean = head_model().mean
    sides = (mean[:, 0].abs() > 0.6) & (mean[:, 1] < 0.2)
    sides &= torch.isin(mean[:, 0].sign(), mean.new_tensor(signs))
    return float(head.vertices[sides, 2].median()) + HAIR


def _across(head: PlacedHead) -> np.ndarray:
    """Return the direction (2,) of the head's x axis in the picture."""
    across = head.fit.rotation[:2, 0]
    return (across / across.norm()).numpy()


def _far_edge(head: PlacedHead, side: int, beside: np.ndarray, x: Tensor, y: Tensor) -> np.ndarray:
    """Return 1 at the outline of a far side, (h, w), falling to 0 within; 0 on a near side."""
    width = -side * head.fit.yaw * FAR_EDGE * head.unit
    if width <= 0:
        return np.zeros(beside.shape)
    inside = distance_transform_edt(~beside, (float(y[1] - y[0]), float(x[1] - x[0])))
    across, down = side * _across(head) / head.unit
    middle_x, middle_y = head.fit.centre.tolist()
    outwards = (x.numpy() - middle_x) * across + (y.numpy()[:, None] - middle_y) * down
    return (1 - inside / width).clip(0) * outwards.clip(0, 1)


def _fill(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Spread known values (h, w) smoothly over the rest."""
    weight = torch.from_numpy(known.astype(float))[None, None]
    total = torch.from_numpy(values)[None, None] * weight
    levels = [(total, weight)]
    while float(levels[-1][1].min()) == 0 and min(total.shape[-2:]) > 1:
        odd = (0, total.shape[-1] % 2, 0, total.shape[-2] % 2)
        total, weight = (
            F.avg_pool2d(F.pad(each, odd, mode="replicate"), 2) for each in (total, weight)
        )
        levels.append((total, weight))
    filled = levels[-1][0] / levels[-1][1]
    for total, weight in reversed(levels[:-1]):
        above = F.interpolate(filled, total.shape[-2:], mode="bilinear", align_corners=False)
        filled = torch.lerp(above, total / weight.clamp(min=1e-9), weight)
    return filled[0, 0].numpy()


def limit_slope(
    values: np.ndarray,
    slope: np.ndarray,
    outwards: np.ndarray | None = None,
    slope_outwards: float = 0.0,
) -> np.ndarray:
    """Raise values (h, w) so that none lies more than `slope` a cell below one beside it.

    Towards a direction `outwards` (2,), if there is one, by x and y, they may fall by
    `slope_outwards` a cell.
    """
    height, width = values.shape
    steps = []
    for dy, dx in ((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx):
        length, share = np.hypot(dy, dx), 0.0
        if outwards is not None:
            share = max(0.0, -(dx * outwards[0] + dy * outwards[1]) / length) ** 2
        steps.append((dy, dx, length * (slope + share * (slope_outwards - slope))))
    while True:
        around = np.pad(values, 1, constant_values=-np.inf)
        raised = values
        for dy, dx, fall in steps:
            beside = around[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
            raised = np.maximum(raised, beside - fall)
        if np.array_equal(raised, values):
            return values
        values = raised


def face_mask(landmarks: FaceLandmarks, x: Tensor, y: Tensor) -> Tensor:
    """Return 1 within the face's oval, (h, w), falling to 0 at its edge."""
    start = torch.from_numpy(landmarks.mesh[FACE_OVAL, :2].astype(float))
    mask = torch.zeros(len(y), len(x), dtype=start.dtype)
    margin = -FACE_EDGE[0] * landmarks.eye_distance
    (left, top), (right, bottom) = start.amin(dim=0) - margin, start.amax(dim=0) + margin
    columns, rows = (x >= left) & (x <= right), (y >= top) & (y <= bottom)
    across, down = x[columns][:, None].double(), y[rows][:, None, None].double()
    end = start.roll(-1, dims=0)
    edge_x, edge_y = (end - start).T
    from_x, from_y = across - start[:, 0], down - start[:, 1]
    place = (from_x * edge_x + from_y * edge_y) / (edge_x.square() + edge_y.square())
    place = place.clamp(0, 1)
    away = (from_x - place * edge_x).square() + (from_y - place * edge_y).square()
    away = away.amin(dim=-1).sqrt() / landmarks.eye_distance
    crossed = (start[:, 1] > down) != (end[:, 1] > down)
    level = torch.where(edge_y == 0, torch.ones_like(edge_y), edge_y)
    inside = (crossed & (from_x < from_y / level * edge_x)).sum(dim=-1) % 2 == 1
    edge = smoothstep(*FACE_EDGE, torch.where(inside, away, -away))
    mask[rows[:, None] & columns] = edge.flatten()
    return mask
