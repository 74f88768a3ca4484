"""Draw panels with curves, stacked over a common time axis."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .curves import Area, draw_curve
from .ticks import time_label, time_ticks, time_unit, value_ticks

BACKGROUND, PANEL = (30, 30, 34), (37, 37, 42)
GRID, ZERO = (53, 53, 60), (92, 92, 102)
TITLE, TEXT = (226, 226, 232), (158, 158, 170)

OVERSAMPLING = 3  # of the lines; text is drawn at the final size
SMALLEST_FONT, LARGEST_FONT = 10, 24  # pixels
FONT_SHARE = 1 / 46  # of the height
MARGIN = 0.05  # of the values' span, beyond the minimum range
IGNORED = 0.01  # of that span
SMALLEST_SIDE = 64


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity over time, with finite values, one per frame.

    The `hint` is added to the name if there is room. The style is "line", "filled", or "wide",
    which still shows under another curve.
    """

    name: str
    values: np.ndarray
    colour: tuple[int, int, int]
    hint: str = ""
    style: str = "line"


@dataclass(frozen=True, eq=False)
class Panel:
    """Curves that share an axis of values, later ones on top.

    The axis shows at least `low` to `high`; `weight` is the height relative to other panels.
    """

    title: str
    unit: str
    curves: list[Curve]
    low: float
    high: float
    weight: float = 1.0


def draw_panels(
    panels: list[Panel], fps: float, num_frames: int, size: tuple[int, int]
) -> Image.Image:
    """Draw panels from top to bottom on a dark background, `size` (width, height) in pixels.

    The time axis has `num_frames` frames; curves may have fewer. Raises ValueError if there are no
    frames or a side is under 64 pixels.
    """
    if min(size) < SMALLEST_SIDE or num_frames < 1:
        raise ValueError(
            f"Expected a picture of at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels and at least "
            f"1 frame, got {size[0]} x {size[1]} and {num_frames}."
        )
    font_size = min(max(round(size[1] * FONT_SHARE), SMALLEST_FONT), LARGEST_FONT)
    areas = _layout(panels, size, font_size)
    width = areas[0].right - areas[0].left
    duration_s = num_frames / fps
    times = time_ticks(duration_s, max(int(width / (5 * font_size)), 1))
    ranges = [_range(panel) for panel in panels]
    ticks = [
        value_ticks(low, high, max(int(area.height / (1.6 * font_size)), 2))
        for area, (low, high) in zip(areas, ranges, strict=True)
    ]
    sheet = Image.new("RGB", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), BACKGROUND)
    draw = ImageDraw.Draw(sheet, "RGBA")
    line_width = OVERSAMPLING * max(font_size / 9, 1.2)
    for panel, area, values, marks in zip(panels, areas, ranges, ticks, strict=True):
        inside = area.scaled(OVERSAMPLING, (0, duration_s), values)
        _draw_grid(draw, inside, times, marks)
        for curve in panel.curves:
            draw_curve(draw, inside, curve.values, fps, curve.colour, curve.style, line_width)
    picture = sheet.reduce(OVERSAMPLING)
    draw, font = ImageDraw.Draw(picture), plot_font(font_size)
    for panel, area, values, marks in zip(panels, areas, ranges, ticks, strict=True):
        placed = area.scaled(1, (0, duration_s), values)
        _write_values(draw, placed, marks, font)
        _write_header(draw, placed, panel, font)
    _write_times(draw, placed, times, font)
    return picture


