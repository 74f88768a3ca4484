"""Contact sheets."""

import numpy as np
import torch
from PIL import Image

from moda_core.video.contact_sheet import GAP, save_contact_sheet


def test_frames_stand_in_reading_order(tmp_path):
    levels = (0, 60, 120, 180, 240)
    frames = [torch.full((30, 40, 3), level, dtype=torch.uint8) for level in levels]

    save_contact_sheet(frames, tmp_path / "sheet.png", columns=3)

    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    cell_height, cell_width = (sheet.shape[0] - GAP) // 2, (sheet.shape[1] - 2 * GAP) // 3
    seen = [
        sheet[row * (cell_height + GAP) + 9, column * (cell_width + GAP) + 9, 0]
        for row in range(2)
        for column in range(3)
    ]
    assert seen == [*levels, 255]
