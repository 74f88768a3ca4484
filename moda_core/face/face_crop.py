"""Upright square crops of a face at any scale."""

import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)


def grayscale(image: Tensor) -> np.ndarray:
    """Return the luma of a picture (H, W, 3) uint8, as an array (H, W) uint8."""
    luma = image.float() @ torch.tensor(LUMA)
    return luma.round().clamp(0, 255).to(torch.uint8).numpy()


def face_crop(
    picture: Image.Image, center: tuple[float, float], unit: float, angle_deg: float, size: int
) -> Image.Image:
    """Cut an upright square of `size` pixels out of a picture around `center`.

    `unit` is the width of a pixel of the crop in pixels of the picture, `angle_deg` the clockwise
    rotation of the face. Reduced by area; outside, the picture's edge is repeated.
    """
    reach = size * unit * 0.75 + 2
    left, top = math.floor(center[0] - reach), math.floor(center[1] - reach)
    side = math.ceil(2 * reach)
    columns = np.clip(np.arange(left, left + side), 0, picture.width - 1)
    rows = np.clip(np.arange(top, top + side), 0, picture.height - 1)
    area = np.asarray(picture.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)))[
        rows - rows[0]
    ][:, columns - columns[0]]
    reduced = Image.fromarray(area)
    shrink = max(1.0, unit)
    if shrink > 1:
        small = max(1, round(side / shrink))
        shrink = side / small
        reduced = reduced.resize((small, small), Image.Resampling.BOX)
    step = unit / shrink
    cosine = step * math.cos(math.radians(angle_deg))
    sine = step * math.sin(math.radians(angle_deg))
    x, y = (center[0] - left) / shrink, (center[1] - top) / shrink
    half = size / 2
    matrix = (cosine, -sine, x - half * (cosine - sine), sine, cosine, y - half * (sine + cosine))
    return reduced.transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
