"""What the lids of an eye show once they are shut or the iris has moved, from the picture.

`eye` is in the face frame, `points` (2, h, w) are the coordinates there of the pixels of a picture
(1, 3, h, w), 0 to 255, and `unit` is the eye distance in pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..face.eye_shape import EyeShape, eye_height, lid_rims
from ..motion.easing import smoothstep
from .hidden_eye import bounds, mean_color, spread

RIM = (0.04, 0.02)  # below the edge of the lower lid: where the iris may reach, and all of it
CLEAR = (1.5, 1.25)  # radii beside the iris, where the lids are without it, and where it covers all
INNER = 0.9  # radii, of what is surely the iris
ALIKE = (0.35, 0.7)  # likeness to the iris, of what remains and of what goes
LEAST_CONTRAST = 10.0  # grey levels between iris and lid
CORNER = 0.9  # farthest place across the eye from which lids are taken
LASH_Y, LASH_BAND = 0.016, 0.02  # middle of the line of lashes above the edge, and half its height
STEEP = 0.9  # quantile of the steps from row to row that counts as the line's edge
OWN_WIDTH, EDGE_RANGE = 0.5, (0.5, 3.0)  # pixels: of the rows themselves; of the line's edges
DARK_RANGE = 6.0  # grey levels of what counts as darkest
SKIN_BLUR = 0.06  # deviation in eye distances
GRAIN_BLUR, GRAIN_LIMIT = 0.02, 12.0  # deviation; grey levels, without lashes
GRAIN_BELOW, GRAIN_HEIGHT = 0.06, 0.1  # part of the skin below the eye from which it is taken
WHOLE = slice(None), slice(None)


def rim_without_iris(
    eye: EyeShape, points: Tensor, picture: Tensor, rim: float, unit: float
) -> Tensor:
    """Return what the lower lid's edge gains, (1, 3, h, w), if it continues that beside the iris.

    `rim` is the width of the eyeball's edge that belongs to the lid, in eye distances.
    """
    x, y = points
    _, lower, dome = lid_rims(eye, x)
    below = eye_height(eye, x, y) - lower
    radius = torch.hypot(x - eye.iris_x, y - eye.iris_y) / eye.iris_radius
    iris = mean_color(picture, ((radius < INNER) & (below < 0)).to(picture)).mean()
    reach, most = CLEAR[0] * eye.iris_radius, CORNER * eye.half_width
    left, right = max(eye.iris_x - reach, eye.x - most), min(eye.iris_x + reach, eye.x + most)
    near = smoothstep(*RIM, below) * smoothstep(-rim - 3 / unit, -rim - 2 / unit, below)
    near = near * smoothstep(*CLEAR, radius) * (8 * dome).clamp(max=1)
    part = bounds(near > 0, 0)
    x, lower, near = x[part], lower[part], near[part]
    sides = []
    for end in (left, right):
        there = torch.full_like(x, end)
        rise = lid_rims(eye, there)[1] - lower
        shift = torch.stack([there - x, rise + eye.slope * (there - x)])
        sides.append(_shifted(picture, points, shift, part))
    beside = torch.lerp(*sides, ((x - left) / (right - left)).clamp(0, 1))
    shown = picture[(..., *part)]
    level, level_beside = (each.mean(dim=1, keepdim=True) for each in (shown, beside))
    alike = (level_beside - level) / (level_beside - iris).clamp(min=LEAST_CONTRAST)
    gain = torch.zeros_like(picture)
    gain[(..., *part)] = (beside - shown) * near * smoothstep(*ALIKE, alike)
    return gain


def plain_skin(picture: Tensor, bare: Tensor, unit: float) -> Tensor:
    """Return plain skin (1, 3, h, w) like that of a picture where `bare` (1, 1, h, w) is over 0."""
    level = picture.mean(dim=1, keepdim=True)
    usual = (level * bare).sum() / bare.sum().clamp(min=1e-3)
    bare = bare * (level / usual.clamp(min=1)).clamp(max=1) ** 4  # without brows and background
    return spread(picture, bare, SKIN_BLUR * unit, mean_color(picture, bare))


def skin_grain(eye: EyeShape, points: Tensor, picture: Tensor, unit: float) -> Tensor:
    """Return fine details (1, 3, h, w) for the skin of a shut lid, mirrored from below the eye."""
    x, y = points
    height, lower = eye_height(eye, x, y), lid_rims(eye, x)[1]
    above = (lower - height).clamp(min=0)
    folded = GRAIN_BELOW + ((above + GRAIN_HEIGHT) % (2 * GRAIN_HEIGHT) - GRAIN_HEIGHT).abs()
    everywhere = torch.ones_like(picture[:, :1])
    blurred = spread(picture, everywhere, GRAIN_BLUR * unit, mean_color(picture, everywhere))
    grain = (picture - blurred).clamp(-GRAIN_LIMIT, GRAIN_LIMIT)
    return _shifted(grain, points, torch.stack([torch.zeros_like(x), lower + folded - height]))


def lash_line(eye: EyeShape, points: Tensor, picture: Tensor) -> tuple[Tensor, float]:
    """Return the darkest colour (3,) along the upper lid, and the width in pixels of its edges.

    The colour is that of the whole picture if it does not show the lid.
    """
    x, y = points
    upper, _, dome = lid_rims(eye, x)
    line = ((upper - eye_height(eye, x, y) - LASH_Y).abs() < LASH_BAND) & (dome > 0.1)
    line &= torch.hypot(x - eye.iris_x, y - eye.iris_y) > eye.iris_radius
    level = picture.mean(dim=1, keepdim=True)
    level = torch.where(line, level, level.amax())
    weight = torch.exp((level.amin() - level) / DARK_RANGE)
    color = (picture * weight).sum(dim=(0, 2, 3)) / weight.sum()
    steps = picture.mean(dim=(0, 1)).diff(dim=0).abs()[line[1:]]
    if not len(steps):
        return color, EDGE_RANGE[0]
    contrast = picture.mean(dim=(0, 1))[line].quantile(0.9) - color.mean()
    edge = float(contrast / steps.quantile(STEEP).clamp(min=1)) - OWN_WIDTH
    return color, min(max(edge, EDGE_RANGE[0]), EDGE_RANGE[1])


def _shifted(
    picture: Tensor, points: Tensor, shift: Tensor, part: tuple[slice, slice] = WHOLE
) -> Tensor:
    """Sample a picture beside the pixels of a part, rows and columns, by a shift (2, h, w).

    The points (2, H, W) of all pixels are nearly linear.
    """
    size = torch.tensor(points.shape[:0:-1])
    if size.amin() < 2:
        return picture[(..., *part)]
    across, down = (points.diff(dim=axis).mean(dim=(1, 2)) for axis in (2, 1))
    to_pixels = torch.linalg.pinv(torch.stack([across, down], dim=1).cpu()).to(points)
    step = torch.einsum("ab,bhw->hwa", to_pixels, shift)
    axes = [
        ((torch.arange(int(length)).to(points) * 2 + 1) / length - 1)[along]
        for length, along in zip(size, part[::-1], strict=True)
    ]
    places = torch.stack(torch.meshgrid(*axes, indexing="xy"), dim=-1) + step * 2 / size.to(points)
    return F.grid_sample(picture, places[None], padding_mode="border", align_corners=False)
