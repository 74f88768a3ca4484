"""The part of a picture that a head's movement reaches, and its mask."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..compositing.continuation import continued
from ..compositing.paste_mask import softened_mask
from ..face.iris_fit import fit_irises
from ..face.landmarks import FaceLandmarks
from ..head.head_fit import find_head
from ..head.mouth_look import MouthLook
from ..head.placed_head import place_head
from ..motion.easing import smoothstep
from .eye_layers import EyeLayers, eye_box, eye_layers
from .face_shape import EyeShape, FaceShape, measure_face
from .head_field import HeadField, MovingBox, head_field, moving_box
from .mouth_interior import look_of_mouth, shows_teeth
from .pose_field import sample_places
from .shape_fit import fit_shape

# Share of the head's movement from which the frame alone is visible: half of the shoulders' share.
# Points that move more would show twice in a soft edge.
SOLID_SHARE = 0.06
EDGE = 0.13  # width of the resulting soft edge next to the head, in eye distances


@dataclass(frozen=True)
class Region:
    """The part of the picture that may move, with the data that all frames share."""

    shape: FaceShape  # in the frontal frame
    mouth: MouthLook
    own_teeth: bool  # whether the picture shows teeth
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
    planes = image.permute(2, 0, 1).to(dtype)
    source = continued(_planes(image[box.inside], planes), box.sides)
    head, frame = head_field(placed, landmarks, box, source)
    pixels = image.cpu().numpy()
    shape = fit_shape(measure_face(fit_irises(landmarks, pixels), frame), pixels)
    region = Region(shape, None, False, (), box, source, *_pixel_places(box, source), head)
    region = _with_eyes(region)
    white = max((eye.white_color for eye in region.eyes), key=torch.sum)
    mouth = look_of_mouth(shape, planes, white)
    return replace(region, mouth=mouth, own_teeth=shows_teeth(shape, planes))


def _with_eyes(region: Region) -> Region:
    return replace(region, eyes=tuple(_eye_layers(region, eye) for eye in region.shape.eyes))


def _eye_layers(region: Region, eye: EyeShape) -> EyeLayers:
    """Complete the layers of one eye in the picture."""
    left, top, right, bottom = eye_box(eye, region.shape.brow)
    x, y = region.head.frontal[0]
    inside = ((x - left) * (right - x) > 0) & ((y - top) * (bottom - y) > 0)
    rows, columns = (
        _pixels_of_cells(inside.any(dim=axis), length)
        for axis, length in zip((1, 0), region.source.shape[2:], strict=True)
    )
    part = region.source[:, :, rows, columns]
    y, x = (
        (torch.arange(used.start, used.stop).to(part) * 2 + 1) / length - 1
        for used, length in zip((rows, columns), region.source.shape[2:], strict=True)
    )
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"))[None]
    scale = part.new_tensor(region.source.shape[:1:-1]) / part.new_tensor(part.shape[:1:-1])
    scale = scale.view(1, 2, 1, 1)
    offset = -scale * places.mean(dim=(2, 3), keepdim=True)
    x, y = sample_places(region.head.frontal, places)[0]
    layers = eye_layers(eye, region.shape.brow, region.shape.frame.unit, x, y, part)
    return EyeLayers(*layers, scale, offset)


def _pixels_of_cells(used: Tensor, length: int) -> slice:
    """Return the pixels of a side that used cells cover; the first ones if none is."""
    cells, pixels = used.nonzero(), length / len(used)
    if not len(cells):
        return slice(0, 1)
    return slice(int(cells[0] * pixels), min(length, int((cells[-1] + 1) * pixels) + 1))


def _planes(view: Tensor, like: Tensor) -> Tensor:
    """Convert a view (h, w, 3), uint8, of a picture to (1, 3, h, w), of another type."""
    return view.permute(2, 0, 1)[None].to(like).contiguous()


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
    planes = _planes(region.view(image), region.source)
    return _with_eyes(replace(region, source=continued(planes, region.box.sides)))


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
