"""A picture continued beyond its border, for what a moving head uncovers there.

What lies next to the border is mirrored, but not further than a short depth, so that no second
head appears, and blurred the more, the further it is from the picture: a border that is repeated
would show streaks.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

DEPTH = 0.06  # that is mirrored at most, as a share of the continuation's width
BLUR = 0.7  # deviation of the blur over the distance from the picture
SHARP_DEVIATION = 3  # pixels of the least blur, at the resolution at which it is computed
LEVELS = 4  # of the blur, each twice as wide as the one before


def continued(picture: Tensor, sides: tuple[int, int, int, int]) -> Tensor:
    """Return a picture (1, 3, h, w) with a continuation on its sides.

    `sides` are pixels on the left, top, right and bottom; where they are 0 nothing is added.
    """
    left, top, right, bottom = sides
    if not any(sides):
        return picture
    height, width = picture.shape[2:]
    rows, below = _mirrored(height, top, bottom)
    columns, beside = _mirrored(width, left, right)
    rows, columns = rows.to(picture.device), columns.to(picture.device)
    away = torch.maximum(below[:, None], beside[None]).to(picture)
    (tall, wide), widest, whole = away.shape, max(sides), slice(None)
    # Blurred strips, with as much of the picture beside them as is blurred into them.
    strips = (
        (left, (whole, slice(0, 2 * left)), (whole, slice(0, left))),
        (right, (whole, slice(max(0, wide - 2 * right), wide)), (whole, slice(-right, None))),
        (top, (slice(0, 2 * top), whole), (slice(0, top), whole)),
        (bottom, (slice(max(0, tall - 2 * bottom), tall), whole), (slice(-bottom, None), whole)),
    )
    result = F.pad(picture, sides[::2] + sides[1::2])
    for side, strip, outside in strips:
        if side:
            mirrored = picture[:, :, rows[strip[0]]][..., columns[strip[1]]]
            blurred = _blurred_by(mirrored, BLUR * away[strip], BLUR * widest)
            result[(..., *strip)][(..., *outside)] = blurred[(..., *outside)]
    return result


def _blurred_by(picture: Tensor, deviation: Tensor, largest: float) -> Tensor:
    """Blur a picture (1, 3, h, w) by deviations (h, w).

    What is blurred is computed at a lower resolution, where it loses nothing.
    """
    start = largest / 2**LEVELS
    shrink = start / SHARP_DEVIATION
    if shrink >= 2:
        size = [max(1, round(length / shrink)) for length in deviation.shape]
        small, few = (
            F.interpolate(each, size, mode="area") for each in (picture, deviation[None, None])
        )
        few = _blurred_by(small, few[0, 0] / shrink, largest / shrink)
        few = F.interpolate(few, deviation.shape, mode="bilinear", align_corners=False)
        return torch.lerp(picture, few, (2 * deviation / start - 1).clamp(0, 1))
    result = picture
    for level in range(LEVELS):
        start = largest / 2 ** (LEVELS - level)
        share = (deviation / start - 1).clamp(0, 1)
        result = torch.lerp(result, _blurred(picture, 2 * start), share)
    return result


def _mirrored(length: int, before: int, after: int) -> tuple[Tensor, Tensor]:
    """Return the pixel that each one of a continued line shows, and its distance from the line."""
    place = torch.arange(-before, length + after)
    away = torch.where(place < 0, -place, (place - length + 1).clamp(min=0))
    depth = DEPTH * max(before, after, 1)
    inwards = (depth * torch.tanh(away / depth)).round().long() - (away > 0).long()
    shown = torch.where(place < 0, inwards, torch.where(away > 0, length - 1 - inwards, place))
    return shown.clamp(0, length - 1), away.float()


def _blurred(picture: Tensor, deviation: float) -> Tensor:
    """Blur by averages over squares, joined linearly."""
    size = [max(1, round(length / (1.5 * deviation))) for length in picture.shape[2:]]
    small = F.interpolate(picture, size, mode="area")
    return F.interpolate(small, picture.shape[2:], mode="bilinear", align_corners=False)
