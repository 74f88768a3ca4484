"""Dense motion: where every voxel of a frame comes from (spec F.4, steps 1 to 6)."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..motion.keypoints import NUM_KEYPOINTS
from ..runtime.layers import PLAIN, Layers
from .hourglass import HOURGLASS_WIDTH, Hourglass
from .motion_grid import DEPTH, HEIGHT, WIDTH, heat_maps, identity_grid, sample_translated

VOLUME_SHAPE = (32, DEPTH, HEIGHT, WIDTH)
COMPRESSED = 4
NUM_MAPS = NUM_KEYPOINTS + 1


@dataclass(frozen=True)
class SourceVolume:
    """All of the warp that depends on the portrait alone.

    Parameters
    ----------
    volume : Tensor, shape (1, 32, 16, 64, 64)
        Appearance of the source.
    compressed : Tensor, shape (1, 4, 16, 64, 64), float32
        The volume, as the dense motion sees it.
    unmoved : Tensor, shape (1, 4, 16, 64, 64), float32
        `compressed`, sampled by the grid itself.
    heat : Tensor, shape (1, 21, 16, 64, 64), float32
        Gaussians around the keypoints.
    keypoints : Tensor, shape (1, 21, 3), float32
        Of the source.
    """

    volume: Tensor
    compressed: Tensor
    unmoved: Tensor
    heat: Tensor
    keypoints: Tensor

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "SourceVolume":
        """Return the same on another device."""
        moved = {name: value.to(device) for name, value in vars(self).items()}
        return SourceVolume(**{**moved, "volume": moved["volume"].to(dtype)})


class Deformation(NamedTuple):
    """Where voxels come from: `flow` (B, 16, 64, 64, 3), `mask` (B, 22, 16, 64, 64) over the
    candidate maps, `occlusion` (B, 1, 64, 64) in (0, 1).
    """

    flow: Tensor
    mask: Tensor
    occlusion: Tensor


class DenseMotion(nn.Module):
    """Weights the motions of single keypoints into one flow, and finds what was hidden.

    Parameters
    ----------
    """

    def __init__(self, layers: Layers = PLAIN):
        super().__init__()
        self.compress = layers.Conv3d(VOLUME_SHAPE[0], COMPRESSED, 1)
        self.hourglass = Hourglass(layers)
        self.mask = layers.Conv3d(HOURGLASS_WIDTH, NUM_MAPS, 7, padding=3)
        self.occlusion = layers.Conv2d(HOURGLASS_WIDTH * DEPTH, 1, 7, padding=3)

    def prepare(self, volume: Tensor, keypoints: Tensor) -> SourceVolume:
        """Compute what all frames of a portrait share.

        Takes `volume` (1, 32, 16, 64, 64), `keypoints` (1, 21, 3).
        """
        keypoints = keypoints.float()
        compressed = F.relu_(self.compress(volume)).float()
        unmoved = sample_translated(compressed, torch.zeros_like(keypoints[:, :1]))[:, 0]
        return SourceVolume(volume, compressed, unmoved, heat_maps(keypoints), keypoints)

    def forward(self, source: SourceVolume, keypoints: Tensor) -> Deformation:
        """Find the motion that brings the source's keypoints to those of the frames.

        Takes `keypoints` (B, 21, 3).
        """
        offsets = source.keypoints - keypoints  # (B, 21, 3)
        features = self.candidate_features(source, keypoints, offsets)
        features = self.hourglass(features.to(source.volume.dtype))  # (B, 142, D, H, W)
        mask = self.mask(features).float().softmax(dim=1)
        occlusion = self.occlusion(features.flatten(1, 2)).float().sigmoid()
        # The weights add up to one, so the grid, which all maps share, needs no weighting.
        moved = torch.einsum("bkdhw,bkc->bdhwc", mask[:, 1:], offsets)
        return Deformation(identity_grid(moved.device) + moved, mask, occlusion)

    def candidate_features(
        self, source: SourceVolume, keypoints: Tensor, offsets: Tensor
    ) -> Tensor:
        """Return a heat map and a sampled source for each candidate map: (B, 110, 16, 64, 64).

        `offsets` (B, 21, 3) lead from the keypoints of the frames to those of the source.
        """
        batch = len(keypoints)
        shape = (batch, DEPTH, HEIGHT, WIDTH, NUM_MAPS, 1 + COMPRESSED)
        features = keypoints.new_empty(shape).permute(0, 4, 5, 1, 2, 3)  # channels last
        features[:, 0, 0] = 0
        features[:, 0, 1:] = source.unmoved
        features[:, 1:, 0] = heat_maps(keypoints) - source.heat
        features[:, 1:, 1:] = sample_translated(source.compressed, offsets)
        return features.flatten(1, 2)
