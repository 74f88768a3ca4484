"""Draw a list of figures as bars."""

from dataclasses import dataclass

from PIL import Image, ImageDraw

from .panels import BACKGROUND, GRID, OVERSAMPLING, TEXT, TITLE, plot_font

ROW = 1.75  # height of a row, in sizes of the font
NAME_SHARE, VALUE_SHARE = 0.2, 0.34  # of the width


@dataclass(frozen=True)
class Bar:
    """A row: a name, a bar, and a text at its right.

    Parameters
    ----------
    name, text : str
    share : float in [0, 1] or None
        Length of the bar; None leaves the row without one.
    colour : tuple of int
        RGB.
    """

    name: str
    text: str
    share: float | None
    colour: tuple[int, int, int]


def draw_bars(title: str, bars: list[Bar], width: int, font_size: int) -> Image.Image:
    """Draw rows under a title; they are as high as their text needs."""
    row = round(ROW * font_size)
    size = width, row * len(bars) + round(2.6 * font_size)
    left, right = round((0.02 + NAME_SHARE) * width), round((1 - VALUE_SHARE) * width)
    tops = [size[1] - row * (len(bars) - index) for index in range(len(bars))]
    sheet = Image.new("RGB", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for bar, top in zip(bars, tops, strict=True):
        if bar.share is not None:
            end = left + bar.share * (right - left)
            _draw_bar(draw, (left, top, right, top + row), GRID, font_size)
            _draw_bar(draw, (left, top, end, top + row), bar.colour, font_size)
    picture = sheet.reduce(OVERSAMPLING)
    draw, font = ImageDraw.Draw(picture), plot_font(font_size)
    margin = round(0.02 * width)
    draw.text((margin, 0.6 * font_size), title, TITLE, plot_font(round(1.3 * font_size)), "la")
    for bar, top in zip(bars, tops, strict=True):
        middle = top + row / 2
        draw.text((margin, middle), bar.name, TITLE, font, "lm")
        draw.text((right + font_size, middle), bar.text, TEXT, font, "lm")
    return picture


def _draw_bar(draw: ImageDraw.ImageDraw, box: tuple, colour: tuple, font_size: int) -> None:
    """Draw a bar in the middle of a row, whose box is in pixels of the final picture."""
    left, top, right, bottom = (side * OVERSAMPLING for side in box)
    half, middle = 0.3 * font_size * OVERSAMPLING, (top + bottom) / 2
    draw.rounded_rectangle((left, middle - half, max(right, left + 2), middle + half), half, colour)
