"""Pictures of heads at known places, to be followed."""

import math

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter

from tests.faces import FACE_WIDTH, portrait_picture

MIDDLE = (304.0, 255.0)  # of the face in the bundled portrait
HEAD = (175, 75, 432, 385)  # box of the ellipse around its head
BACKGROUND = (96, 104, 112)


def head_cutout(mirrored: bool = False, light: float = 1.0) -> Image.Image:
    """Return the portrait's head, RGBA, transparent outside of an ellipse."""
    portrait = portrait_picture().point(lambda level: level * light)
    mask = Image.new("L", portrait.size)
    ImageDraw.Draw(mask).ellipse(HEAD, fill=255)
    portrait.putalpha(mask.filter(ImageFilter.GaussianBlur(3)))
    return portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else portrait


def place_head(
    scene: Image.Image,
    head: Image.Image,
    center: tuple[float, float],
    width: float = 90.0,
    degrees: float = 0.0,
) -> Image.Image:
    """Return a scene with a head on it: its face so many pixels wide, rotated clockwise."""
    scale, angle = width / FACE_WIDTH, math.radians(degrees)
    cosine, sine = math.cos(angle) / scale, math.sin(angle) / scale
    (x, y), (left, top) = center, MIDDLE
    matrix = (
        cosine,
        sine,
        left - cosine * x - sine * y,
        -sine,
        cosine,
        top + sine * x - cosine * y,
    )
    placed = head.transform(scene.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return Image.composite(placed.convert("RGB"), scene, placed.getchannel("A"))


def empty_scene(size: tuple[int, int] = (480, 270), seed: int = 0) -> Image.Image:
    """Return a scene of smooth shapes, without a face; each seed gives another one."""
    cells = np.random.default_rng(seed).integers(40, 200, (6, 10, 3)).astype(np.uint8)
    return Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)


def grainy(picture: Image.Image, strength: float = 0.0, seed: int = 0) -> torch.Tensor:
    """Return a picture as (H, W, 3), uint8, with grain of a standard deviation in grey levels."""
    pixels = np.asarray(picture).astype(np.float32)
    grain = np.random.default_rng(seed).normal(0, strength, (*pixels.shape[:2], 1))
    return torch.from_numpy((pixels + grain).round().clip(0, 255).astype(np.uint8))
