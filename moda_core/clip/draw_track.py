"""A picture of a followed face: some frames around it, with what was found."""

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..face.square import Square
from ..portrait.crop import CropTransform, crop_face
from ..portrait.draw_face import draw_face
from ..portrait.portrait import Portrait
from .face_clip import FaceClip

COLUMNS, NUM_FRAMES = 4, 12
CELL, GAP = 240, 4  # pixels; larger cells would have labels at the points
AROUND = 1.9  # sides of the head's square
LOST_LIGHT = 0.35  # of a frame in which the face is lost
FONT_SIZE = 16
TEXT, SHADOW, REFERENCE = (255, 255, 255), (0, 0, 0), (255, 176, 32)


def draw_track(portrait: Portrait, num_frames: int = NUM_FRAMES) -> Tensor:
    """Draw frames of a portrait's clip, evenly spread, in a grid.

    Each is cut around the followed head, with its mesh and its time; one in which the face is lost
    is dark. The frame of reference, which is always among them, has a border.

    Returns
    -------
    Tensor, shape (H, W, 3), uint8
    """
    face: FaceClip = portrait.clip
    count = len(face.track)
    chosen = np.unique(np.linspace(0, count - 1, min(num_frames, count)).round().astype(int))
    chosen[np.abs(chosen - face.reference).argmin()] = face.reference
    rows, columns = -(-len(chosen) // COLUMNS), min(COLUMNS, len(chosen))
    sheet = Image.new("RGB", (columns * (CELL + GAP) - GAP, rows * (CELL + GAP) - GAP))
    images = face.clip.images_at(face.track.times[chosen])
    for place, (index, image) in enumerate(zip(chosen.tolist(), images, strict=True)):
        row, column = divmod(place, COLUMNS)
        cell = Image.fromarray(_cell(face, index, image).numpy())
        _label(cell, face, index)
        sheet.paste(cell, (column * (CELL + GAP), row * (CELL + GAP)))
    return torch.from_numpy(np.array(sheet))


def _cell(face: FaceClip, index: int, image: Tensor) -> Tensor:
    transform = _around(face.track.squares[index])
    crop = crop_face(image, transform)
    landmarks = face.track.landmarks(index)
    if landmarks is None:
        return (crop * LOST_LIGHT).to(torch.uint8)
    return draw_face(crop, transform, landmarks)


def _around(square: Square) -> CropTransform:
    center = np.array([square.x - 0.5, square.y - 0.5], np.float32)
    return CropTransform(center, AROUND * square.side, square.angle, CELL)


def _label(cell: Image.Image, face: FaceClip, index: int) -> None:
    draw, lost = ImageDraw.Draw(cell), face.track.is_lost[index]
    text = f"{face.track.times[index]:.2f} s" + (", lost" if lost else "")
    if index == face.reference:
        draw.rectangle((0, 0, CELL - 1, CELL - 1), outline=REFERENCE, width=4)
        text += ", reference"
    font = ImageFont.load_default(FONT_SIZE)
    draw.text((10, CELL - 26), text, TEXT, font, stroke_width=2, stroke_fill=SHADOW)