@lru_cache(maxsize=8)
def plot_font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font of plots, `size` pixels high."""
    return ImageFont.load_default(size)


def _layout(panels: list[Panel], size: tuple[int, int], font_size: int) -> list[Area]:
    """Divide the height among the panels, each below a line of text."""
    width, height = size
    left, right = round(3.4 * font_size), width - round(1.3 * font_size)
    header, gap, bottom = 1.75 * font_size, 0.45 * font_size, 3.1 * font_size
    free = height - bottom - gap - len(panels) * (header + gap)
    unit = max(free, len(panels)) / sum(panel.weight for panel in panels)
    areas, top = [], gap
    for panel in panels:
        top += header
        areas.append(Area(left, round(top), right, round(top + unit * panel.weight)))
        top += unit * panel.weight + gap
    return areas


def _range(panel: Panel) -> tuple[float, float]:
    """Return the ends of a panel's axis, with a margin beyond values outside the minimum range."""
    low, high = panel.low, panel.high
    for curve in panel.curves:
        low = min(low, float(curve.values.min(initial=low)))
        high = max(high, float(curve.values.max(initial=high)))
    span = high - low
    # An excess by a rounding error changes nothing.
    below, above = panel.low - low > IGNORED * span, high - panel.high > IGNORED * span
    return (
        low - MARGIN * span if below else panel.low,
        high + MARGIN * span if above else panel.high,
    )


def _draw_grid(
    draw: ImageDraw.ImageDraw, area: Area, times: list[float], ticks: list[float]
) -> None:
    thick = OVERSAMPLING - 1
    draw.rectangle((area.left, area.top, area.right - 1, area.bottom - 1), PANEL)
    for time_s in times:
        x = round(area.x(time_s) / OVERSAMPLING) * OVERSAMPLING
        x = min(x, area.right - OVERSAMPLING)
        draw.rectangle((x, area.top, x + thick, area.bottom - 1), GRID)
    for tick in ticks:
        y = round(area.y(tick) / OVERSAMPLING) * OVERSAMPLING
        y = min(y, area.bottom - OVERSAMPLING)
        draw.rectangle((area.left, y, area.right - 1, y + thick), GRID if tick else ZERO)


def _write_values(
    draw: ImageDraw.ImageDraw, area: Area, ticks: list[float], font: ImageFont.FreeTypeFont
) -> None:
    for tick in ticks:
        place = (area.left - 0.5 * font.size, area.y(tick))
        draw.text(place, f"{round(tick, 6):g}", TEXT, font, "rm")


def _write_header(
    draw: ImageDraw.ImageDraw, area: Area, panel: Panel, font: ImageFont.FreeTypeFont
) -> None:
    """Write the title and its unit above a panel, and the legend at the right."""
    y, space = area.top - 0.6 * font.size, font.size
    draw.text((area.left, y), panel.title, TITLE, font, "ls")
    title_end = area.left + font.getlength(panel.title) + 0.6 * space
    hints = [f"{curve.name} {curve.hint}".strip() for curve in panel.curves]
    names = [curve.name for curve in panel.curves]
    unit_end = title_end + font.getlength(panel.unit) + space
    room = area.right - unit_end
    labels = hints if _legend_width(hints, font) <= room else names
    if _legend_width(labels, font) <= room:
        draw.text((title_end, y), panel.unit, TEXT, font, "ls")
    x = area.right - _legend_width(labels, font)
    for curve, label in zip(panel.curves, labels, strict=True):
        half = {"line": 0.1, "wide": 0.16, "filled": 0.3}[curve.style] * font.size
        middle = y - 0.32 * font.size
        draw.rounded_rectangle(
            (x, middle - half, x + 1.3 * space, middle + half), 0.1 * font.size, curve.colour
        )
        x += 1.7 * space
        draw.text((x, y), label, TEXT, font, "ls")
        x += font.getlength(label) + space


def _legend_width(labels: list[str], font: ImageFont.FreeTypeFont) -> float:
    return math.fsum(font.getlength(label) + 2.7 * font.size for label in labels) - font.size


def _write_times(
    draw: ImageDraw.ImageDraw, area: Area, times: list[float], font: ImageFont.FreeTypeFont
) -> None:
    duration_s = area.time_range[1]
    y = area.bottom + 0.4 * font.size
    for time_s in times:
        label = time_label(time_s, duration_s)
        half = font.getlength(label) / 2
        x = min(area.x(time_s), area.right + 1.2 * font.size - half)
        draw.text((x, y), label, TEXT, font, "ma")
    middle = (area.left + area.right) / 2
    draw.text((middle, y + 1.25 * font.size), time_unit(duration_s), TEXT, font, "ma")
