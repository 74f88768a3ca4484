"""The part of a picture that a head's movement reaches, and its mask."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..compositing.continuation import continued
from ..compositing.paste_mask import softened_mask
from ..face.eye_shape import EyeShape
from ..face.iris_fit import fit_irises
from ..face.landmarks import FaceLandmarks
from ..face.lid_fit import fit_lids
from ..head.field_cells import Part, covered_bands
from ..head.head_fit import find_head
from ..head.mouth_look import MouthLook
from ..head.placed_head import place_head
from ..motion.easing import smoothstep
from .eye_layers import EyeLayers, eye_box, eye_layers
from .face_shape import FaceShape, measure_face
from .head_field import HeadField, MovingBox, head_field, moving_box
from .mouth_interior import look_of_mouth
from .pose_field import sample_places
from .shape_fit import fit_shape

# Share of the head's movement from which the frame alone is visible: half of the shoulders' share.
# Points that move more would show twice in a soft edge.
SOLID_SHARE = 0.06
PART_MARGIN = 0.08  # around a part of the face that is computed at full resolution
EDGE = 0.13  # width of the resulting soft edge next to the head, in eye distances

Box = tuple[float, float, float, float]  # left, top, right and bottom in the frontal frame


@dataclass(frozen=True)
class Region:
    """The part of the picture that may move, with the data that all frames share."""

    shape: FaceShape  # in the frontal frame
    mouth: MouthLook
    eyes: tuple[EyeLayers, ...]
    box: MovingBox
    source: Tensor  # (1, 3, box), 0 to 255: the picture and its continuation beyond the border
    across: Tensor  # (w,), places in the source of the columns that lie in the picture
    down: Tensor  # (h,), of the rows
    head: HeadField

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the picture."""
        return len(self.down), len(self.across)

    @property
    def device(self) -> torch.device:
        """Device on which frames are computed."""
        return self.source.device

    def places(self, rows: slice = slice(None), columns: slice = slice(None)) -> Tensor:
        """Return the places (1, 2, h, w) of pixels in the source."""
        places = torch.meshgrid(self.across[columns], self.down[rows], indexing="xy")
        return torch.stack(places)[None]

    @property
    def moves(self) -> Tensor:
        """Where cells, or those next to them, move, (h, w)."""
        return F.max_pool2d((self.head.share > 0).to(self.source)[None], 3, 1, 1)[0] > 0

    def inside(self, boxes: Sequence[Box], frontal: Tensor) -> Tensor:
        """Return the cells (n, h, w) of the smallest rectangle around a part of n faces.

        They are on the CPU. `boxes` are in the frontal frame, and `PART_MARGIN` is added to each
        side; `frontal` (n, 2, h, w) holds the coordinates of the cells.
        """
        left, top, right, bottom = frontal.new_tensor(boxes).T[..., None, None]
        x, y = frontal.unbind(dim=1)
        inside = (x - left + PART_MARGIN) * (right + PART_MARGIN - x) > 0
        inside &= (y - top + PART_MARGIN) * (bottom + PART_MARGIN - y) > 0
        return (inside.any(dim=2, keepdim=True) & inside.any(dim=1, keepdim=True)).cpu()

    def bands(self, cells: Tensor, num_pixels: int = sys.maxsize) -> list[Part]:
        """Return the part of the picture that chosen cells (h, w) cover, in bands."""
        return covered_bands(cells, self.box.size, self.box.sides, num_pixels)

    def view(self, picture: Tensor) -> Tensor:
        """Return a view (h, w, 3) of the region in a picture (H, W, 3)."""
        return picture[self.box.inside]


def prepare_region(image: Tensor, landmarks: FaceLandmarks, dtype: torch.dtype) -> Region:
    """Prepare a picture (H, W, 3), uint8, on its device.

    Coordinates and colours are of type `dtype`. Raises `ValueError` if no part of the head lies in
    the picture, or the mouth does not lie below the eyes.
    """
    placed = place_head(find_head(landmarks), landmarks)
    box = moving_box(placed, tuple(image.shape[:2]))
    source = _source(image, box, dtype)
    head, frame = head_field(placed, landmarks, box, source)
    pixels = image.cpu().numpy()
    seen = fit_irises(fit_lids(landmarks, pixels), pixels)
    shape = fit_shape(measure_face(seen, frame), pixels)
    region = Region(shape, None, (), box, source, *_pixel_places(box, source), head)
    region = _with_eyes(region)
    white = max((eye.white_color for eye in region.eyes), key=torch.sum)
    return replace(region, mouth=look_of_mouth(shape, image, white))


def _with_eyes(region: Region) -> Region:
    return replace(region, eyes=tuple(_eye_layers(region, eye) for eye in region.shape.eyes))


def _eye_layers(region: Region, eye: EyeShape) -> EyeLayers:
    """Complete the layers of one eye in the picture; of a pixel if it is out of view."""
    brow, frontal = region.shape.brow, region.head.frontal
    used = region.bands(region.inside([eye_box(eye, brow)], frontal)[0]) or [(slice(0, 1),) * 2]
    left, top, _, _ = region.box.sides
    picture, places = region.source[:, :, top:, left:][(..., *used[0])], region.places(*used[0])
    x, y = sample_places(frontal, places)[0]
    layers = eye_layers(region.shape, eye, x, y, picture)
    scale = places.new_tensor(region.source.shape[:1:-1]) / places.new_tensor(x.shape[::-1])
    scale = scale.view(1, 2, 1, 1)
    return EyeLayers(*layers, scale, -scale * places.mean(dim=(2, 3), keepdim=True))


def _source(image: Tensor, box: MovingBox, dtype: torch.dtype) -> Tensor:
    """Return a box of a picture (H, W, 3), uint8, and of its continuation, (1, 3, h, w)."""
    return continued(image[box.inside].permute(2, 0, 1)[None], box.sides, dtype)


def _pixel_places(box: MovingBox, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the places of a box's columns (w,) and rows (h,) that lie in the picture."""
    left, top, right, bottom = box.sides
    y, x = (
        (torch.arange(length, device=like.device, dtype=like.dtype) * 2 + 1) / length - 1
        for length in box.size
    )
    return x[left : len(x) - right], y[top : len(y) - bottom]


def with_picture(region: Region, image: Tensor) -> Region:
    """Return a region that moves another picture (H, W, 3), uint8, in the same way."""
    source = _source(image.to(region.device), region.box, region.source.dtype)
    return _with_eyes(replace(region, source=source))


def region_mask(
    region: Region, size: tuple[int, int], feather: float | None = None, erosion: float = 0.0
) -> Tensor:
    """Return where frames replace a picture of `size` (H, W), float32 in [0, 1], on the CPU.

    `feather` is the width of the soft edge in pixels, inwards, by default up to the end of the
    head's reach; `erosion` the width by which that is made smaller first.
    """
    share = sample_places(region.head.share[None, None], region.places())
    mask = torch.zeros(size)
    region.view(mask).copy_(smoothstep(0.0, SOLID_SHARE, share[0, 0]).float().cpu())
    if feather is None and not erosion:
        return mask
    width = EDGE * region.shape.frame.unit if feather is None else feather
    return softened_mask((mask > 0).float(), width, erosion)
