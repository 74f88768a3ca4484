"""Where a renderer takes its pixels from, read out of rendered pictures.

A portrait's picture is replaced by waves whose phase tells the place, so any renderer can be
followed through its public calls alone.
"""

import numpy as np
import torch
from scipy.spatial import cKDTree

from moda_core.motion.motion import Motion
from moda_core.portrait.portrait import Portrait
from moda_core.warp.warp_renderer import WarpRenderer

MIDDLE, HEIGHT = 127.5, 120.0  # of the waves, in grey levels
WAVELENGTH = 4.0  # eye distances: pixels may move by up to half of it
PHASES = np.arange(3) * 2 * np.pi / 3  # of red, green and blue
LOST = 1.0  # pixels from a place that no pixel shows


def wave_picture(size: tuple[int, int], axis: int, wavelength: float) -> np.ndarray:
    """Return a picture (H, W, 3), uint8, whose phase grows down it (axis 0) or across (axis 1)."""
    place = np.indices(size)[axis] + 0.5
    waves = np.cos(2 * np.pi * place[..., None] / wavelength + PHASES)
    return np.round(MIDDLE + HEIGHT * waves).astype(np.uint8)


def decoded_place(frame: np.ndarray, axis: int, wavelength: float) -> np.ndarray:
    """Return the places (H, W) that a moved wave picture shows, within half a wave of its own."""
    wave = (frame.astype(float) * np.exp(-1j * PHASES)).sum(axis=2)
    place = np.angle(wave) * wavelength / (2 * np.pi)
    own = np.indices(frame.shape[:2])[axis] + 0.5
    return own + (place - own + wavelength / 2) % wavelength - wavelength / 2


def shown_places(renderer: WarpRenderer, portrait: Portrait, motion: Motion) -> np.ndarray:
    """Return which place of the picture every pixel of every frame shows, (N, H, W, 2), x first."""
    size, wavelength = portrait.image.shape[:2], WAVELENGTH * portrait.landmarks.eye_distance
    axes = []
    for axis in (1, 0):
        waves = torch.from_numpy(wave_picture(size, axis, wavelength))
        moved = renderer.frames(renderer.with_picture(portrait, waves), motion)
        frames = torch.cat(list(moved)).numpy()
        axes.append(np.stack([decoded_place(frame, axis, wavelength) for frame in frames]))
    return np.stack(axes, axis=-1)


def follow_points(shown: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return where points (n, 2) of the picture lie in a frame that shows places (H, W, 2).

    nan where no pixel shows a point.
    """
    height, width = shown.shape[:2]
    wanted = np.isfinite(points).all(axis=1)
    distance, pixel = cKDTree(shown.reshape(-1, 2)).query(points[wanted])
    rows, columns = np.unravel_index(pixel, (height, width))
    growth = np.stack(np.gradient(shown, axis=(1, 0)), axis=-1)[rows, columns]  # by x, by y
    missed = points[wanted] - shown[rows, columns]
    singular = np.abs(np.linalg.det(growth)) < 0.1
    growth[singular] = np.eye(2)
    step = np.linalg.solve(growth, missed[..., None])[..., 0].clip(-1, 1)
    found = np.full(points.shape, np.nan)
    found[wanted] = np.stack([columns, rows], axis=1) + 0.5 + step
    found[np.flatnonzero(wanted)[distance > LOST]] = np.nan
    return found
