"""The openings of large eyes, grown to what the picture shows: drawn eyes exceed the mesh."""

import math
from dataclasses import replace

import numpy as np
from scipy.ndimage import (
    binary_opening,
    distance_transform_edt,
    label,
    map_coordinates,
    median_filter,
)
from scipy.spatial import cKDTree

from .landmarks import FaceLandmarks
from .mesh_points import LEFT_EYE, RIGHT_EYE
from .picture_samples import blurred_samples

CELLS = 24  # of the searched patch, in half the distance of the corners
REACH = (1.7, 1.2)  # of the patch to each side and up or down; lengths as above from here on
INSIDE, OUTSIDE = 0.06, (0.35, 0.7)  # what is surely the eyeball, or skin below the eye
GROWTH = 0.35  # at most
# Colours are those of the eyeball if they are nearer to those inside than to the skin's, and at
# most `COLOR_REACH` grey levels from them; shares of either that must be that near.
NEARER, COLOR_REACH, NEAR_INSIDE, NEAR_OUTSIDE = 0.6, 35.0, 0.02, 0.01
WHITE_SHARE, LEAST_BRIGHTNESS = 0.3, 0.45  # of the inside, the brightest; of their brightness
LEAST_TINT = 0.06  # of skin against the white of the eye; without it they are not distinguishable
LEAST_GROWTH = 0.1  # of the opening's area
NUM_RAYS, RAYS_TOGETHER, STEP = 96, 3, 0.25  # that find the outline; step in cells
LINE_REACH, LINE_DARKNESS = 0.3, 0.85  # of the dark line around the eyeball, over its edge's level


def fit_lids(landmarks: FaceLandmarks, image: np.ndarray) -> FaceLandmarks:
    """Return landmarks whose eyes are as large as a picture (H, W, 3), uint8, shows them.

    Only the rings of the eyes change, and none where skin and eyeball are alike.
    """
    mesh = landmarks.mesh.copy()
    for ring in (LEFT_EYE, RIGHT_EYE):
        mesh[ring, :2] = _fitted(mesh[ring, :2], image)
    return replace(landmarks, mesh=mesh)


