"""A coarse field over a picture: the pixels that its cells cover, and its values at them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

Part = tuple[slice, slice]  # rows and columns
Sides = tuple[int, int, int, int]


def covered_bands(
    cells: Tensor, size: tuple[int, int], sides: Sides, num_pixels: int
) -> list[Part]:
    """Return bands of a picture that together hold the pixels that chosen cells cover.

    Parameters
    ----------
    cells : Tensor, shape (h, w), bool
    size : (height, width)
        Of what the cells lie over, in pixels.
    sides : (left, top, right, bottom)
        Pixels by which that reaches beyond the picture.
    num_pixels : int
        At most in a band, but for bands of one row of cells.

    Returns
    -------
    list of (slice, slice)
        Rows and columns of the picture, no more than needed for the cells of the band.
    """
    cells = cells.cpu().numpy()
    whole = _covered(cells, slice(0, len(cells)), size, sides)
    if whole is None:
        return []
    height = max(1, num_pixels // (whole[1].stop - whole[1].start))
    if height >= whole[0].stop - whole[0].start:
        return [whole]
    step = max(1, height * len(cells) // size[0])
    bands = (slice(start, start + step) for start in range(0, len(cells), step))
    parts = (_covered(cells, band, size, sides) for band in bands)
    return [part for part in parts if part]


def _covered(cells: np.ndarray, band: slice, size: tuple[int, int], sides: Sides) -> Part | None:
    """Return the pixels that chosen cells of a band of rows cover; None if they cover none."""
    used = []
    for axis, (before, after) in enumerate(zip(sides[1::-1], sides[:1:-1], strict=True)):
        chosen = cells[band].any(axis=1 - axis).nonzero()[0]
        if not len(chosen):
            return None
        first = 0 if axis else band.start
        edges = (first + int(edge) for edge in (chosen[0], chosen[-1] + 1))
        start, stop = (edge * size[axis] // cells.shape[axis] - before for edge in edges)
        used.append(slice(max(0, start), min(size[axis] - before - after, stop)))
    return tuple(used) if all(along.start < along.stop for along in used) else None


def joined(bands: Sequence[list[Part]], num_pixels: int) -> Iterator[tuple[int, list[Part], Part]]:
    """Join the bands of successive frames that fit into a number of pixels together.

    Yields the index of the first of some frames, the band of each of them, and the part that holds
    these bands. A frame that has several is alone with each of them.
    """
    first = 0
    while first < len(bands):
        stop = first + 1
        if len(bands[first]) != 1:
            yield from ((first, [part], part) for part in bands[first])
        else:
            whole = bands[first][0]
            while stop < len(bands) and len(bands[stop]) == 1:
                wider = tuple(map(_span, whole, bands[stop][0]))
                height, width = (along.stop - along.start for along in wider)
                if (stop + 1 - first) * height * width > num_pixels:
                    break
                whole, stop = wider, stop + 1
            yield first, [part for (part,) in bands[first:stop]], whole
        first = stop


def within(part: Part, whole: Part) -> Part:
    """Return a part relative to the corner of one that holds it."""
    return tuple(
        slice(along.start - outer.start, along.stop - outer.start)
        for along, outer in zip(part, whole, strict=True)
    )


def _span(one: slice, other: slice) -> slice:
    return slice(min(one.start, other.start), max(one.stop, other.stop))


def interpolated(field: Tensor, dim: int, places: Tensor) -> Tensor:
    """Interpolate a field (n, c, h, w) linearly along a dimension; beyond its ends it is constant.

    `places` (m,) are those of `grid_sample`: -1 and 1 are the outer edges of the cells.
    """
    return between(field, dim, neighbours(places, field.shape[dim]))


def neighbours(places: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Return the cell before each place, (m,), of `length` cells, and the share of the next one."""
    at = ((places + 1) * (length / 2) - 0.5).clamp(0, length - 1)
    before = at.long().clamp(max=length - 2)
    return before, at - before


def between(field: Tensor, dim: int, cells: tuple[Tensor, Tensor]) -> Tensor:
    """Interpolate a field (n, c, h, w) along a dimension, at its `neighbours`."""
    if dim == 3:  # whole rows are copied faster
        return between(field.mT.contiguous(), 2, cells).mT.contiguous()
    before, share = cells
    ends = (field.index_select(dim, index) for index in (before, before + 1))
    return torch.lerp(*ends, share[:, None])
