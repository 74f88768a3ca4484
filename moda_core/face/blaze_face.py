"""BlazeFace: two detectors of faces, after the networks of MediaPipe.

Both map pictures (n, 3, side, side), RGB in [-1, 1], to one row for each anchor: a box and six
points relative to it, and the logit of a face. Weights: `weights/`, converted from MediaPipe's.
"""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from .blaze_blocks import blaze_blocks, pad_same

NUM_VALUES = 16  # of an anchor: the box's centre and size, then six points, x and y


class ShortRange(nn.Module):
    """Finds faces that fill a fifth of the picture or more."""

    side = 128

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 24, 5, 2)
        self.fine = blaze_blocks(24, 24, 28, -32, 36, 42, -48, 56, 64, 72, 80, 88, relu=True)
        self.coarse = blaze_blocks(88, -96, 96, 96, 96, 96, relu=True)
        self.fine_score, self.coarse_score = nn.Conv2d(88, 2, 1), nn.Conv2d(96, 6, 1)
        self.fine_box = nn.Conv2d(88, 2 * NUM_VALUES, 1)
        self.coarse_box = nn.Conv2d(96, 6 * NUM_VALUES, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes and points (n, 896, 16) in pixels, and logits (n, 896)."""
        fine = self.fine(F.relu(self.stem(pad_same(x, 5, 2))))
        coarse = self.coarse(fine)
        boxes = [_rows(self.fine_box(fine), NUM_VALUES), _rows(self.coarse_box(coarse), NUM_VALUES)]
        scores = [_rows(self.fine_score(fine), 1), _rows(self.coarse_score(coarse), 1)]
        return torch.cat(boxes, 1), torch.cat(scores, 1)[..., 0]

    def anchors(self) -> Tensor:
        """Return the centres of the anchors (896, 2), x and y in [0, 1]."""
        fine, coarse = _cell_centers(16), _cell_centers(8)
        return torch.cat([fine.repeat_interleave(2, 0), coarse.repeat_interleave(6, 0)])


class Bottleneck(nn.Module):
    """Two depthwise convolutions, each with a pointwise one: to few channels, and back to many."""

    def __init__(self, channels: int, few: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise1 = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels)
        self.pointwise1 = nn.Conv2d(channels, few, 1)
        self.depthwise2 = nn.Conv2d(few, few, 3, 1, 1, groups=few)
        self.pointwise2 = nn.Conv2d(few, out_channels, 1)
        self.has_residual = stride == 1 and channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.pointwise1(self.depthwise1(x)))
        y = self.pointwise2(self.depthwise2(y))
        return F.relu(x + y if self.has_residual else y)


class FullRange(nn.Module):
    """Finds faces down to a thirtieth of the picture: a feature pyramid of four levels."""

    side = 192

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 2, 1)
        self.down = nn.ModuleList(
            nn.Sequential(*(Bottleneck(*sizes) for sizes in stage))
            for stage in (
                [(32, 8, 32)] * 2 + [(32, 16, 64, 2)] + [(64, 16, 64)] * 2,
                [(64, 32, 128, 2)] + [(128, 32, 128)] * 2,
                [(128, 48, 192, 2)] + [(192, 48, 192)] * 2,
                [(192, 96, 384, 2)] + [(384, 96, 384)] * 3,
            )
        )
        lateral = ((64, 48), (128, 64), (192, 96), (384, 96))
        self.across = nn.ModuleList(nn.Conv2d(*channels, 1) for channels in lateral)
        self.up = nn.ModuleList(
            nn.Sequential(*(Bottleneck(many, few, many) for _ in range(count)))
            for many, few, count in ((48, 24, 1), (64, 32, 2), (96, 48, 2))
        )
        self.narrow = nn.ModuleList([nn.Conv2d(64, 48, 1), nn.Conv2d(96, 64, 1)])
        self.score, self.score_last = nn.Conv2d(48, 4, 1), nn.Conv2d(4, 4, 3, 2, 1, groups=4)
        self.box, self.box_last = nn.Conv2d(48, 64, 1), nn.Conv2d(64, 64, 3, 2, 1, groups=64)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes and points (n, 2304, 16) in pixels, and logits (n, 2304)."""
        x, levels = F.relu(self.stem(x)), []
        for stage, across in zip(self.down, self.across, strict=True):
            x = stage(x)
            levels.append(F.relu(across(x)))
        x = levels[3]
        for level in (2, 1, 0):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = self.up[level](levels[level] + x)
            if level:
                x = F.relu(self.narrow[level - 1](x))
        boxes = F.pixel_shuffle(self.box_last(self.box(x)), 2)
        scores = F.pixel_shuffle(self.score_last(self.score(x)), 2)
        return _rows(boxes, NUM_VALUES), _rows(scores, 1)[..., 0]

    def anchors(self) -> Tensor:
        """Return the centres of the anchors (2304, 2), x and y in [0, 1]."""
        return _cell_centers(48)


def _rows(maps: Tensor, num_values: int) -> Tensor:
    """Return one row for each anchor of each cell."""
    return rearrange(maps, "n (k v) h w -> n (h w k) v", v=num_values)


def _cell_centers(count: int) -> Tensor:
    """Return the centres (count**2, 2) of a square's cells, row by row."""
    steps = (torch.arange(count) + 0.5) / count
    return torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1).flatten(0, 1)
