"""Cuts between the shots of a clip, told from the pictures."""

from collections import deque

import torch
from torch import Tensor
from torch.nn import functional as F

CELLS = 24  # of a thumbnail, across and down
SAMPLES = 4  # of the picture for a cell, each way
LEAST_CHANGE = 0.25  # 1 minus the correlation of two shots' thumbnails
OVER_USUAL = 2.5  # least ratio of it to the largest change of the last frames
NUM_LAST = 4
LEAST_CONTRAST = 1.0  # grey levels, below which a picture counts as blank


class CutDetector:
    """Tells the first frame of each shot but the first one.

    Thumbnails of two frames are compared by their correlation, so that flashes and fades of the
    light change little, at the best of small shifts, so that camera shake does. A cut is a change
    that is large, and much larger than those of the frames before it, unlike those of a fast pan.
    """

    def __init__(self) -> None:
        self._last: Tensor | None = None
        self._changes: deque[float] = deque(maxlen=NUM_LAST)

    def __call__(self, image: Tensor) -> bool:
        """Take the next frame (H, W, 3), uint8; return whether a shot begins with it."""
        last, self._last = self._last, _thumbnail(image)
        if last is None:
            return False
        change = _change(last, self._last)
        usual = max(self._changes, default=0.0)
        is_cut = change > max(LEAST_CHANGE, OVER_USUAL * usual)
        if is_cut:
            self._changes.clear()
        else:
            self._changes.append(change)
        return is_cut


def _thumbnail(image: Tensor) -> Tensor:
    """Return cells (3, `CELLS`, `CELLS`), float, in grey levels, from samples of a picture."""
    places = (torch.arange(CELLS * SAMPLES) + 0.5) / (CELLS * SAMPLES)
    rows, columns = ((places * length).long() for length in image.shape[:2])
    samples = image[rows[:, None], columns].permute(2, 0, 1).float()
    return F.avg_pool2d(samples, SAMPLES)


def _change(before: Tensor, after: Tensor) -> float:
    """Return 1 minus the largest correlation of two thumbnails, shifted by a cell at most."""
    inner = _normalized(after[:, 1:-1, 1:-1].reshape(1, -1))
    shifted = before.unfold(1, CELLS - 2, 1).unfold(2, CELLS - 2, 1)  # (3, 3, 3, cells, cells)
    shifted = _normalized(shifted.permute(1, 2, 0, 3, 4).reshape(9, -1))
    return 1 - float((shifted @ inner.T).max())


def _normalized(cells: Tensor) -> Tensor:
    """Return cells (n, m) without their mean, and of length 1; two blank pictures are alike."""
    contrast = cells - cells.mean(dim=1, keepdim=True)
    blank = contrast.std(dim=1, keepdim=True) < LEAST_CONTRAST
    return F.normalize(contrast.masked_fill(blank, 1.0))
