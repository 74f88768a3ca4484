"""The fitted head at the cells of a coarse field over the part of the picture that may move.

Places are those of `grid_sample` in this part: -1 and 1 at its edges.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..head.depth_map import depth_maps
from ..head.frontal_frame import FrontalFrame, frontal_frame
from ..head.placed_head import PlacedHead
from ..motion.easing import smoothstep

CELL_PIXELS, CELLS_PER_EYE_DISTANCE = 6.3, (18, 36)  # so wide are cells, within these bounds
MARGIN = 0.7  # outside the picture that a head uncovers at most, in eye distances
BORDER_SHARE, BORDER_WIDTH = 0.5, 0.5  # of the movement at the picture's border, eye distances


@dataclass(frozen=True)
class MovingBox:
    """The pixels that a head's movement reaches, which may lie outside the picture."""

    left: int
    top: int
    right: int
    bottom: int
    picture: tuple[int, int]  # height and width

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """Width of what lies outside the picture: left, top, right, bottom."""
        height, width = self.picture
        beyond = -self.left, -self.top, self.right - width, self.bottom - height
        return tuple(max(0, pixels) for pixels in beyond)

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of the picture."""
        height, width = self.picture
        rows = slice(max(0, self.top), min(height, self.bottom))
        return rows, slice(max(0, self.left), min(width, self.right))


@dataclass(frozen=True, eq=False)
class HeadField:
    """The head at the cells, and its place."""

    points: Tensor  # (3, h, w), in the camera's axes, decimetres
    revealed: Tensor  # (2, 3, h, w), added to points by turns of negative and of positive yaw
    share: Tensor  # (h, w), of the head's movement
    frontal: Tensor  # (1, 2, h, w), coordinates in the frontal frame
    cells: Tensor  # (1, 2, h, w), places
    rotation: Tensor  # (3, 3), from the head's axes to the camera's
    centre: Tensor  # (2,), place of the head's origin
    scale: Tensor  # (2,), of a decimetre at its depth
    unit: Tensor  # (2, 2), columns: an eye distance along the face and down it
    yaw_range: tuple[float, float]  # of turns that the picture can show, radians


def moving_box(head: PlacedHead, picture: tuple[int, int]) -> MovingBox:
    """Return what a head moves; `picture` is its height and width.

    Raises `ValueError` if no part of it lies in the picture.
    """
    step, margin = max(1.0, head.unit / 8), MARGIN * head.unit
    rows, columns = (
        torch.arange(-margin, length + margin + step, step, dtype=torch.float64)
        for length in picture
    )
    moves = head.share(columns[None], rows[:, None]) > 0
    (top, bottom), (left, right) = (
        _span(places, moves.any(dim=dim), step) for places, dim in ((rows, 1), (columns, 0))
    )
    height, width = picture
    if not (left < width and top < height and right > 0 and bottom > 0):
        raise ValueError("The face lies outside the picture. Correct the points.")
    edge = int(margin)
    return MovingBox(
        max(left, -edge),
        max(top, -edge),
        min(right, width + edge),
        min(bottom, height + edge),
        picture,
    )


def _span(places: Tensor, moves: Tensor, step: float) -> tuple[int, int]:
    """Return the first and the last moving place and a step more, equal if nothing moves."""
    found = places[moves]
    return (int(found[0] - step), int(found[-1] + step)) if len(found) else (0, 0)


def head_field(
    head: PlacedHead, landmarks: FaceLandmarks, box: MovingBox, like: Tensor
) -> tuple[HeadField, FrontalFrame]:
    """Return the head at the cells of a box, of the type and device of a tensor."""
    x, y = (
        start + _cell_centres(length, head.unit)
        for start, length in zip((box.left, box.top), box.size[::-1], strict=True)
    )
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    points, *sides = (
        head.fit.from_pixels(pixels, depth) for depth in depth_maps(head, landmarks, x, y)
    )
    frame = frontal_frame(head.fit, landmarks, points, x, y)
    corner, half = torch.tensor([box.left, box.top]), torch.tensor(box.size[::-1]) / 2
    share = head.share(*pixels.unbind(dim=-1)).minimum(_border_share(pixels, box, head.unit))
    tensors = (
        points.permute(2, 0, 1),
        (torch.stack(sides) - points).permute(0, 3, 1, 2),
        share,
        torch.from_numpy(frame.coordinates)[None],
        ((pixels - corner) / half - 1).permute(2, 0, 1)[None],
        head.fit.rotation,
        (head.fit.centre - corner) / half - 1,
        head.fit.scale / half,
        torch.from_numpy(frame.axes) / half[:, None],
    )
    tensors = (tensor.to(like).contiguous() for tensor in tensors)
    return HeadField(*tensors, head.fit.yaw_range), frame


def _cell_centres(length: int, unit: float) -> Tensor:
    least, most = CELLS_PER_EYE_DISTANCE
    per_unit = min(max(unit / CELL_PIXELS, least), most)
    count = max(8, min(length, round(length / unit * per_unit)))
    return (torch.arange(count, dtype=torch.float64) + 0.5) * length / count


def _border_share(pixels: Tensor, box: MovingBox, unit: float) -> Tensor:
    """Return the largest share of the head's movement near the picture's border.

    A head that the border cuts is stretched there, so that it uncovers less.
    """
    height, width = box.picture
    inwards = torch.minimum(pixels, pixels.new_tensor([width, height]) - pixels).amin(dim=-1)
    return BORDER_SHARE + (1 - BORDER_SHARE) * smoothstep(0.0, BORDER_WIDTH, inwards / unit)
