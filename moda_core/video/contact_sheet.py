"""Contact sheets: frames of a video side by side in one picture."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

COLUMNS = 4
CELL_WIDTH = 320
GAP = 4


def save_contact_sheet(frames: list[Tensor], path: str | Path, columns: int = COLUMNS) -> None:
    """Write frames (H, W, 3), uint8, all of one size, to a PNG or JPEG as a grid in reading order.

    An existing file is replaced. Raises OSError if the file can't be written, and ValueError if
    its suffix is not that of a picture.
    """
    height, width = frames[0].shape[:2]
    cell = (CELL_WIDTH, round(CELL_WIDTH * height / width))
    rows = -(-len(frames) // columns)
    size = (columns * (cell[0] + GAP) - GAP, rows * (cell[1] + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    for index, frame in enumerate(frames):
        row, column = divmod(index, columns)
        picture = Image.fromarray(np.asarray(frame)).resize(cell, Image.Resampling.LANCZOS)
        sheet.paste(picture, (column * (cell[0] + GAP), row * (cell[1] + GAP)))
    sheet.save(path)


class FrameSampler:
    """Keeps `num_samples` frames of a stream, evenly spread from the first to the last."""

    def __init__(self, num_frames: int, num_samples: int):
        self.wanted = torch.linspace(0, num_frames - 1, num_samples).round().int().unique().tolist()
        self.kept: list[Tensor] = []
        self.position = 0

    def add(self, frames: Tensor) -> None:
        """Copy the wanted frames of the next chunk (n, H, W, 3) of the stream."""
        stop = self.position + len(frames)
        chosen = [index for index in self.wanted if self.position <= index < stop]
        self.kept += [frames[index - self.position].clone() for index in chosen]
        self.position = stop
