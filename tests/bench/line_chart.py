"""A chart of lines over a logarithmic axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = (900, 520)
LEFT, TOP, RIGHT, BOTTOM = 70, 50, 260, 60
BACKGROUND, GRID, TEXT = (255, 255, 255), (225, 225, 228), (60, 60, 66)
COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14))
FONT_SIZE = 14
DOT = 3  # pixels


@dataclass(frozen=True)
class Line:
    """Values from 0 to 1, one for each place on the axis."""

    name: str
    values: Sequence[float]


def draw_chart(title: str, label: str, places: Sequence[float], lines: Sequence[Line]):
    """Return a picture of lines.

    Parameters
    ----------
    label : str
        Of the horizontal axis.
    places : sequence of float
        Over 0, rising.
    """
    picture = Image.new("RGB", SIZE, BACKGROUND)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_SIZE)
    right, bottom = SIZE[0] - RIGHT, SIZE[1] - BOTTOM
    across = np.interp(np.log(places), np.log([places[0], places[-1]]), [LEFT, right])
    for share in np.linspace(0, 1, 6):
        y = bottom + share * (TOP - bottom)
        draw.line([(LEFT, y), (right, y)], GRID)
        draw.text((LEFT - 10, y), f"{share:.0%}", TEXT, font, anchor="rm")
    for x, place in zip(across, places, strict=True):
        draw.line([(x, TOP), (x, bottom)], GRID)
        draw.text((x, bottom + 10), f"{place:g}", TEXT, font, anchor="mt")
    draw.text(((LEFT + right) / 2, bottom + 32), label, TEXT, font, anchor="mt")
    draw.text((LEFT, 20), title, TEXT, font)
    for index, line in enumerate(lines):
        colour = COLOURS[index % len(COLOURS)]
        points = [
            (x, bottom + value * (TOP - bottom))
            for x, value in zip(across, line.values, strict=True)
        ]
        draw.line(points, colour, 2)
        for x, y in points:
            draw.ellipse([x - DOT, y - DOT, x + DOT, y + DOT], colour)
        y = TOP + 24 * index
        draw.line([(right + 16, y + 8), (right + 36, y + 8)], colour, 3)
        draw.text((right + 44, y), line.name, TEXT, font)
    return picture
