"""Corners, seam and inner edges of the lips, measured in a crop of the lower face.

Coordinates are in the face frame (eye distances, y towards the chin). Lips are separated from skin
by darkness of the seam, redness, horizontal edges and distance from the skin's colour, with priors
from many portraits.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

CROP_CENTER_Y = 1.05
CROP_EXTENT = 2.0  # side of the crop in eye distances
CROP_SIDE = 250  # in pixels
UNIT = CROP_SIDE / CROP_EXTENT  # pixels for an eye distance

# Corners: median half width of a mouth, spread of it and of the middle, weight of this prior.
HALF_WIDTH, HALF_WIDTH_SPREAD, MIDDLE_SPREAD, CORNER_PRIOR = 0.39, 0.09, 0.06, 0.1
CORNER_REACH, LEAST_WIDTH = 0.8, 0.3

# Seam: height + tilt * u + bend * u**2 for u from -1 at the left corner to 1 at the right one.
SEAM_HEIGHTS = np.arange(-0.2, 0.2001, 0.01)
SEAM_TILTS = np.arange(-0.08, 0.0801, 0.02)
SEAM_BENDS = np.arange(-0.12, 0.0801, 0.02)
HEIGHT_SPREAD, TILT_SPREAD, BEND_SPREAD = 0.1, 0.08, 0.1

# Teeth: less colourful than skin and lips, not dark, in most of the columns of the middle.
TOOTH_SKIN_CHROMA, TOOTH_LIP_CHROMA, TOOTH_LUMA, TOOTH_COLUMNS = 0.8, 0.65, 0.6, 0.6
LIP_CHROMA = 0.8  # of the lips' largest, where the lip begins
LEAST_SKIN_CHROMA = 7.0  # below it the picture has too little colour to detect teeth
ROWS = np.arange(-0.2, 0.46, 0.01)  # searched, relative to the seam


@dataclass(frozen=True)
class Lips:
    """Lips in the face frame.

    Parameters
    ----------
    left, right : array, shape (2,)
        Corners.
    upper, lower : array, shape (2,)
        Inner edges in the middle; equal if no teeth are visible.
    contrast : float
        How clearly the mouth's columns differ from those next to it, from 0.
    """

    left: np.ndarray
    right: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    contrast: float


def measure_lips(crop: np.ndarray, center: np.ndarray) -> Lips:
    """Measure the lips around a rough centre (2,) of the mouth in the face frame.

    `crop` is RGB (CROP_SIDE, CROP_SIDE, 3), uint8, upright, `CROP_EXTENT` wide, around
    (0, `CROP_CENTER_Y`).
    """
    lab = lab_from_rgb(crop)
    skin = _skin(lab)
    valley = _valley(lab[..., 0])
    first, last, contrast = _corners(_column_evidence(lab, skin, valley, center[1]), center[0])
    seam = _seam(valley, center[1], first, last)
    upper, lower = _inner_edges(lab, skin, seam, first, last)
    height, tilt, bend = seam
    middle = (first + last) / 2
    return Lips(
        np.array([first, height - tilt + bend]),
        np.array([last, height + tilt + bend]),
        np.array([middle, height + upper]),
        np.array([middle, height + lower]),
        contrast,
    )


def lab_from_rgb(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB (..., 3) uint8 to CIE L*a*b* under D65, float."""
    value = rgb.astype(np.float64) / 255
    linear = np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)
    to_xyz = [[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]
    xyz = linear @ np.array(to_xyz) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _pixel(value: float | np.ndarray) -> float | np.ndarray:
    """Return the pixel index of an x, or of a y relative to `CROP_CENTER_Y`."""
    return value * UNIT + CROP_SIDE / 2 - 0.5


def _rows(top: float, bottom: float) -> slice:
    """Return the crop's rows between two heights, at least one."""
    first = int(np.clip(round(_pixel(top - CROP_CENTER_Y)), 0, CROP_SIDE - 2))
    last = int(np.clip(round(_pixel(bottom - CROP_CENTER_Y)), first + 1, CROP_SIDE))
    return slice(first, last)


def _skin(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return median and spread (3,) of the colour of both cheeks and the chin."""
    cheeks = [lab[60:190, 40:70], lab[60:190, 180:210], lab[195:225, 95:155]]
    pixels = np.concatenate([part.reshape(-1, 3) for part in cheeks])
    median = np.median(pixels, axis=0)
    return median, np.median(np.abs(pixels - median), axis=0) + 1


def _valley(luma: np.ndarray) -> np.ndarray:
    """Return how much darker each pixel is than its surroundings above and below."""
    return np.clip(
        ndimage.gaussian_filter(luma, (10, 3)) - ndimage.gaussian_filter(luma, (2.5, 2)), 0, None
    )


def _column_evidence(
    lab: np.ndarray, skin: tuple[np.ndarray, np.ndarray], valley: np.ndarray, y: float
) -> np.ndarray:
    """Return the evidence for a mouth in each column of the crop, around the height `y`."""
    median, spread = skin
    red = ndimage.gaussian_filter(lab[..., 1], 2) - median[1]
    edges = np.abs(ndimage.gaussian_filter(lab[..., 0], 2, order=(1, 0)))
    strange = np.sqrt((((lab - median) / spread) ** 2).sum(axis=-1))
    strange = ndimage.gaussian_filter(np.minimum(strange, 12), 2)
    profiles = (
        valley[_rows(y - 0.09, y + 0.09)].max(axis=0),
        red[_rows(y - 0.06, y + 0.08)].mean(axis=0),
        edges[_rows(y - 0.15, y + 0.17)].mean(axis=0),
        strange[_rows(y - 0.08, y + 0.1)].mean(axis=0),
    )
    return sum((profile - profile.mean()) / (profile.std() + 1e-3) for profile in profiles)


def _corners(evidence: np.ndarray, x: float) -> tuple[float, float, float]:
    """Return both ends of the mouth and its contrast: the best split of the columns."""
    columns = (np.arange(CROP_SIDE) + 0.5 - CROP_SIDE / 2) / UNIT
    inside = np.abs(columns - x) < CORNER_REACH
    columns, evidence = columns[inside], evidence[inside]
    count = len(columns)
    total = np.append(0, np.cumsum(evidence))
    first, last = np.triu_indices(count, round(LEAST_WIDTH * UNIT))
    width = last - first
    contrast = (total[last] - total[first]) / width
    contrast -= (total[count] - total[last] + total[first]) / (count - width)
    # As in a two-sample test, so that a few columns do not win by chance.
    contrast *= 2 * np.sqrt(width * (count - width)) / count / (evidence.std() + 1e-6)
    half = width / 2 / UNIT
    middle = (columns[first] + columns[last]) / 2
    unusual = ((half - HALF_WIDTH) / HALF_WIDTH_SPREAD) ** 2 + ((middle - x) / MIDDLE_SPREAD) ** 2
    best = int(np.argmax(contrast - CORNER_PRIOR * unusual))
    return float(columns[first[best]]), float(columns[last[best]]), float(contrast[best])


def _seam(valley: np.ndarray, y: float, first: float, last: float) -> tuple[float, float, float]:
    """Return height, tilt and bend of the darkest plausible curve between the corners."""
    height, tilt, bend = np.meshgrid(SEAM_HEIGHTS, SEAM_TILTS, SEAM_BENDS, indexing="ij")
    along = np.linspace(-0.95, 0.95, 21)
    curve = height[..., None] + tilt[..., None] * along + bend[..., None] * along**2
    rows = _pixel(y - CROP_CENTER_Y + curve)
    columns = np.broadcast_to(_pixel((first + last) / 2 + along * (last - first) / 2), rows.shape)
    dark = ndimage.map_coordinates(valley, [rows, columns], order=1, mode="nearest").mean(axis=-1)
    unusual = 0.25 * (height / HEIGHT_SPREAD) ** 2
    unusual += 0.06 * ((tilt / TILT_SPREAD) ** 2 + (bend / BEND_SPREAD) ** 2)
    best = np.unravel_index(np.argmax(dark / (dark.max() + 1e-6) - unusual), dark.shape)
    return float(y + height[best]), float(tilt[best]), float(bend[best])


def _inner_edges(
    lab: np.ndarray,
    skin: tuple[np.ndarray, np.ndarray],
    seam: tuple[float, float, float],
    first: float,
    last: float,
) -> tuple[float, float]:
    """Return the inner edges of the lips below the middle of the seam; both 0 without teeth."""
    height, tilt, bend = seam
    along = np.linspace(-0.45, 0.45, 31)
    rows = _pixel(height - CROP_CENTER_Y + tilt * along + bend * along**2 + ROWS[:, None])
    columns = np.broadcast_to(_pixel((first + last) / 2 + along * (last - first) / 2), rows.shape)
    luma, red, yellow = (
        ndimage.map_coordinates(
            ndimage.gaussian_filter(channel, 1), [rows, columns], order=1, mode="nearest"
        )
        for channel in np.moveaxis(lab, -1, 0)
    )
    chroma = np.hypot(red, yellow)
    middle = np.median(chroma, axis=1)
    lip_chroma = middle[2:45].max()
    skin_luma, skin_chroma = skin[0][0], np.hypot(*skin[0][1:])
    if skin_chroma < LEAST_SKIN_CHROMA:
        return 0.0, 0.0
    tooth = (chroma < TOOTH_SKIN_CHROMA * skin_chroma) & (chroma < TOOTH_LIP_CHROMA * lip_chroma)
    tooth &= luma > TOOTH_LUMA * skin_luma
    return _tooth_rows(tooth.mean(axis=1) > TOOTH_COLUMNS, middle, LIP_CHROMA * lip_chroma)


def _tooth_rows(tooth: np.ndarray, chroma: np.ndarray, lip_chroma: float) -> tuple[float, float]:
    """Return the ends of the longest run of tooth rows at the seam, grown up to the lips."""
    closed = ndimage.binary_closing(np.pad(tooth, 3), np.ones(4))[3:-3]
    labels, count = ndimage.label(closed)
    best = (0, 0)
    for run in ndimage.find_objects(labels, count):
        top, bottom = run[0].start, run[0].stop
        if bottom - top < 2 or ROWS[top] > 0.08 or ROWS[bottom - 1] < -0.05:
            continue
        inner = np.median(chroma[top:bottom])
        for _ in range(6):
            top -= top > 0 and chroma[top - 1] < lip_chroma
            bottom += bottom < len(chroma) and chroma[bottom] < lip_chroma
        beside = chroma[max(top - 8, 0) : top], chroma[bottom : bottom + 8]
        flanked = all(len(side) and side.max() > 1.3 * inner for side in beside)
        if flanked and bottom - top > best[1] - best[0]:
            best = (top, bottom)
    if best == (0, 0):
        return 0.0, 0.0
    return float(ROWS[best[0]]), float(ROWS[best[1] - 1] + 0.01)
