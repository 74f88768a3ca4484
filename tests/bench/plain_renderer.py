"""The portrait networks written plainly from the specification (section F).

Default memory format, nothing folded, cached or shared: the baseline of the renderer's speed and an
independent reference for its tests. Modules have the names of the released files, so a released
state loads as it is.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

NUM_KEYPOINTS = 21
DEPTH, SIZE = 16, 64


class ConvNormRelu(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, conv: nn.Module, norm: nn.Module):
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


def block_2d(in_channels: int, out_channels: int) -> ConvNormRelu:
    """Return a 3x3 block."""
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    return ConvNormRelu(conv, nn.BatchNorm2d(out_channels))


def block_3d(in_channels: int, out_channels: int) -> ConvNormRelu:
    """Return a 3x3x3 block."""
    conv = nn.Conv3d(in_channels, out_channels, 3, padding=1)
    return ConvNormRelu(conv, nn.BatchNorm3d(out_channels))


class PlainResidual3d(nn.Module):
    """Two normalised convolutions beside the identity."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv3d(32, 32, 3, padding=1)
        self.conv2 = nn.Conv3d(32, 32, 3, padding=1)
        self.norm1, self.norm2 = nn.BatchNorm3d(32), nn.BatchNorm3d(32)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y)))


class PlainAppearance(nn.Module):
    """Section F.1."""

    def __init__(self):
        super().__init__()
        self.first = block_2d(3, 64)
        self.down_blocks = nn.ModuleList([block_2d(64, 128), block_2d(128, 256)])
        self.second = nn.Conv2d(256, 512, 1)
        blocks = {f"3dr{index}": PlainResidual3d() for index in range(6)}
        self.resblocks_3d = nn.Sequential()
        for name, block in blocks.items():
            self.resblocks_3d.add_module(name, block)

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)
        for block in self.down_blocks:
            x = F.avg_pool2d(block(x), 2)
        x = self.second(x)
        return self.resblocks_3d(x.reshape(len(x), 32, DEPTH, SIZE, SIZE))


class PlainHourglass(nn.Module):
    """The encoder and decoder of section F.4, step 5."""

    def __init__(self):
        super().__init__()
        down, up = (110, 64, 128, 256, 512, 1024), (512, 256, 128, 64, 32)
        self.encoder, self.decoder = nn.Module(), nn.Module()
        self.encoder.down_blocks = nn.ModuleList(
            block_3d(*pair) for pair in itertools.pairwise(down)
        )
        inputs = (1024, *(2 * width for width in up[:-1]))
        self.decoder.up_blocks = nn.ModuleList(
            block_3d(*pair) for pair in zip(inputs, up, strict=True)
        )
        self.decoder.conv = nn.Conv3d(142, 142, 3, padding=1)
        self.decoder.norm = nn.BatchNorm3d(142)

    def forward(self, x: Tensor) -> Tensor:
        skips = [x]
        for block in self.encoder.down_blocks:
            skips.append(F.avg_pool3d(block(skips[-1]), (1, 2, 2)))
        x = skips.pop()
        for block in self.decoder.up_blocks:
            x = block(F.interpolate(x, scale_factor=(1, 2, 2)))
            x = torch.cat([x, skips.pop()], dim=1)
        return F.relu(self.decoder.norm(self.decoder.conv(x)))


