"""Drawing of the landmarks and the mesh on the crop of a face."""

import math
from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import (
    FACE_OVAL,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    NOSE_BASE,
    NOSE_BRIDGE,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
)
from .crop import CropTransform

DARK, LIGHT = (16, 16, 20), (255, 255, 255)  # one of them is visible on any skin
EYE, MOUTH = (86, 180, 233), (255, 176, 32)  # distinguishable for colour-blind people too
NAMES = ("left eye", "right eye", "left corner", "right corner", "upper lip", "lower lip")
COLOURS = (EYE, EYE, MOUTH, MOUTH, MOUTH, MOUTH)
# Lines through the mesh; those of the first row are closed.
RINGS = (FACE_OVAL, LEFT_EYE, RIGHT_EYE, OUTER_LIPS, INNER_LIPS)
CURVES = (NOSE_BRIDGE, NOSE_BASE, *(brow[:5] for brow in (LEFT_BROW, RIGHT_BROW)))
MESH_OPACITY = 0.55
CLOSED_GAP = 0.03  # of the lips in eye distances; below it they share a label

# Sizes in sides of the crop.
EYE_RADIUS, LIP_RADIUS = 0.02, 0.009
LINE_WIDTH = 0.004
FONT_SIZE = 0.028
SMALLEST_FONT = 9  # pixels
LABELLED_SIDE = 256  # pixels of the crop from which labels are drawn


def draw_face(crop: Tensor, transform: CropTransform, landmarks: FaceLandmarks) -> Tensor:
    """Draw the landmarks of a face on its crop.

    Parameters
    ----------
    crop : Tensor, shape (S, S, 3), uint8
        Cut by `crop_face` with `transform`.
    landmarks : FaceLandmarks
        In pixels of the picture.

    Returns
    -------
    Tensor, shape (S, S, 3), uint8
        A new picture: thin lines of the mesh, rings at the eyes, dots at the mouth; from 256
        pixels also the names of the points, and the confidence if it is below 1.

    Raises
    ------
    ValueError
        If the crop's shape, type or size does not match the transform.
    """
    if crop.dtype != torch.uint8 or tuple(crop.shape) != (transform.size, transform.size, 3):
        raise ValueError(
            f"Expected a crop of shape ({transform.size}, {transform.size}, 3) and type uint8, got "
            f"{tuple(crop.shape)} of {crop.dtype}. Cut it with this transform."
        )
    pixels = crop.cpu().numpy().astype(np.float32)
    mesh = _in_crop(transform, landmarks.mesh)
    points = _in_crop(transform, landmarks.points())
    size = transform.size
    width = max(LINE_WIDTH * size, 1.0)
    unmarked = pixels.copy()
    for line in (*([*ring, ring[0]] for ring in RINGS), *CURVES):
        for first, last in pairwise(line):
            _draw_line(pixels, mesh[first], mesh[last], width, LIGHT)
    pixels = unmarked + (pixels - unmarked) * MESH_OPACITY
    for point, colour in zip(points[2:], COLOURS[2:], strict=True):
        _draw_dot(pixels, point, max(LIP_RADIUS * size, 2.0), colour)
    for point, colour in zip(points[:2], COLOURS, strict=False):
        _draw_ring(pixels, point, max(EYE_RADIUS * size, 3.0), width, colour)
    drawn = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    if size >= LABELLED_SIDE:
        _write_labels(drawn, points, landmarks)
    return torch.from_numpy(np.array(drawn))


def _in_crop(transform: CropTransform, points: np.ndarray) -> np.ndarray:
    """Return points (n, 2) of the picture in pixels of a crop, first pixel centre at 0."""
    # Landmarks count from the corner of the first pixel, the transform from its centre.
    matrix = transform.to_crop.astype(np.float64)
    return (points[:, :2] - 0.5) @ matrix[:2, :2].T + matrix[:2, 2]


def _draw_ring(
    pixels: np.ndarray, center: np.ndarray, radius: float, width: float, colour: tuple
) -> None:
    """Draw a coloured ring with dark edges, open so that the eye is visible, and its centre."""
    for tone, stroke in ((DARK, 2.4 * width), (colour, width)):
        half = stroke / 2
        _blend(
            pixels, center, center, radius + half, tone, lambda far, h=half: h - abs(far - radius)
        )
    for tone, stroke in ((DARK, 2.8 * width), (colour, 1.6 * width)):
        _draw_line(pixels, center, center, stroke, tone)


def _draw_dot(pixels: np.ndarray, center: np.ndarray, radius: float, colour: tuple) -> None:
    for tone, share in ((DARK, 1.0), (LIGHT, 0.75), (colour, 0.5)):
        _draw_line(pixels, center, center, 2 * share * radius, tone)


def _draw_line(
    pixels: np.ndarray, start: np.ndarray, stop: np.ndarray, width: float, colour: tuple
) -> None:
    """Draw a line with round ends; a dot if both ends coincide."""
    _blend(pixels, start, stop, width / 2, colour, lambda far: width / 2 - far)


def _blend(pixels, start, stop, reach: float, colour: tuple, inside) -> None:
    """Blend in a colour where `inside` of the distance to a line, in pixels, is above 0."""
    low = np.floor(np.minimum(start, stop) - reach - 1).astype(int).clip(0)
    high = np.ceil(np.maximum(start, stop) + reach + 2).astype(int).clip(0, len(pixels))
    if (high <= low).any():
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    along = stop - start
    share = (x - start[0]) * along[0] + (y - start[1]) * along[1]
    share = (share / max(float(along @ along), 1e-9)).clip(0, 1)
    far = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    cover = (inside(far) + 0.5).clip(0, 1)[..., None]
    area = pixels[low[1] : high[1], low[0] : high[0]]
    area += (np.array(colour, np.float32) - area) * cover


def _write_labels(picture: Image.Image, points: np.ndarray, landmarks: FaceLandmarks) -> None:
    draw, size = ImageDraw.Draw(picture), picture.width
    font = ImageFont.load_default(max(FONT_SIZE * size, SMALLEST_FONT))
    names, anchors = list(NAMES), ["rm", "lm", "rm", "lm", "ms", "mt"]
    gap = math.dist(points[4], points[5]) / max(math.dist(points[0], points[1]), 1e-6)
    if gap < CLOSED_GAP:
        names[4:] = ["", "lips"]
    space = 1.5 * max(EYE_RADIUS * size, 3.0)
    shifts = {"ms": (0, -space), "rm": (-space, 0), "lm": (space, 0), "mt": (0, space)}
    for (x, y), name, anchor, colour in zip(points, names, anchors, COLOURS, strict=True):
        right, down = shifts[anchor]
        place = (x + right, y + down)
        draw.text(place, name, colour, font, anchor, stroke_width=2, stroke_fill=DARK)
    if landmarks.confidence < 1:
        text = f"confidence {landmarks.confidence:.0%}"
        place = (0.02 * size, 0.98 * size)
        draw.text(place, text, LIGHT, font, "ls", stroke_width=2, stroke_fill=DARK)
