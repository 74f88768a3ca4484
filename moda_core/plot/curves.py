"""Draw curves over time inside an area of a picture, whatever their length."""

from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

DENSE = 2.0  # values per column of the final picture; above it, a curve is drawn as a band
BAND_OPACITY = 95  # of 255
WIDE = 2.2  # widths of a line


@dataclass(frozen=True)
class Area:
    """A rectangle of a picture, in pixels, and the ranges of time and value that it shows.

    Right and bottom are exclusive; `scale` is pixels per pixel of the final picture.
    """

    left: int
    top: int
    right: int
    bottom: int
    time_range: tuple[float, float] = (0.0, 1.0)
    value_range: tuple[float, float] = (0.0, 1.0)
    scale: int = 1

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    def scaled(
        self, scale: int, time_range: tuple[float, float], value_range: tuple[float, float]
    ) -> "Area":
        """Return the same place in a picture of `scale` times the size, with other ranges."""
        corners = (side * scale for side in (self.left, self.top, self.right, self.bottom))
        return Area(*corners, time_range, value_range, scale)

    def x(self, time_s):
        """Return the column of a time or of an array of times."""
        low, high = self.time_range
        return self.left + (time_s - low) / (high - low) * (self.right - self.left)

    def y(self, value):
        """Return the row of a value or of an array of values."""
        low, high = self.value_range
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)


def draw_curve(
    draw: ImageDraw.ImageDraw,
    area: Area,
    values: np.ndarray,
    fps: float,
    colour: tuple[int, int, int],
    style: str,
    width: float,
) -> None:
    """Draw a curve; where several values share a column, draw their range and their mean.

    Value i is at the time ``i / fps``, and the last one lasts as long; all are inside the ranges of
    `area`. `draw` is in mode RGBA, of a picture in RGB; "filled" is filled down to the value 0;
    `width` is that of a line, in pixels.
    """
    num_values = len(values)
    if num_values == 0:
        return
    span = area.x(num_values / fps) - area.left
    columns = max(int(span / area.scale), 1)
    if num_values <= DENSE * columns:
        times, means = np.arange(num_values + 1) / fps, np.append(values, values[-1])
    else:
        bounds = np.arange(columns + 1) * num_values // columns
        times = (bounds[:-1] + bounds[1:] - 1) / (2 * fps)
        low, high = (reduce.reduceat(values, bounds[:-1]) for reduce in (np.minimum, np.maximum))
        means = np.add.reduceat(values, bounds[:-1]) / np.diff(bounds)
        if style != "filled":
            # Upright edges, so that a peak of one column is as wide at its top.
            edges = np.repeat(bounds, 2)[1:-1] / fps
            band = _outline(area, edges, np.repeat(low, 2), np.repeat(high, 2))
            draw.polygon(band, (*colour, BAND_OPACITY))
    if style == "filled":
        draw.polygon(_outline(area, times, means * 0, means), colour)
        return
    points = np.stack([area.x(times), area.y(means)], axis=1).ravel().tolist()
    draw.line(points, colour, round(width * (WIDE if style == "wide" else 1)), joint="curve")


def _outline(area: Area, times: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[float]:
    x = area.x(np.concatenate([times, times[::-1]]))
    y = area.y(np.concatenate([high, low[::-1]]))
    return np.stack([x, y], axis=1).ravel().tolist()
