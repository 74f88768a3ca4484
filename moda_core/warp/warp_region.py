"""The part of a picture that a head's movement reaches, and its mask."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..compositing.paste_mask import softened_mask
from ..motion.easing import smoothstep
from .face_shape import FaceShape
from .mouth_interior import MouthColors, mouth_colors, patch_color
from .pose_field import head_weight

CELLS_PER_EYE_DISTANCE = 12  # of the coarse field
LID_COLOR_Y = 0.28  # under the eyes, where the skin has the colour of the lids
# Share of the head's movement from which the frame alone is visible: half of the shoulders' share.
# Points that move more would show twice in a soft edge.
SOLID_SHARE = 0.06
EDGE = 0.13  # width of the resulting soft edge next to the head, in eye distances


@dataclass(frozen=True)
class Region:
    """The part of the picture that may move, with the data that all frames share."""

    shape: FaceShape  # in pixels of the picture
    colors: MouthColors
    lid_skin: tuple[Tensor, Tensor]  # (3,) each, 0 to 255
    left: int  # place of the region in the picture
    top: int
    source: Tensor  # (1, 3, h, w), 0 to 255
    face_x: Tensor  # (h, w), face coordinates of the pixels
    face_y: Tensor
    base: Tensor  # (1, h, w, 2), sampling grid of the unmoved region
    coarse_x: Tensor  # face coordinates of the coarse field's cells
    coarse_y: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return tuple(self.face_x.shape)

    @property
    def device(self) -> torch.device:
        """Device on which frames are computed."""
        return self.source.device

    def view(self, picture: Tensor) -> Tensor:
        """Return a view (h, w, 3) of the region in a picture (H, W, 3)."""
        height, width = self.size
        return picture[self.top : self.top + height, self.left : self.left + width]


def prepare_region(image: Tensor, shape: FaceShape, dtype: torch.dtype) -> Region:
    """Prepare a picture (H, W, 3), uint8, on its device.

    Coordinates and colours are of type `dtype`. Raises `ValueError` if no part of the head lies in
    the picture.
    """
    left, top, right, bottom = _moving_box(image, shape)
    height, width = bottom - top, right - left
    source = image[top:bottom, left:right].permute(2, 0, 1)[None].to(dtype).contiguous()
    columns = torch.arange(width, device=image.device, dtype=dtype) + 0.5
    rows = torch.arange(height, device=image.device, dtype=dtype) + 0.5
    face_x, face_y = shape.frame.to_face(columns[None] + left, rows[:, None] + top)
    places = torch.meshgrid(columns * 2 / width - 1, rows * 2 / height - 1, indexing="xy")
    base = torch.stack(places, dim=-1)[None]
    cell_x, cell_y = _cell_centres(columns, shape) + left, _cell_centres(rows, shape) + top
    coarse = shape.frame.to_face(cell_x[None], cell_y[:, None])
    planes = image.permute(2, 0, 1).to(dtype)
    colors = mouth_colors(shape, planes)
    lid_skin = tuple(patch_color(shape, planes, eye.x, LID_COLOR_Y, 0.06) for eye in shape.eyes)
    return Region(shape, colors, lid_skin, left, top, source, face_x, face_y, base, *coarse)


def _cell_centres(pixels: Tensor, shape: FaceShape) -> Tensor:
    length = pixels.shape[0]
    count = max(8, min(length, round(length / shape.frame.unit * CELLS_PER_EYE_DISTANCE)))
    return (torch.arange(count, device=pixels.device, dtype=pixels.dtype) + 0.5) * length / count


def _moving_box(image: Tensor, shape: FaceShape) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the pixels that the head's movement can reach."""
    height, width = image.shape[:2]
    step = max(1.0, shape.frame.unit / 8)
    columns = torch.arange(0, width + step, step)
    rows = torch.arange(0, height + step, step)
    x, y = shape.frame.to_face(columns[None], rows[:, None])
    moves = head_weight(shape, x, y) > 0
    across, down = moves.any(dim=0).nonzero(), moves.any(dim=1).nonzero()
    if not len(across):
        raise ValueError("The face lies outside the picture. Correct the points.")
    left, right = (int(columns[across[i, 0]] + sign * step) for i, sign in ((0, -1), (-1, 1)))
    top, bottom = (int(rows[down[i, 0]] + sign * step) for i, sign in ((0, -1), (-1, 1)))
    return max(left, 0), max(top, 0), min(right, width), min(bottom, height)


def region_mask(
    region: Region, size: tuple[int, int], feather: float | None = None, erosion: float = 0.0
) -> Tensor:
    """Return where frames replace a picture of `size` (H, W), float32 in [0, 1], on the CPU.

    `feather` is the width of the soft edge in pixels, inwards, by default up to the end of the
    head's reach; `erosion` the width by which that is made smaller first.
    """
    share = head_weight(region.shape, region.face_x, region.face_y).float().cpu()
    mask = torch.zeros(size)
    region.view(mask).copy_(smoothstep(0.0, SOLID_SHARE, share))
    if feather is None and not erosion:
        return mask
    width = EDGE * region.shape.frame.unit if feather is None else feather
    return softened_mask((mask > 0).float(), width, erosion)
