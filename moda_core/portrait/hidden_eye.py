"""What of an eyeball its lids and its iris hide, completed from what the picture shows."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.easing import smoothstep

WHITE_BLUR, NEAR_BLUR = 0.05, 0.02  # deviations in eye distances
IRIS_END, WHITE_START = 1.08, 1.3  # radii between which the iris fades into the white
SMALL_DEVIATION = 4.0  # pixels, at the resolution at which larger blurs are computed
PRIOR = 0.02  # weight of what is known from further away
RINGS = LAYERS = 12  # of the iris, and below the upper lid, whose mean colours complete them
SHADE_DEPTH = 0.12  # of the upper lid's shadow on the eyeball, in eye distances
EDGE_SHADE, EDGE_DEPTH = 0.2, 0.08  # of what the lid hides, at least, and how far down
LIGHTER = 20.0  # grey levels above the eyeball from which nothing in the disk is the iris
IRIS_WEIGHT = 0.9  # that the iris lacks where the shadow is measured
REACH = 0.1  # around eyeball and iris, that wide lids and sideways eyes reveal at most
MOST_NEAR = 1.08  # factor by which the white may be brighter near what is seen of it


def complete_eye(
    picture: Tensor, shown: Tensor, radius: Tensor, depth: Tensor, unit: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Complete an eyeball and its iris.

    Parameters
    ----------
    picture : Tensor, shape (1, 3, h, w)
        The eye and what is around it, 0 to 255.
    shown : Tensor, shape (1, 1, h, w)
        Where the eyeball shows, in [0, 1].
    radius : Tensor, shape (1, 1, h, w)
        Distance from the middle of the iris in its radii.
    depth : Tensor, shape (1, 1, h, w)
        Distance below the upper lid, which shades the eyeball, in eye distances.
    unit : float
        Pixels in an eye distance.

    Returns
    -------
    ball : Tensor, shape (1, 3, h, w)
        The eyeball without its iris; `white_color` further than `REACH` from what shows of it.
    iris : Tensor, shape (1, 3, h, w)
        Factor by which the iris changes ``ball + 1``; 1 beside it.
    white_color : Tensor, shape (3,)
        Of the eyeball beside its iris; of all that is near where none is visible.
    """
    disk = smoothstep(WHITE_START, IRIS_END, radius)
    bright = picture.mean(dim=1, keepdim=True) * shown * (1 - disk)
    weight = (bright / bright.amax().clamp(min=1)) ** 3  # without the shadows of the lids
    white_color = mean_color(picture, weight)
    part = (..., *bounds(((shown > 0) | (disk > 0))[0, 0], round(REACH * unit)))
    planes = (plane[part] for plane in (picture, shown, disk, weight, radius, depth))
    ball, iris = (
        white_color.view(1, 3, 1, 1).repeat(1, 1, *disk.shape[2:]),
        torch.ones_like(picture),
    )
    ball[part], iris[part] = _completed(*planes, white_color, unit)
    return ball, iris, white_color


def bounds(chosen: Tensor, margin: int) -> tuple[slice, slice]:
    """Return rows and columns around chosen pixels (h, w); all if there are none."""
    used = []
    for axis, length in enumerate(chosen.shape):
        places = chosen.any(dim=1 - axis).nonzero()[:, 0].tolist() or [0, length - 1]
        used.append(slice(max(0, places[0] - margin), places[-1] + 1 + margin))
    return tuple(used)


def _completed(
    picture: Tensor,
    shown: Tensor,
    disk: Tensor,
    weight: Tensor,
    radius: Tensor,
    depth: Tensor,
    white_color: Tensor,
    unit: float,
) -> tuple[Tensor, Tensor]:
    """Complete the part of a picture around an eye; `weight` is that of the seen white."""
    white = spread(picture, weight, WHITE_BLUR * unit, white_color)
    rings = radius * (RINGS / WHITE_START)
    white = white * _shade(picture, white, shown, disk, rings, depth)
    near = (picture + 1) / (white + 1)  # what the seen eyeball is beside the completed one
    near = spread(near, weight, NEAR_BLUR * unit, torch.ones_like(white_color))
    white = white * near.clamp(max=MOST_NEAR)
    lighter = (picture - white).amin(dim=1, keepdim=True) / LIGHTER  # highlights, lids
    hides = torch.maximum(disk * (1 - lighter.clamp(0, 1)), 1 - shown)
    ball = torch.lerp(picture, white, hides)
    iris = (picture + 1) / (ball + 1)
    hidden = torch.lerp(torch.ones_like(iris), _mean_along(iris, rings, shown), disk)
    return ball, torch.lerp(hidden, iris, shown)


def _shade(
    picture: Tensor, white: Tensor, shown: Tensor, disk: Tensor, rings: Tensor, depth: Tensor
) -> Tensor:
    """Return the factor (1, 1, h, w) by which the upper lid darkens an eyeball."""
    iris = (picture + 1) / (white + 1)
    plain = iris / torch.lerp(torch.ones_like(iris), _mean_along(iris, rings, shown), disk)
    weight = shown * (1 - IRIS_WEIGHT * disk)
    layers = depth * (LAYERS / SHADE_DEPTH)
    shade = _mean_along(plain.mean(dim=1, keepdim=True), layers, weight)
    return torch.minimum(shade, 1 - EDGE_SHADE * smoothstep(EDGE_DEPTH, 0.0, depth))


def mean_color(source: Tensor, weight: Tensor) -> Tensor:
    """Return the mean colour (3,) of what is weighted, or of all where that is little."""
    weight = weight + 1e-3
    return (source * weight).sum(dim=(0, 2, 3)) / weight.sum()


def _mean_along(source: Tensor, place: Tensor, shown: Tensor) -> Tensor:
    """Return the mean factor over what is shown at each place, 0 to `RINGS - 1`, of (1, 1, h, w).

    1 if nothing is shown.
    """
    place = place.clamp(0, RINGS - 1).flatten()
    before = place.long().clamp(max=RINGS - 2)
    share = place - before
    values = torch.cat([source[0].flatten(1), torch.ones_like(shown).view(1, -1)])
    sums = values.new_zeros(len(values), RINGS)
    for ring, part in ((before, 1 - share), (before + 1, share)):
        sums.index_add_(1, ring, values * (part * shown.flatten()))
    neighbours = 0.1 * (torch.arange(RINGS)[:, None] - torch.arange(RINGS)).abs()
    sums = sums @ (0.001**neighbours).to(sums)
    means = (sums[:-1] + 1e-6) / (sums[-1:] + 1e-6)
    return torch.lerp(means[:, before], means[:, before + 1], share).view_as(source)


def spread(source: Tensor, weight: Tensor, deviation: float, prior: Tensor) -> Tensor:
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
