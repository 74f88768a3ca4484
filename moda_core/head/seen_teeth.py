"""Teeth that a picture shows between open lips, as textures of both rows.

Places are `across`, -1 and 1 at the corners of the mouth, and `depth`, 0 at the upper lip and 1 at
the lower one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.easing import smoothstep
from .dark_valley import best_path
from .teeth import TeethRow

TOOTH_OVER_LIP = (0.65, 0.9)  # brightness over that of the lip, from which a pixel is a tooth
END_BLUR, END_SOFTNESS = 0.06, 0.03  # of the line of the teeth's ends; of the width, of the height
TOUCHING = 0.97  # of the height, from which a tooth goes on behind the other lip
OUTERMOST = 0.8  # place of teeth in half widths of the mouth: beyond it are its corners
LEAST_HEIGHT = 0.03  # of teeth, in eye distances
LEAST_TOOTHED = 0.45  # of what is between a lip and the ends of teeth
BESIDE_TEETH = 0.75  # most of the height beside the teeth, where dark corners show
SHOWN_HEIGHT, SHOWN_SHARE = 0.35, 0.5  # least of the opening; of the columns around the middle
COLUMNS, ROWS = 61, 24  # of the search for the line between both rows of teeth
TONGUE_REDDER = (0.33, 0.02)  # than teeth: of how much redder lips are, and at least
LINE_DEPTH = 0.2  # of that line, over the brightness of the teeth
LOWER_DEPTH = 0.65  # mean depth from which a single row is the lower one
SEEN_SHADOW = 0.5  # of the lips on teeth that are in their shadow in the picture already
ARCH_SEEN = 0.25  # of the row, in eye distances: beyond are the mouth's dark corners, if any
SEEN_END = 0.15  # of ``1 - across**2`` next to the corners, where teeth of the picture fade out


@dataclass(frozen=True, eq=False)
class SeenTeeth:
    """Teeth of a picture.

    Parameters
    ----------
    picture : Tensor, shape (1, 3, h, w)
        RGB, 0 to 255. Columns run from corner to corner, rows from lip to lip.
    rows : Tensor, shape (2, 2, h, w)
        Of the upper and the lower row: where it shows, and in which columns it is known, in [0, 1].
    color : Tensor, shape (3,)
        Of bright teeth, 0 to 255.
    """

    picture: Tensor
    rows: Tensor
    color: Tensor

    def end(self, upward: bool) -> float | None:
        """Return the depth at which the upper teeth end, or the lower ones (`upward`) begin.

        None if the picture does not show that row.
        """
        shown = self.rows[int(upward), 0]
        height, width = shown.shape
        middle = shown[:, width // 3 : width - width // 3] > 0.5
        depth = torch.arange(height)[:, None] / height
        ends = depth.where(middle, 2.0).amin(dim=0) if upward else (depth * middle).amax(dim=0)
        ends = ends[middle.any(dim=0)]
        if len(ends) < middle.shape[1] / 2:
            return None
        return float(ends.quantile(0.3) if upward else ends.quantile(0.7) + 1 / height)

    def reach(self, upward: bool) -> float:
        """Return the place of the outermost tooth of a row."""
        known = self.rows[int(upward), 1, 0] > 0.5
        return float((_columns(len(known)).abs() * known).max())


def find_teeth(picture: Tensor, gap: float, lip: Tensor, skin: Tensor) -> SeenTeeth | None:
    """Find teeth between open lips: bright, less red than lips and skin. None if there are few.

    Parameters
    ----------
    picture : Tensor, shape (3, h, w)
        What the lips enclose, 0 to 255, as in `SeenTeeth`.
    gap : float
        Opening of the lips in the middle, in eye distances.
    lip, skin : Tensor, shape (3,)
        Colours of both.
    """
    redness, light = _redness(picture), picture.mean(dim=0)
    most = float(_redness(lip) + _redness(skin)) / 2 + 0.01
    bright = smoothstep(*TOOTH_OVER_LIP, light / lip.mean().clamp(min=1))
    toothed = bright * smoothstep(most + 0.02, most - 0.01, redness)
    height, width = toothed.shape
    middle = toothed[:, width // 5 : width - width // 5].sum(dim=0) / height
    least = min(SHOWN_HEIGHT, 0.05 / gap)
    if float((middle > least).float().mean()) < SHOWN_SHARE:
        return None
    color = _bright_color(picture, toothed)
    limit = float(_redness(color) + torch.minimum(_redness(lip), _redness(skin))) / 2
    toothed = bright * smoothstep(limit + 0.03, limit, redness)
    line = _dividing_line(toothed * (light / color.mean()).clamp(max=1))
    depth = (torch.arange(height) + 0.5)[:, None] / height
    least = LEAST_HEIGHT / gap
    upper = _shown(toothed * (depth < line), depth, least)
    lower = _shown((toothed * (depth > line)).flip(0), depth, least).flip(1)
    rows = _without_tongue(torch.stack([upper, lower]), picture, toothed, lip)
    if not bool(rows.any()):
        return None
    color = _bright_color(picture, toothed * rows[:, 0].amax(dim=0))
    return SeenTeeth(picture[None], rows, color)


def _bright_color(picture: Tensor, share: Tensor) -> Tensor:
    """Return the colour (3,) of a share (h, w) of a picture (3, h, w), mostly of bright pixels."""
    weight = share * picture.mean(dim=0) ** 4
    return (picture * weight).sum(dim=(1, 2)) / weight.sum().clamp(min=1)


def _without_tongue(rows: Tensor, picture: Tensor, toothed: Tensor, lip: Tensor) -> Tensor:
    """Return rows (2, 2, h, w) without one that is far redder than the other: it is a tongue."""
    if not bool(rows.flatten(1).any(dim=1).all()):
        return rows
    redness = torch.stack([_redness(_bright_color(picture, toothed * row[0])) for row in rows])
    share, least = TONGUE_REDDER
    palest = redness.min().clamp(min=0)  # no teeth are greener than grey
    limit = palest + (share * (_redness(lip) - palest)).clamp(min=least)
    return rows * (redness < limit).view(2, 1, 1, 1)


def _columns(width: int) -> Tensor:
    """Return the places (w,) of columns, -1 and 1 at the corners."""
    return (torch.arange(width) + 0.5) * (2 / width) - 1


def _shown(toothed: Tensor, depth: Tensor, least: float) -> Tensor:
    """Return where a row of teeth shows that stands at depth 0, and in which columns, (2, h, w).

    That includes gum and, if teeth fill the mouth, its dark corners. Nothing if teeth are less
    high than `least`.
    """
    width = toothed.shape[1]
    teeth = (toothed > 0.5) & (_columns(width).abs() < OUTERMOST)
    begun = teeth.cummax(dim=0).values
    teeth = teeth & ~(begun & ~teeth).cummax(dim=0).values  # the first ones of each column
    end = (teeth * depth).amax(dim=0)
    known = (end > 0).to(end)
    height = teeth.sum() / (known.sum() * len(toothed) + 1e-6)
    if float(height) < least or float(height * known.sum()) < LEAST_TOOTHED * float(end.sum()):
        return torch.zeros(2, *toothed.shape)
    end = torch.minimum(end, 1.5 * end[known > 0].median())
    end = torch.where(end > TOUCHING, 1.1, end)
    whole = float(end.sum() / known.sum() > TOUCHING)
    near, far, all_over = (
        _blur(torch.stack([end * known, known]), int(times * END_BLUR * width))
        for times in (1, 8, 64)
    )
    beside = (far[0] + 1e-3 * all_over[0]) / (far[1] + 1e-3 * all_over[1])
    ends = near[0] + (1 - near[1]) * beside.clamp(max=whole * BESIDE_TEETH)
    columns = smoothstep(0.2, 0.8, near[1]).clamp(min=whole).expand_as(toothed)
    return torch.stack([smoothstep(END_SOFTNESS, -END_SOFTNESS, depth - ends), columns])


def _blur(values: Tensor, reach: int) -> Tensor:
    """Average values (c, w) over `reach` columns to both sides."""
    return F.avg_pool1d(values[:, None], 2 * reach + 1, 1, reach)[:, 0]


def _redness(color: Tensor) -> Tensor:
    """Return the share of red over green in colours (3, ...)."""
    return (color[0] - color[1]) / (color.sum(dim=0) + 1)


def _dividing_line(light: Tensor) -> Tensor:
    """Return the depth of the dark line between both rows at each column of (h, w), (w,).

    2 if all teeth are upper ones, -1 if all are lower ones. `light` is the brightness of teeth over
    that of bright ones.
    """
    small = F.interpolate(light[None, None], (ROWS, COLUMNS), mode="area")[0, 0]
    small = F.avg_pool2d(small[None], (1, 5), 1, (0, 2), count_include_pad=False)[0]
    above = small.cummax(dim=0).values
    below = small.flip(0).cummax(dim=0).values.flip(0)
    valley = (torch.minimum(above, below) - small).numpy()
    path = best_path(valley)
    middle = slice(COLUMNS // 4, COLUMNS - COLUMNS // 4)
    if valley[path, np.arange(COLUMNS)][middle].mean() < LINE_DEPTH:
        depth = (small * torch.linspace(0, 1, ROWS)[:, None]).sum() / small.sum()
        return torch.full((light.shape[1],), 2.0 if depth < LOWER_DEPTH else -1.0)
    depths = torch.from_numpy((path + 0.5) / ROWS).to(light)
    return F.interpolate(depths[None, None], light.shape[1], mode="linear")[0, 0]


def with_seen(
    row: TeethRow,
    seen: SeenTeeth,
    edges: Callable[[Tensor], tuple[Tensor, Tensor]],
    half_width: float,
    shift: float,
) -> TeethRow:
    """Place a row where a picture shows its own teeth, and show these; the same row if it doesn't.

    Parameters
    ----------
    edges : callable
        Returns, for places across the mouth in half widths, where depth 0 is below the line of the
        corners, and the distance of depth 1 from it.
    half_width : float
        Of the mouth, in eye distances, as all lengths.
    shift : float
        Of what ``row.tips`` counts from, below the line of the corners of the picture's mouth.
    """
    end = seen.end(row.upward)
    if end is None:
        return row
    upper, gap = (float(each) for each in edges(torch.zeros(())))
    tip = upper + gap * end - shift
    longer = not row.upward and end > TOUCHING and tip < row.tips[0]
    tip = row.tips[0] if longer else tip
    x, y = row.places()
    upper, gap = edges(x / half_width)
    depth = (tip + shift + y - upper) / gap.clamp(min=1e-3)
    across = (x / half_width).expand_as(depth)
    continues = seen.reach(row.upward) * half_width < ARCH_SEEN
    picture = _overlay(row, seen, across, depth, continues, longer)
    return replace(row, picture=picture, tips=(tip, tip), shadow=SEEN_SHADOW)


def _overlay(
    row: TeethRow, seen: SeenTeeth, across: Tensor, depth: Tensor, continues: bool, longer: bool
) -> Tensor:
    """Return a row's picture with the teeth that are seen.

    `across`, `depth` (h, w) are the places of its pixels. The row's own teeth stand beside seen
    ones if it `continues`, and their ends behind the other lip are shown if they are `longer`.
    """
    grid = torch.stack([across, 2 * depth - 1], dim=-1)[None].to(seen.picture)
    planes = torch.cat([seen.picture, seen.rows[None, int(row.upward)]], dim=1)
    own = F.grid_sample(planes, grid, padding_mode="border", align_corners=False)
    color, cover, known = own.to(row.picture).split((3, 1, 1), dim=1)
    beyond = (-depth if row.upward else depth - 1).to(own)
    ends = smoothstep(0.5, 1.0, cover) * row.picture[:, 3:] * longer
    cover = torch.lerp(cover, ends, smoothstep(0.0, 0.1 if longer else 0.03, beyond).to(cover))
    inside = smoothstep(0.0, SEEN_END, 1 - across**2).to(cover)
    share = known * inside if continues else torch.ones_like(known)
    return torch.lerp(row.picture, torch.cat([color, cover * inside], dim=1), share)
