"""Two rows of teeth as pictures, made by formulas and lit as the face is.

A row lies on an elliptic arch that faces the viewer from a little above. Its picture has the middle
of the row at 0, y is down, and the longest tooth ends at 0: upper teeth above it, lower ones below.
Lengths are in eye distances; an average one is 63 mm.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.easing import smoothstep

HALF_WIDTH, ARCH_DEPTH = 0.47, 0.62  # of the arch
REACH, TALL, BEYOND = 0.46, 0.26, 0.2  # of a row's picture; its share beyond the longest tooth
BEND = 0.25  # of the row, over the square of the distance from its middle
UPPER_WIDTHS = (0.135, 0.105, 0.120, 0.110, 0.108, 0.160)  # from the middle outwards
UPPER_LENGTHS = (0.165, 0.146, 0.162, 0.136, 0.127, 0.114)
LOWER_WIDTHS = (0.085, 0.094, 0.108, 0.111, 0.111, 0.165)
LOWER_LENGTHS = (0.140, 0.143, 0.155, 0.130, 0.120, 0.111)
EYE_TOOTH = 2  # number of the pointed one
GUM = (0.80, 0.47, 0.46)  # over the colour of the teeth
WARMTH = 6.0  # of gum and necks of teeth, over the saturation of their colour
PIXELS_PER_EYE_DISTANCE = (120, 400)  # of the pictures, least and most
# Tips of the longest teeth below the seam of the lips, little and wide open.
UPPER_TIPS, LOWER_TIPS = (0.055, 0.055), (0.0, -0.095)


@dataclass(frozen=True, eq=False)
class TeethRow:
    """A row of teeth with its gum.

    Parameters
    ----------
    picture : Tensor, shape (1, 4, h, w)
        RGB, 0 to 255, and how much it covers, in [0, 1].
    upward : bool
        Whether the row is the lower one.
    tips : pair of float
        Place of the longest tooth's end below the seam of lips that are little and wide open.
    shadow : float
        Share of the lips' shadow that falls on the teeth.
    """

    picture: Tensor
    upward: bool
    tips: tuple[float, float]
    shadow: float = 1.0

    def places(self) -> tuple[Tensor, Tensor]:
        """Return x (w,) and y (h, 1) of the picture's pixels."""
        x, y = _pixel_places(*self.picture.shape[:1:-1])
        return x, y if self.upward else -y

    def sample(self, right: Tensor, down: Tensor) -> tuple[Tensor, Tensor]:
        """Return colour (n, 3, h, w) and cover (n, 1, h, w) at points (n, h, w) of the row."""
        along = (down if self.upward else -down) * (2 / TALL) - (1 - 2 * BEYOND)
        grid = torch.stack([right * (1 / REACH), along], dim=-1)
        picture = self.picture.expand(len(grid), -1, -1, -1)
        both = F.grid_sample(picture, grid, padding_mode="border", align_corners=False)
        return both[:, :3], both[:, 3:]


def teeth_row(upward: bool, unit: float, color: Tensor, side_light: float) -> TeethRow:
    """Draw a row of upper teeth, or of lower ones, which stand upward.

    `unit` is the eye distance in pixels, `color` (3,) that of the teeth, 0 to 255. `side_light` is
    how much brighter the face is on the right, over its brightness.
    """
    least, most = PIXELS_PER_EYE_DISTANCE
    density = min(max(2 * unit, least), most)
    rows = round(TALL * density)
    x, y = _pixel_places(round(2 * REACH * density), rows)
    y = y - BEND * x.square()  # from the edge to the gum
    widths, lengths = (LOWER_WIDTHS, LOWER_LENGTHS) if upward else (UPPER_WIDTHS, UPPER_LENGTHS)
    ends = torch.tensor(widths).cumsum(dim=0)
    arc, depth = _arch(x)
    number = torch.bucketize(arc, ends[:-1], right=True)
    width, length = torch.tensor(widths)[number], torch.tensor(lengths)[number]
    place = 2 * (arc - ends[number] + width) / width - 1  # -1 towards the middle, 1 outwards
    eye_tooth = (number == EYE_TOOTH).float()
    edge = (
        max(lengths)
        - length
        + length
        * (0.05 * place.abs() ** 4 + (place > 0) * 0.05 * place**4 + 0.09 * eye_tooth * place**2)
    )
    gum = max(lengths) - 0.035 * place.abs() ** 2.2 - 0.02 * (number == 1)
    pixel = TALL / rows
    height = ((y - edge) / (gum - edge)).clamp(0, 1)  # 0 at the edge, 1 at the gum
    beside = (1 - place.abs()) * width / 2  # from the neighbour
    notch = 0.014 * smoothstep(0.22, 0.0, height)
    cover = smoothstep(-0.7 * pixel, 0.7 * pixel, y - edge)
    cover = cover * smoothstep(-1.2 * pixel, 0.2 * pixel, beside - notch)
    shade = 1 - 0.14 * place.abs() ** 3 - 0.08 * (height - 0.4).abs() ** 1.5
    shade = shade * (1 - 0.25 * smoothstep(0.01, 0.0, beside))
    shade = shade * (1 - 0.7 * depth / ARCH_DEPTH) * (1 + side_light * x / HALF_WIDTH)
    tint = torch.stack([torch.ones_like(height), 1 - 0.04 * height, 1 - 0.10 * height])
    tint = tint - torch.tensor([0.02, 0.04, 0.07]).view(3, 1, 1) * eye_tooth
    on_gum = smoothstep(-pixel, pixel, y - gum)
    tint = torch.lerp(tint, torch.tensor(GUM).view(3, 1, 1).expand_as(tint), on_gum)
    cover = torch.maximum(cover, on_gum)
    warmth = (WARMTH * (1 - color.min() / color.max().clamp(min=1))).clamp(max=1.0)  # grey: 0
    grey = tint.mean(dim=0, keepdim=True)
    rgb = color.view(3, 1, 1) * ((grey + (tint - grey) * warmth.cpu()) * shade).to(color)
    tips = LOWER_TIPS if upward else UPPER_TIPS
    return TeethRow(torch.cat([rgb, cover[None].to(color)])[None], upward, tips)


def _pixel_places(columns: int, rows: int) -> tuple[Tensor, Tensor]:
    """Return x (columns,) and the distance (rows, 1) from the longest tooth's end to the gum."""
    x = (torch.arange(columns) + 0.5) * (2 * REACH / columns) - REACH
    y = (torch.arange(rows) + 0.5) * (TALL / rows) - BEYOND * TALL
    return x, y[:, None]


def _arch(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the length of the arch from its middle to places across it, and its depth there."""
    angle = torch.linspace(0, 1.5, 600)
    steps = torch.hypot(HALF_WIDTH * angle.sin().diff(), ARCH_DEPTH * angle.cos().diff()).cumsum(
        dim=0
    )
    place = torch.asin((x.abs() / HALF_WIDTH).clamp(max=0.99))
    index = (place / angle[1]).long().clamp(max=len(steps) - 1)
    return steps[index], ARCH_DEPTH * (1 - place.cos())
