"""What the lids and the iris of an eye hide, completed from what the picture shows."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.easing import smoothstep

WHITE_BLUR, SKIN_BLUR = 0.05, 0.06  # deviations in eye distances
IRIS_END, WHITE_START = 1.08, 1.3  # radii between which the iris fades into the white
SMALL_DEVIATION = 4.0  # pixels, at the resolution at which larger blurs are computed
PRIOR = 0.02  # weight of what is known from further away
RINGS = 12  # of the iris, whose mean colours complete it


def complete_eye(
    picture: Tensor, shown: Tensor, bare: Tensor, radius: Tensor, unit: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Complete an eyeball, its iris and the skin of its lids.

    Parameters
    ----------
    picture : Tensor, shape (1, 3, h, w)
        The eye and what is around it, 0 to 255.
    shown, bare : Tensor, shape (1, 1, h, w)
        Where the eyeball shows, and where the skin shows that the lids resemble, in [0, 1].
    radius : Tensor, shape (1, 1, h, w)
        Distance from the middle of the iris in its radii.
    unit : float
        Pixels in an eye distance.

    Returns
    -------
    ball, skin : Tensor, shape (1, 3, h, w)
        The eyeball without its iris, and plain skin.
    iris : Tensor, shape (1, 3, h, w)
        Factor by which the iris changes ``ball + 1``; 1 beside it.
    white_color : Tensor, shape (3,)
        Of the eyeball beside its iris; of all that is near where none is visible.
    """
    disk = smoothstep(WHITE_START, IRIS_END, radius)
    bright = picture.mean(dim=1, keepdim=True) * shown * (1 - disk)
    weight = (bright / bright.amax().clamp(min=1)) ** 3  # without the shadows of the lids
    white_color = _mean_color(picture, weight)
    white = _spread(picture, weight, WHITE_BLUR * unit, white_color)
    ball = torch.lerp(picture, white, torch.maximum(disk, 1 - shown))
    iris = (picture + 1) / (ball + 1)
    hidden = torch.lerp(torch.ones_like(iris), _rings(iris, radius, shown), disk)
    skin = _spread(picture, bare, SKIN_BLUR * unit, _mean_color(picture, bare))
    return ball, skin, torch.lerp(hidden, iris, shown), white_color


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
    shrink = max(1.0, deviation / SMALL_DEVIATION)
    size = [max(1, round(length / shrink)) for length in source.shape[2:]]
    planes = F.interpolate(torch.cat([source * weight, weight], dim=1), size, mode="area")
    filled = prior.view(1, 3, 1, 1)
    for times in (16, 8, 4, 2, 1):
        blurred = _blur(planes, times * deviation / shrink)
        filled = (blurred[:, :3] + PRIOR * filled) / (blurred[:, 3:] + PRIOR)
    return F.interpolate(filled, source.shape[2:], mode="bilinear", align_corners=False)


def _blur(planes: Tensor, deviation: float) -> Tensor:
    """Blur by averages over squares, twice, joined linearly."""
    for size in (1.0, 1.4):
        cells = [max(1, round(length / (size * deviation))) for length in planes.shape[2:]]
        small = F.interpolate(planes, cells, mode="area")
        planes = F.interpolate(small, planes.shape[2:], mode="bilinear", align_corners=False)
    return planes
