"""A picture continued beyond its border, for what a moving head uncovers there.

What lies next to the border is mirrored, but not further than a short depth, so that no second
head appears, and blurred the more, the further it is from the picture: a border that is repeated
would show streaks.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..head.field_cells import Part, interpolated

DEPTH = 0.06  # that is mirrored at most, as a share of the continuation's width
BLUR = 0.7  # deviation of the blur over the distance from the picture
SHARP_DEVIATION = 3  # pixels of the least blur, at the resolution at which it is computed
SAMPLES = 2  # in each direction, at least, of which one pixel of that resolution is the mean
LEVELS = 4  # of the blur, each twice as wide as the one before
BAND_PIXELS = 42_000  # that are written at once, so that they stay in a CPU's cache


def continued(
    picture: Tensor, sides: tuple[int, int, int, int], dtype: torch.dtype | None = None
) -> Tensor:
    """Return a picture (1, 3, h, w) with a continuation on its sides.

    `sides` are pixels on the left, top, right and bottom; where they are 0 nothing is added. The
    result is contiguous, of type `dtype`, by default that of the picture.
    """
    dtype = dtype or picture.dtype
    if not any(sides):
        return picture.to(dtype, memory_format=torch.contiguous_format)
    left, top, right, bottom = sides
    lines = _mirrored(picture.shape[2], top, bottom), _mirrored(picture.shape[3], left, right)
    (rows, below), (columns, beside) = (
        (shown.to(picture.device), away.to(picture.device, dtype)) for shown, away in lines
    )
    tall, wide = len(rows), len(columns)
    high, all_rows, all_columns = slice(top, tall - bottom), slice(0, tall), slice(0, wide)
    result = _new_planes((1, 3, tall, wide), dtype, picture.device)
    result[:, :, high, left : wide - right] = picture
    strips = []  # the parts beside the picture, each with what around it is blurred into it
    for part, around in _ends(left, right, wide):
        result[:, :, high, part] = picture.index_select(3, columns[part])
        strips.append(((high, part), (all_rows, around)))
    for part, around in _ends(top, bottom, tall):
        result[:, :, part] = result[:, :, high].index_select(2, rows[part])
        strips.append(((part, all_columns), (around, all_columns)))
    blurs = [
        _blurred_by(result[(..., *around)], below[around[0]], beside[around[1]], BLUR * max(sides))
        for _, around in strips
    ]
    for (strip, around), blurred in zip(strips, blurs, strict=True):
        blurred = _enlarged(blurred, 3, around, strip)
        for part in _bands(strip):
            away = torch.maximum(below[part[0]][:, None], beside[part[1]])
            share = (2 * 2**LEVELS / max(sides) * away - 1).clamp_(0, 1)
            result[(..., *part)].lerp_(_enlarged(blurred, 2, around, part), share)
    return result


def _new_planes(size: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return an uninitialised tensor, in large pages of memory, which NumPy asks for on a CPU."""
    if device.type != "cpu":
        return torch.empty(size, dtype=dtype, device=device)
    return torch.from_numpy(np.empty(size, str(dtype).removeprefix("torch.")))


def _ends(before: int, after: int, length: int) -> list[tuple[slice, slice]]:
    """Return both ends of a line, if any, and each with as much beside it."""
    ends = (
        (slice(0, before), slice(0, min(2 * before, length))),
        (slice(length - after, length), slice(max(0, length - 2 * after), length)),
    )
    return [end for end, pixels in zip(ends, (before, after), strict=True) if pixels]


def _bands(part: Part) -> Iterator[Part]:
    rows, columns = part
    step = max(1, BAND_PIXELS // (columns.stop - columns.start))
    for start in range(rows.start, rows.stop, step):
        yield slice(start, min(start + step, rows.stop)), columns


def _blurred_by(picture: Tensor, below: Tensor, beside: Tensor, largest: float) -> Tensor:
    """Blur a picture (1, 3, h, w) by `BLUR` times the distances from it of rows and columns.

    What is blurred is returned at a lower resolution, where it loses nothing.
    """
    start = largest / 2**LEVELS
    shrink = start / SHARP_DEVIATION if start >= 2 * SHARP_DEVIATION else 1.0
    size = [max(1, round(length / shrink)) for length in picture.shape[2:]]
    thin = slice(None, None, max(1, int(shrink / SAMPLES)))
    picture = F.interpolate(picture[..., thin, thin], size, mode="area")
    rows, columns = (
        F.interpolate(away[None, None], count, mode="area")[0, 0]
        for away, count in zip((below, beside), size, strict=True)
    )
    deviation = BLUR * torch.maximum(rows[:, None], columns)
    result = picture
    for level in range(LEVELS):
        level_start = start * 2**level
        share = (deviation / level_start - 1).clamp(0, 1)
        result = torch.lerp(result, _blurred(picture, 2 * level_start / shrink), share)
    return result


def _enlarged(picture: Tensor, dim: int, around: Part, part: Part) -> Tensor:
    """Enlarge a reduced picture of one part to another along a dimension."""
    whole, wanted = around[dim - 2], part[dim - 2]
    pixels = torch.arange(wanted.start, wanted.stop, device=picture.device) - whole.start
    places = (2 * pixels + 1).to(picture) / (whole.stop - whole.start) - 1
    return interpolated(picture, dim, places)


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