def _fitted(ring: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Grow the ring (16, 2) of an eye, from the left corner along the lower lid and back."""
    middle, axis = (ring[0] + ring[8]) / 2, (ring[8] - ring[0]) / 2
    if np.hypot(*axis) < 2:
        return ring
    axes = np.stack([axis, [-axis[1], axis[0]]])  # (2, 2), along and across
    along, below = np.meshgrid(
        *(np.arange(-math.ceil(far * CELLS), far * CELLS + 1) / CELLS for far in REACH)
    )
    x, y = middle[:, None, None] + np.einsum("arc,ad->drc", np.stack([along, below]), axes)
    lids = (ring - middle) @ np.linalg.inv(axes)
    upper, lower = lid_heights(lids, along)
    opened = (below > upper) & (below < lower)
    colors = _colors(image, x, y, np.hypot(*axis) / CELLS)
    grown = opened | _alike(colors, opened, below)
    parts, _ = label(binary_opening(grown) | opened)
    grown = np.isin(parts, np.unique(parts[opened]))
    if grown.sum() < (1 + LEAST_GROWTH) * opened.sum():
        return ring
    return middle + _ring_around(_outline(grown, colors.sum(axis=2)), lids) @ axes


def lid_heights(ring: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the heights of both lids of a ring (16, 2) at places along the eye."""
    lower = np.interp(along, *ring[:9].T)
    upper = np.interp(along, *ring[[0, *range(15, 7, -1)]].T)
    return upper, lower


def _colors(image: np.ndarray, x: np.ndarray, y: np.ndarray, cell: float) -> np.ndarray:
    """Sample the colours (h, w, 3) of a picture."""
    channels = [
        blurred_samples(image, x, y, max(0.5, 0.6 * cell), lambda colors, c=c: colors[..., c])
        for c in range(3)
    ]
    return np.stack(channels, axis=2)


def _alike(colors: np.ndarray, opened: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return where pixels near an opening have the colours of the eyeball, and not the skin's."""
    away = distance_transform_edt(~opened) / CELLS
    inside = distance_transform_edt(opened) / CELLS > INSIDE
    skin = (away > OUTSIDE[0]) & (away < OUTSIDE[1]) & (below > 0)
    if not inside.any() or not skin.any():
        return np.zeros_like(opened)
    brightness = colors.sum(axis=2) + 1
    white = inside & (brightness >= np.quantile(brightness[inside], 1 - WHITE_SHARE))
    tint = colors / brightness[..., None]
    untinted = np.median(tint[white], axis=0)
    tinted = np.median(tint[skin], axis=0) - untinted
    if np.hypot.reduce(tinted) < LEAST_TINT:
        return np.zeros_like(opened)
    share = (tint - untinted) @ tinted / (tinted @ tinted)  # 0 as the white, 1 as the skin
    to_inside, to_skin = (
        _distance(colors, colors[mask], near)
        for mask, near in ((inside, NEAR_INSIDE), (skin, NEAR_OUTSIDE))
    )
    alike = (to_inside < NEARER * to_skin) & (to_inside < COLOR_REACH) & (share < 0.5)
    bright = brightness > LEAST_BRIGHTNESS * np.median(brightness[white])
    return alike & bright & (away < GROWTH)


def _distance(colors: np.ndarray, known: np.ndarray, share: float) -> np.ndarray:
    """Return how far colours (h, w, 3) are from the nearest share of known ones (n, 3)."""
    count = max(2, round(share * len(known)))
    distance, _ = cKDTree(known).query(colors, [count])
    return distance[..., 0]


def _outline(opened: np.ndarray, brightness: np.ndarray) -> np.ndarray:
    """Return the outline (rays, 2) of an opening (h, w), grown to the dark line around it.

    Places are along the eye and below its middle.
    """
    middle = np.array([np.mean(cells) for cells in np.nonzero(opened)])[:, None, None]
    angles = np.arange(NUM_RAYS) * (2 * math.pi / NUM_RAYS)
    steps = np.arange(0, 2 * CELLS, STEP)
    directions = np.stack([np.sin(angles), np.cos(angles)])[:, :, None]
    places = middle + directions * steps  # (2, rays, steps), rows and columns
    inside = map_coordinates(opened.astype(float), places, order=1, mode="constant") > 0.5
    level = map_coordinates(brightness, places, order=1, mode="nearest")
    ends = []
    for ray in range(NUM_RAYS):
        end = np.nonzero(inside[ray])[0].max()
        beyond = level[ray, end : end + round(LINE_REACH * CELLS / STEP)]
        dark = beyond.argmin()
        if beyond[dark] < LINE_DARKNESS * beyond[0]:
            end += np.nonzero(beyond[: dark + 1] > 0.1 * beyond[0] + 0.9 * beyond[dark])[0].max()
        ends.append(steps[end])
    ends = median_filter(np.array(ends), RAYS_TOGETHER, mode="wrap")
    row, column = middle[:, 0] + directions[..., 0] * ends
    height, width = opened.shape
    return np.stack([column - (width - 1) / 2, row - (height - 1) / 2], axis=1) / CELLS


def _ring_around(outline: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Return the ring (16, 2) along an outline (n, 2), spaced as another is."""
    left, right = outline[:, 0].argmin(), outline[:, 0].argmax()
    turned = np.roll(outline, -right, axis=0)  # from the right corner along the lower lid
    at_left = (left - right) % len(outline)
    lower, upper = turned[at_left::-1], np.vstack([turned[at_left:], turned[:1]])
    width = outline[right, 0] - outline[left, 0]
    x = outline[left, 0] + (ring[:, 0] + 1) * width / 2
    y = [np.interp(x[part], *lid.T) for part, lid in ((slice(9), lower), (slice(9, 16), upper))]
    return np.stack([x, np.concatenate(y)], axis=1)
