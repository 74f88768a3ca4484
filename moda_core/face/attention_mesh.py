"""The attention mesh: 478 points of one face, after the network of MediaPipe.

A trunk places 468 points; lips and eyes are then looked at again, each in a rectangle of the
trunk's early features that is cut out where the first points lie, which also gives the irises.
"""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from .blaze_blocks import BlazeBlock, Pointwise, blaze_blocks, pad_same
from .mesh_points import (
    LEFT_EYE_REGION,
    LEFT_IRIS,
    LIPS_REGION,
    NUM_POINTS,
    NUM_SURFACE_POINTS,
    RIGHT_EYE_REGION,
    RIGHT_IRIS,
)

MESH_SIDE = 192  # pixels of the network's input
EYE_RING = 16  # points of an eye's region that are its opening
REGION_SCALE, REGION_SIDE = 1.5, 16  # of a rectangle over its points' box; its cells
REGIONS = (LIPS_REGION, LEFT_EYE_REGION, RIGHT_EYE_REGION)
REGION_CORNERS = ((61, 33, 362), (291, 133, 263))  # through which a rectangle's edge is parallel
# What is placed in the regions, and the region of each.
PLACED = (LIPS_REGION, LEFT_EYE_REGION, LEFT_IRIS, RIGHT_EYE_REGION, RIGHT_IRIS)
REGION_OF_PLACED = (0, 1, 1, 2, 2)


class AttentionMesh(nn.Module):
    """Places a mesh on a face, from a square picture around it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stem_act = nn.Conv2d(3, 16, 3, 2), nn.PReLU(16)
        self.early = blaze_blocks(16, 16, 16, -32)
        self.late = blaze_blocks(32, 32, 32, -64, 64, 64, -128, 128, 128, -128, 128, 128)
        self.mesh = Head(blaze_blocks(128, -128, 128, 128))
        self.points = nn.Conv2d(32, 3 * NUM_SURFACE_POINTS, 3)
        self.score = nn.Conv2d(32, 1, 3)
        self.regions = Regions()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Place the mesh.

        Parameters
        ----------
        x : Tensor, shape (n, 3, 192, 192), RGB in [0, 1]

        Returns
        -------
        points : Tensor, shape (n, 478, 3)
            In pixels of the input; z of an iris is the mean of its eye's opening.
        logits : Tensor, shape (n,)
            Of there being a face.
        """
        early, surface, logits = self._first_points(x)
        points = F.pad(surface, (0, 0, 0, NUM_POINTS - NUM_SURFACE_POINTS))
        for indices, places in zip(PLACED, self.regions(early, surface), strict=True):
            points[:, indices, :2] = places
        for eye, iris in ((LEFT_EYE_REGION, LEFT_IRIS), (RIGHT_EYE_REGION, RIGHT_IRIS)):
            points[:, iris, 2] = surface[:, eye[:EYE_RING], 2].mean(1, keepdim=True)
        return points, logits

    def surface(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the points (n, 468, 3) of the trunk alone, and the logits: half the work."""
        return self._first_points(x)[1:]

    def _first_points(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        early = self.early(self.stem_act(self.stem(pad_same(x, 3, 2))))
        features = self.mesh(self.late(early))
        surface = rearrange(self.points(features), "n (k c) 1 1 -> n k c", c=3)
        return early, surface, self.score(features)[:, 0, 0, 0]


class Head(nn.Module):
    """Blocks, and a narrowing from 128 to 32 channels."""

    def __init__(self, blocks: nn.Sequential, groups: int = 1) -> None:
        super().__init__()
        self.blocks = blocks
        self.narrow, self.narrow_act = Pointwise(128, 32, groups), nn.PReLU(32 * groups)
        self.last = BlazeBlock(32, 32, 1, relu=False, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.narrow_act(self.narrow(self.blocks(x))))


class Regions(nn.Module):
    """The second look at lips and eyes: networks of one shape, side by side in groups."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = blaze_blocks(32, 32, 32, -64, 64, 64, -128, groups=len(REGIONS))
        groups = len(PLACED)
        self.branches = Head(blaze_blocks(128, 128, 128, -128, 128, 128, groups=groups), groups)
        self.points = nn.ModuleList(nn.Conv2d(32, 2 * len(indices), 2) for indices in PLACED)

    def forward(self, early: Tensor, surface: Tensor) -> list[Tensor]:
        """Return the points (n, count, 2) of each of `PLACED`, in pixels of the network's input."""
        ratio = early.shape[-1] / MESH_SIDE
        matrix = region_to_features(surface[..., :2] * ratio)
        shared = self.trunk(_cut_out(early, matrix))
        shared = shared.unflatten(1, (len(REGIONS), -1))[:, REGION_OF_PLACED].flatten(1, 2)
        features = self.branches(shared).chunk(len(PLACED), 1)
        placed = []
        for last, part, region in zip(self.points, features, REGION_OF_PLACED, strict=True):
            cells = rearrange(last(part), "n (k c) 1 1 -> n k c", c=2)
            linear, shift = matrix[:, region, :, :2], matrix[:, region, None, :, 2]
            placed.append(cells @ linear.mT + shift / ratio)
        return placed


def region_to_features(points: Tensor) -> Tensor:
    """Return the matrix (n, 3, 2, 3) from the cells of each region to places of the features."""
    left, right = REGION_CORNERS
    along = points[:, right] - points[:, left]
    angle = torch.atan2(along[..., 1], along[..., 0])
    cosine, sine = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([cosine, -sine, sine, cosine], -1).unflatten(-1, (2, 2))
    bounds = []
    for region, indices in enumerate(REGIONS):
        level = points[:, indices] @ turn[:, region]
        bounds.append(torch.stack([level.amin(1), level.amax(1)]))
    low, high = torch.stack(bounds, 2)
    center = (turn @ ((low + high) / 2)[..., None])[..., 0]
    linear = turn * ((high - low) * (REGION_SCALE / REGION_SIDE))[..., None, :]
    shift = center - linear.sum(-1) * (REGION_SIDE / 2)
    return torch.cat([linear, shift[..., None]], -1)


def _cut_out(features: Tensor, matrix: Tensor) -> Tensor:
    """Sample features (n, c, h, w) at the cells of each region, bilinearly; 0 outside of them.

    Returns the regions side by side, (n, 3 * c, 16, 16).
    """
    height, width = features.shape[2:]
    steps = torch.arange(REGION_SIDE, dtype=matrix.dtype, device=matrix.device) + 0.5
    x, y = torch.meshgrid(steps, steps, indexing="xy")
    cells = torch.stack([x, y, torch.ones_like(x)], -1).flatten(0, 1)
    places = cells @ matrix.mT - 0.5
    limit = places.new_tensor([width - 1, height - 1])
    inside = ((places >= 0) & (places <= limit)).all(-1)
    sampled = F.grid_sample(features, places / limit * 2 - 1, align_corners=True)
    sampled = rearrange(sampled * inside[:, None], "n c r (h w) -> n h w (r c)", h=REGION_SIDE)
    return sampled.permute(0, 3, 1, 2)