class PlainDenseMotion(nn.Module):
    """Section F.4, steps 1 to 6."""

    def __init__(self):
        super().__init__()
        self.compress = nn.Conv3d(32, 4, 1)
        self.norm = nn.BatchNorm3d(4)
        self.hourglass = PlainHourglass()
        self.mask = nn.Conv3d(142, NUM_KEYPOINTS + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(142 * DEPTH, 1, 7, padding=3)

    def forward(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> dict[str, Tensor]:
        batch, grid = len(kp_driving), identity_grid().to(volume)
        maps = grid - kp_driving[:, :, None, None, None] + kp_source[:, :, None, None, None]
        maps = torch.cat([grid.expand(batch, 1, *grid.shape), maps], dim=1)  # (B, 22, D, H, W, 3)

        compressed = F.relu(self.norm(self.compress(volume)))
        repeated = compressed[:, None].expand(batch, 22, *compressed.shape[1:]).flatten(0, 1)
        sampled = F.grid_sample(repeated, maps.flatten(0, 1), align_corners=False)
        sampled = sampled.unflatten(0, (batch, 22))  # (B, 22, 4, D, H, W)
        heat = heat_maps(kp_driving, grid) - heat_maps(kp_source, grid)
        heat = torch.cat([torch.zeros_like(heat[:, :1]), heat], dim=1)
        features = self.hourglass(torch.cat([heat[:, :, None], sampled], dim=2).flatten(1, 2))

        mask = self.mask(features).softmax(dim=1)
        deformation = (mask[..., None] * maps).sum(dim=1)
        occlusion = self.occlusion(features.flatten(1, 2)).sigmoid()
        return {"mask": mask, "deformation": deformation, "occlusion": occlusion}


class PlainWarping(nn.Module):
    """Section F.4."""

    def __init__(self):
        super().__init__()
        self.dense_motion_network = PlainDenseMotion()
        self.third = block_2d(512, 256)
        self.fourth = nn.Conv2d(256, 256, 1)

    def forward(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> dict[str, Tensor]:
        motion = self.dense_motion_network(volume, kp_source, kp_driving)
        volumes = volume.expand(len(kp_driving), -1, -1, -1, -1)
        x = F.grid_sample(volumes, motion["deformation"], align_corners=False).flatten(1, 2)
        x = F.leaky_relu(self.third.norm(self.third.conv(x)), 0.01)
        return {**motion, "out": self.fourth(x) * motion["occlusion"]}


def identity_grid() -> Tensor:
    """Return the grid of section F.4, step 2, shape (16, 64, 64, 3), coordinates (x, y, z)."""
    z, y, x = torch.meshgrid(
        *(torch.linspace(-1, 1, size) for size in (DEPTH, SIZE, SIZE)), indexing="ij"
    )
    return torch.stack([x, y, z], dim=-1)


def heat_maps(keypoints: Tensor, grid: Tensor) -> Tensor:
    """Return one Gaussian for each keypoint, shape (B, 21, 16, 64, 64)."""
    return torch.exp(-50 * (grid - keypoints[:, :, None, None, None]).square().sum(dim=-1))


class PlainSPADE(nn.Module):
    """One modulated norm of section F.5."""

    def __init__(self, width: int):
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(256, 128, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(128, width, 3, padding=1)
        self.mlp_beta = nn.Conv2d(128, width, 3, padding=1)

    def forward(self, x: Tensor, segmentation: Tensor) -> Tensor:
        shared = self.mlp_shared(F.interpolate(segmentation, size=x.shape[2:]))
        return F.instance_norm(x) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)


class PlainSPADEBlock(nn.Module):
    """One residual block of section F.5."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        middle = min(in_channels, out_channels)
        self.conv_0 = spectral_norm(nn.Conv2d(in_channels, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, out_channels, 3, padding=1))
        self.norm_0, self.norm_1 = PlainSPADE(in_channels), PlainSPADE(middle)
        self.conv_s = None
        if in_channels != out_channels:
            self.conv_s = spectral_norm(nn.Conv2d(in_channels, out_channels, 1, bias=False))
            self.norm_s = PlainSPADE(in_channels)

    def forward(self, x: Tensor, segmentation: Tensor) -> Tensor:
        y = self.conv_0(F.leaky_relu(self.norm_0(x, segmentation), 0.2))
        y = self.conv_1(F.leaky_relu(self.norm_1(y, segmentation), 0.2))
        return y + (x if self.conv_s is None else self.conv_s(self.norm_s(x, segmentation)))


class PlainSPADEDecoder(nn.Module):
    """Section F.5."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Conv2d(256, 512, 3, padding=1)
        for index in range(6):
            self.add_module(f"G_middle_{index}", PlainSPADEBlock(512, 512))
        self.up_0, self.up_1 = PlainSPADEBlock(512, 256), PlainSPADEBlock(256, 64)
        self.conv_img = nn.Sequential(nn.Conv2d(64, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, feature: Tensor) -> Tensor:
        x = self.fc(feature)
        for index in range(6):
            x = self.get_submodule(f"G_middle_{index}")(x, feature)
        x = self.up_0(F.interpolate(x, scale_factor=2), feature)
        x = self.up_1(F.interpolate(x, scale_factor=2), feature)
        return self.conv_img(F.leaky_relu(x, 0.2)).sigmoid()
