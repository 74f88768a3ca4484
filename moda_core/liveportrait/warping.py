"""The warping network: a portrait's volume, moved to the keypoints of frames (spec F.4)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..motion.keypoints import NUM_KEYPOINTS
from ..runtime.layers import PLAIN, Layers
from .dense_motion import DEPTH, VOLUME_SHAPE, Deformation, DenseMotion, SourceVolume
from .folding import State, fold_batch_norm, fold_conv_blocks
from .grid_sample import sample

FEATURE_WIDTH = 256
NEGATIVE_SLOPE = 0.01


class ConvLeakyReLU(nn.Module):
    """A 3x3 convolution, with the batch norm after it folded in, then leaky ReLU.

    Parameters
    ----------
    in_channels, out_channels : int
        Widths.
    """

    def __init__(self, in_channels, out_channels, layers: Layers = PLAIN):
        super().__init__()
        self.conv = layers.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and rectify: (B, C, H, W) to (B, out, H, W)."""
        return F.leaky_relu_(self.conv(x), NEGATIVE_SLOPE)


class WarpingNetwork(nn.Module):
    """Moves a portrait's volume to keypoints, and projects it to a feature map.

    Parameters
    ----------
    layers : Layers
        Makes the layers.
    """

    def __init__(self, layers: Layers = PLAIN):
        super().__init__()
        self.dense_motion_network = DenseMotion(layers)
        self.third = ConvLeakyReLU(VOLUME_SHAPE[0] * DEPTH, FEATURE_WIDTH, layers)
        self.fourth = layers.Conv2d(FEATURE_WIDTH, FEATURE_WIDTH, 1)

    def prepare(self, volume: Tensor, kp_source: Tensor) -> SourceVolume:
        """Compute what all frames of a portrait share.

        Takes `volume` (1, 32, 16, 64, 64), `kp_source` (1, 21, 3).
        """
        if tuple(volume.shape) != (1, *VOLUME_SHAPE):
            raise ValueError(
                f"Expected the features of one portrait, {(1, *VOLUME_SHAPE)}, got "
                f"{tuple(volume.shape)}. "
                "Prepare one portrait at a time."
            )
        _check_keypoints(kp_source, "kp_source")
        if len(kp_source) != 1:
            raise ValueError(
                f"Expected kp_source of one portrait, got {len(kp_source)}. "
                "Prepare one portrait at a time."
            )
        return self.dense_motion_network.prepare(volume, kp_source)

    def deformation(self, source: SourceVolume, kp_driving: Tensor) -> Deformation:
        """Find where the voxels of frames come from; `kp_driving` (B, 21, 3)."""
        _check_keypoints(kp_driving, "kp_driving")
        return self.dense_motion_network(source, kp_driving.float())

    def project(self, source: SourceVolume, deformation: Deformation) -> Tensor:
        """Move the volume, and flatten it to a feature map, shape (B, 256, 64, 64)."""
        flow = deformation.flow
        volumes = source.volume.expand(len(flow), -1, -1, -1, -1)
        x = sample(volumes, flow).flatten(1, 2)  # (B, 512, 64, 64), channel-major, depth minor
        x = self.third(x.contiguous(memory_format=torch.channels_last))
        x = self.fourth(x)
        return x * deformation.occlusion.to(x.dtype)

    def forward(self, source: SourceVolume, kp_driving: Tensor) -> Tensor:
        """Warp a portrait to the keypoints of frames: (B, 21, 3) to (B, 256, 64, 64)."""
        return self.project(source, self.deformation(source, kp_driving))


def convert_warping(state: State) -> State:
    """Bring the warping network's weights from the released layout into ours."""
    motion = "dense_motion_network."
    compress = fold_batch_norm(state, f"{motion}compress", f"{motion}norm")
    folded = fold_conv_blocks(state)
    rest = {
        key: tensor
        for key, tensor in folded.items()
        if not key.startswith((f"{motion}norm.", f"{motion}compress."))
    }
    return rest | compress


def _check_keypoints(keypoints: Tensor, name: str) -> None:
    if keypoints.ndim != 3 or tuple(keypoints.shape[1:]) != (NUM_KEYPOINTS, 3):
        raise ValueError(
            f"Expected {name} of shape (B, {NUM_KEYPOINTS}, 3), got {tuple(keypoints.shape)}. "
            "Use keypoints of `transform_keypoints`."
        )
