"""A coarse field over a picture: the pixels that its cells cover, and its values at them."""

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


def _covered(cells: Tensor, band: slice, size: tuple[int, int], sides: Sides) -> Part | None:
    """Return the pixels that chosen cells of a band of rows cover; None if they cover none."""
    used = []
    for axis, (before, after) in enumerate(zip(sides[1::-1], sides[:1:-1], strict=True)):
        chosen = cells[band].any(dim=1 - axis).nonzero()[:, 0].tolist()
        if not chosen:
            return None
        first = 0 if axis else band.start
        edges = (first + edge for edge in (chosen[0], chosen[-1] + 1))
        start, stop = (edge * size[axis] // cells.shape[axis] - before for edge in edges)
        used.append(slice(max(0, start), min(size[axis] - before - after, stop)))
    return tuple(used) if all(along.start < along.stop for along in used) else None


def interpolated(field: Tensor, dim: int, places: Tensor) -> Tensor:
    """Interpolate a field (n, c, h, w) linearly along a dimension; beyond its ends it is constant.

    `places` (m,) are those of `grid_sample`: -1 and 1 are the outer edges of the cells.
    """
    length = field.shape[dim]
    at = ((places + 1) * (length / 2) - 0.5).clamp(0, length - 1)
    before = at.long().clamp(max=length - 2)
    share = (at - before).view(-1, *[1] * (field.ndim - 1 - dim))
    ends = (field.index_select(dim, index) for index in (before, before + 1))
    return torch.lerp(*ends, share)
