"""What the lids and the iris of an eye hide, completed from what the picture shows."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.easing import smoothstep
from .face_shape import EyeShape
from .render_eyes import BELOW_LID, LEAST_LID, LID_EDGE, LID_SHARE, eye_height, lid_rims

LASHES, BROW_SHARE = 0.085, 0.55  # skin of the lid: above the lashes; share of the way to the brow
BELOW_LASHES, BELOW_SHARE = 0.07, 0.3  # skin below the eye, and its share in that of the lid
WHITE_BLUR, SKIN_BLUR = 0.05, 0.06  # deviations in eye distances
IRIS_END, WHITE_START = 1.08, 1.3  # radii between which the iris fades into the white
PRIOR = 0.02  # weight of what is known from further away
RINGS = 12  # of the iris, whose mean colours complete it


@dataclass(frozen=True, eq=False)
class EyeLayers:
    """Textures of one eye on the pixels of a part of the region.

    Parameters
    ----------
    still : Tensor, shape (1, 6, h, w)
        The eyeball without its iris, and the skin of the shut lid, 0 to 255.
    iris : Tensor, shape (1, 3, h, w)
        Factor by which the iris changes ``eyeball + 1``; 1 beside it.
    white_color : Tensor, shape (3,)
        Of the eyeball beside its iris; of all that is near where none is visible.
    scale, offset : Tensor, shape (1, 2, 1, 1)
        They convert places in the region to those in the textures.
    """

    still: Tensor
    iris: Tensor
    white_color: Tensor
    scale: Tensor
    offset: Tensor

    def places(self, places: Tensor) -> Tensor:
        """Convert places (n, 2, h, w) in the region to those in the textures."""
        return places * self.scale + self.offset


def eye_box(eye: EyeShape, brow: float) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what an eye's lids move, in the face frame."""
    tilt = abs(eye.slope) * eye.half_width
    upper = eye.y + min(eye.upper[0], 0.0)
    top = upper - max(LEAST_LID, LID_SHARE * (upper - brow))
    bottom = eye.y + max(eye.lower[0], 0.0) + BELOW_LID
    return eye.x - eye.half_width, top - tilt, eye.x + eye.half_width, bottom + tilt


def eye_layers(
    eye: EyeShape, brow: float, unit: float, x: Tensor, y: Tensor, source: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Complete the eyeball, its iris and the skin of its lids.

    `x`, `y` (h, w) are face coordinates of the pixels of `source` (1, 3, h, w), 0 to 255; `unit` is
    the eye distance in pixels. Returns `still`, `iris` and `white_color` of `EyeLayers`.
    """
    upper, lower, _ = lid_rims(eye, x)
    height = eye_height(eye, x, y)
    edge = LID_EDGE - 0.5 / unit
    shown = torch.minimum(height - upper, lower - height)
    shown = smoothstep(edge - 1 / unit, edge, shown)[None, None]
    radius = torch.hypot(x - eye.iris_x, y - eye.iris_y)[None, None] / eye.iris_radius
    disk = smoothstep(WHITE_START, IRIS_END, radius)
    bright = source.mean(dim=1, keepdim=True) * shown * (1 - disk)
    weight = (bright / bright.amax().clamp(min=1)) ** 3  # without the shadows of the lids
    color = _mean_color(source, weight)
    white = _spread(source, weight, WHITE_BLUR * unit, color)
    ball = torch.lerp(source, white, torch.maximum(disk, 1 - shown))
    iris = (source + 1) / (ball + 1)
    iris = torch.lerp(
        torch.lerp(torch.ones_like(iris), _rings(iris, radius, shown), disk), iris, shown
    )
    above, below = upper - height, height - lower
    bare = smoothstep(LASHES - 0.02, LASHES, above) * (above < BROW_SHARE * (eye.y - brow))
    bare = bare + BELOW_SHARE * smoothstep(BELOW_LASHES - 0.02, BELOW_LASHES, below)
    bare = bare[None, None]
    skin = _spread(source, bare, SKIN_BLUR * unit, _mean_color(source, bare))
    return torch.cat([ball, skin], dim=1), iris, color


def _mean_color(source: Tensor, weight: Tensor) -> Tensor:
    """Return the mean colour (3,) of what is weighted, or of all where that is little."""
    weight = weight + 1e-3
    return (source * weight).sum(dim=(0, 2, 3)) / weight.sum()


def _rings(iris: Tensor, radius: Tensor, shown: Tensor) -> Tensor:
    """Return the mean over what is shown at each radius."""
    place = (radius * (RINGS / WHITE_START)).clamp(max=RINGS - 1)
    weights = (1 - (place - torch.arange(RINGS).to(place).view(-1, 1, 1)).abs()).clamp(min=0)[0]
    seen = (weights * shown[0]).flatten(1)  # (rings, pixels)
    neighbours = 0.1 * (torch.arange(RINGS)[:, None] - torch.arange(RINGS)).abs()
    seen = (0.001**neighbours).to(seen) @ seen
    means = seen @ iris[0].flatten(1).T / (seen.sum(dim=1, keepdim=True) + 1e-6)
    return torch.einsum("rhw,rc->chw", weights, means)[None]


def _spread(source: Tensor, weight: Tensor, deviation: float, prior: Tensor) -> Tensor:
    """Blur what is weighted, and spread it over the rest; `prior` counts where nothing is near."""
    filled = prior.view(1, 3, 1, 1).expand_as(source)
    for times in (16, 8, 4, 2, 1):
        blurred = _blur(torch.cat([source * weight, weight], dim=1), times * deviation)
        total = blurred[:, 3:]
        filled = (blurred[:, :3] + PRIOR * filled) / (total + PRIOR)
    return filled


def _blur(planes: Tensor, deviation: float) -> Tensor:
    """Blur by averages over squares, twice, joined linearly."""
    for size in (1.0, 1.4):
        cells = [max(1, round(length / (size * deviation))) for length in planes.shape[2:]]
        small = F.interpolate(planes, cells, mode="area")
        planes = F.interpolate(small, planes.shape[2:], mode="bilinear", align_corners=False)
    return planes
