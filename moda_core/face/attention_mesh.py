"""The attention mesh: 478 points of one face, after the network of MediaPipe.

A trunk places 468 points; lips and eyes are then looked at again, each in a rectangle of the
trunk's early features that is cut out where the first points lie, which also gives the irises.
"""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from .blaze_blocks import BlazeBlock, blaze_blocks, pad_same
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


class AttentionMesh(nn.Module):
    """Places a mesh on a face, from a square picture around it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stem_act = nn.Conv2d(3, 16, 3, 2), nn.PReLU(16)
        self.early = blaze_blocks(16, 16, 16, -32)
        self.late = blaze_blocks(32, 32, 32, -64, 64, 64, -128, 128, 128, -128, 128, 128)
        self.mesh = MeshHead()
        self.score = nn.Conv2d(32, 1, 3)
        self.lips = Region(LIPS_REGION, 61, 291, (80,))
        self.left_eye = Region(LEFT_EYE_REGION, 33, 133, (71, 5))
        self.right_eye = Region(RIGHT_EYE_REGION, 362, 263, (71, 5))

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
        points[:, LIPS_REGION, :2] = self.lips(early, surface)[0]
        for eye, iris in ((self.left_eye, LEFT_IRIS), (self.right_eye, RIGHT_IRIS)):
            points[:, eye.indices, :2], points[:, iris, :2] = eye(early, surface)
            depth = surface[:, eye.indices[:EYE_RING], 2].mean(1, keepdim=True)
            points[:, iris, 2] = depth
        return points, logits

    def surface(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the points (n, 468, 3) of the trunk alone, and the logits: half the work."""
        return self._first_points(x)[1:]

    def _first_points(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        early = self.early(self.stem_act(self.stem(pad_same(x, 3, 2))))
        features = self.mesh.features(self.late(early))
        surface = rearrange(self.mesh.points(features), "n (k c) 1 1 -> n k c", c=3)
        return early, surface, self.score(features)[:, 0, 0, 0]


class Head(nn.Module):
    """Blocks, a narrowing to 32 channels, and a last convolution whose outputs are points."""

    def __init__(self, blocks: nn.Sequential, num_values: int, kernel: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.narrow, self.narrow_act = nn.Conv2d(128, 32, 1), nn.PReLU(32)
        self.last = BlazeBlock(32, 32, 1, relu=False)
        self.points = nn.Conv2d(32, num_values, kernel)

    def features(self, x: Tensor) -> Tensor:
        """Return all but the last convolution."""
        return self.last(self.narrow_act(self.narrow(self.blocks(x))))


class MeshHead(Head):
    """From the trunk's 6 x 6 features to 468 points in 3D."""

    def __init__(self) -> None:
        super().__init__(blaze_blocks(128, -128, 128, 128), 3 * NUM_SURFACE_POINTS, 3)


class Branch(Head):
    """From a region's 4 x 4 features to its points (n, count, 2), in its own cells times 4."""

    def __init__(self, count: int) -> None:
        super().__init__(blaze_blocks(128, 128, 128, -128, 128, 128), 2 * count, 2)

    def forward(self, x: Tensor) -> Tensor:
        return rearrange(self.points(self.features(x)), "n (k c) 1 1 -> n k c", c=2)


class Region(nn.Module):
    """The second look at one part of the face.

    Parameters
    ----------
    indices : list of int
        Points of the mesh whose box the rectangle surrounds.
    left, right : int
        Points of the mesh through which the rectangle's lower edge is parallel.
    counts : tuple of int
        Number of points of each branch.
    """

    def __init__(self, indices: list[int], left: int, right: int, counts: tuple[int, ...]) -> None:
        super().__init__()
        self.indices, self.left, self.right = indices, left, right
        self.trunk = blaze_blocks(32, 32, 32, -64, 64, 64, -128)
        self.branches = nn.ModuleList(Branch(count) for count in counts)

    def forward(self, early: Tensor, surface: Tensor) -> list[Tensor]:
        """Return the points (n, count, 2) of each branch, in pixels of the network's input."""
        ratio = early.shape[-1] / MESH_SIDE
        matrix = self._to_features(surface[..., :2] * ratio)
        shared = self.trunk(_cut_out(early, matrix))
        linear, shift = matrix[..., :2], matrix[..., 2]
        return [branch(shared) @ linear.mT + shift[:, None] / ratio for branch in self.branches]

    def _to_features(self, points: Tensor) -> Tensor:
        """Return the matrix (n, 2, 3) from the rectangle's cells to places of the features."""
        along = points[:, self.right] - points[:, self.left]
        angle = torch.atan2(along[:, 1], along[:, 0])
        cosine, sine = torch.cos(angle), torch.sin(angle)
        turn = rearrange(torch.stack([cosine, -sine, sine, cosine]), "(r c) n -> n r c", c=2)
        level = points[:, self.indices] @ turn
        low, high = level.amin(1), level.amax(1)
        center = (turn @ ((low + high) / 2)[..., None])[..., 0]
        linear = turn * ((high - low) * (REGION_SCALE / REGION_SIDE))[:, None]
        shift = center - linear.sum(-1) * (REGION_SIDE / 2)
        return torch.cat([linear, shift[..., None]], -1)


def _cut_out(features: Tensor, matrix: Tensor) -> Tensor:
    """Sample features (n, c, h, w) at a rectangle's cells, bilinearly; 0 outside the features."""
    height, width = features.shape[2:]
    steps = torch.arange(REGION_SIDE, dtype=matrix.dtype, device=matrix.device) + 0.5
    x, y = torch.meshgrid(steps, steps, indexing="xy")
    cells = torch.stack([x, y, torch.ones_like(x)], -1).flatten(0, 1)
    places = rearrange(cells @ matrix.mT - 0.5, "n (h w) c -> n h w c", h=REGION_SIDE)
    limit = places.new_tensor([width - 1, height - 1])
    inside = ((places >= 0) & (places <= limit)).all(-1)
    sampled = F.grid_sample(features, places / limit * 2 - 1, align_corners=True)
    return sampled * inside[:, None]
