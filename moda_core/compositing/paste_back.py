"""Paste animated crops back into the picture (spec G)."""

from copy import copy

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from ..portrait.crop import CropTransform
from ..portrait.image import check_picture
from ..portrait.resample_picture import sampling_grid
from .paste_mask import (
    TEMPLATE_FEATHER,
    check_mask,
    check_widths,
    covered_box,
    crop_box,
    mask_blocks,
    placed_template,
    softened_mask,
)

BLOCK_PIXELS = 1 << 16  # blended at once on a CPU, so that they stay in its cache


def frames_to_uint8(frames: Tensor) -> Tensor:
    """Convert frames (n, 3, H, W) in [0, 1] to (n, H, W, 3) uint8, on their device (spec F.5).

    Values out of range are clipped; levels are truncated, not rounded.
    """
    levels = (frames.float().clamp(0, 1) * 255).to(torch.uint8)
    return rearrange(levels, "n c h w -> n h w c").contiguous()


class PasteBack:
    """Blends crops into one picture; what doesn't depend on the crops is computed once.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        The picture.
    transform : CropTransform
        Where the crops are in the picture.
    device : torch.device or str
        Where crops are warped and blended.
    mask : Tensor, shape (H, W), in [0, 1], optional
        Opacity of the crop at each pixel of the picture, multiplied by that of the crop's own soft
        edge. Default: the whole crop.
    feather : float, optional
        Width of the soft edge in pixels of the picture. Default: that of the reference, 16 pixels
        of the crop, and none for the edge of a mask.
    erosion : float
        Pixels of the picture by which the mask, or the crop, is first made smaller.

    Raises
    ------
    ValueError
        If a shape or type is wrong, a number is negative, or the mask is not in [0, 1].
    """

    def __init__(
        self,
        image: Tensor,
        transform: CropTransform,
        device: torch.device | str = "cpu",
        mask: Tensor | None = None,
        feather: float | None = None,
        erosion: float = 0.0,
    ) -> None:
        check_picture(image)
        check_widths(feather, erosion)
        self.image = image.cpu()
        self.transform = transform
        self.device = torch.device(device)
        cover, (top, left) = _cover(self.image, transform, mask, feather, erosion)
        inner = covered_box(cover)
        self.mask = cover[inner[0] : inner[0] + inner[2], inner[1] : inner[1] + inner[3]]
        self.mask = self.mask.contiguous().to(self.device)  # (h, w)
        self.box = (top + inner[0], left + inner[1], inner[2], inner[3])
        size = (transform.size, transform.size)
        self._grid = sampling_grid(transform.to_image, size, self.box).to(self.device)
        self._rest = self._remainder(self.image)
        self._blocks = self._cut()

    def to(self, device: torch.device | str) -> "PasteBack":
        """Return the same on another device, or itself if it is there already."""
        device = torch.device(device)
        if device == self.device:
            return self
        moved = copy(self)
        moved.device, moved.mask = device, self.mask.to(device)
        moved._grid, moved._rest = self._grid.to(device), self._rest.to(device)
        moved._blocks = moved._cut()
        return moved

    def full_mask(self) -> Tensor:
        """Return the mask in the whole picture, shape (H, W), float32, on the CPU."""
        top, left, height, width = self.box
        mask = torch.zeros(self.image.shape[:2])
        mask[top : top + height, left : left + width] = self.mask.cpu()
        return mask

    def compose(self, frames: Tensor, background: Tensor | None = None) -> Tensor:
        """Blend crops (n, size, size, 3), uint8, on the device, into the picture.

        Parameters
        ----------
        background : Tensor, shape (H, W, 3) or (n, H, W, 3), uint8, optional
            Replaces the picture, for all frames or for each one.

        Returns
        -------
        Tensor, shape (n, H, W, 3), uint8
            On the CPU. Where the mask is 0 it is the background, bit for bit.
        """
        self._check(frames, background)
        backdrop = self.image if background is None else background.cpu()
        result = backdrop.expand(len(frames), *self.image.shape).clone()
        if not self.mask.numel():
            return result
        # On other devices all frames are blended at once, and copied to the CPU once.
        group = torch.get_num_threads() if self.device.type == "cpu" else max(1, len(frames))
        for start in range(0, len(frames), group):
            part = slice(start, start + group)
            if background is None:
                rest = self._rest
            else:
                rest = self._remainder(backdrop[part] if backdrop.ndim == 4 else backdrop)
            self._blend(frames[part].to(self.device), rest, result[part])
        return result

    def _cut(self) -> list[tuple[int, int, int, int]]:
        """Return the blocks that are blended one after the other."""
        on_cpu = self.device.type == "cpu"
        return mask_blocks(self.mask, BLOCK_PIXELS if on_cpu else max(1, self.mask.numel()))

    def _blend(self, frames: Tensor, rest: Tensor, result: Tensor) -> None:
        """Write a few frames into `result` (n, H, W, 3)."""
        top, left, _, width = self.box
        pixels = rearrange(frames, "n h w c -> n c h w").float()
        for start, end, solid_start, solid_end in self._blocks:
            grid = self._grid[None, start:end].expand(len(frames), -1, -1, -1)
            warped = F.grid_sample(pixels, grid, align_corners=False).round_()  # (n, 3, rows, w)
            for part in (slice(solid_start), slice(solid_end, None)):
                soft = warped[..., part].mul_(self.mask[start:end, part])
                soft.add_(rest[..., start:end, part])
            levels = warped.to(torch.uint8).cpu()  # truncates
            target = result[:, top + start : top + end, left : left + width]
            for channel in range(3):  # faster than one copy of interleaved values
                target[..., channel] = levels[:, channel]

    def _remainder(self, picture: Tensor) -> Tensor:
        """Return the visible part of a picture (..., H, W, 3), shape (..., 3, h, w)."""
        top, left, height, width = self.box
        part = picture[..., top : top + height, left : left + width, :].to(self.device)
        return (1 - self.mask) * rearrange(part, "... h w c -> ... c h w").float()

    def _check(self, frames: Tensor, background: Tensor | None) -> None:
        size = self.transform.size
        if frames.ndim != 4 or frames.shape[1:] != (size, size, 3) or frames.dtype != torch.uint8:
            raise ValueError(
                f"Expected crops of shape (n, {size}, {size}, 3) and type uint8, got "
                f"{tuple(frames.shape)} of {frames.dtype}."
            )
        if background is None:
            return
        check_picture(background[0] if background.ndim == 4 else background)
        shapes = (self.image.shape, (len(frames), *self.image.shape))
        if background.shape not in shapes:
            raise ValueError(
                f"Expected a background of the picture's shape {tuple(self.image.shape)}, or "
                f"{len(frames)} of them, got {tuple(background.shape)}. Resize it, or pass one for "
                "each frame."
            )


def _cover(
    image: Tensor,
    transform: CropTransform,
    mask: Tensor | None,
    feather: float | None,
    erosion: float,
) -> tuple[Tensor, tuple[int, int]]:
    """Return the mask around the crop (h, w), and the row and column of its corner."""
    height, width = image.shape[:2]
    box = top, left, box_height, box_width = crop_box(transform, height, width)
    if mask is None:
        soft = TEMPLATE_FEATHER if feather is None else feather * transform.scale
        return placed_template(transform, box, soft, erosion * transform.scale), (top, left)
    check_mask(mask, (height, width))
    mask = softened_mask(mask.cpu(), feather or 0.0, erosion)
    template = placed_template(transform, box, TEMPLATE_FEATHER, 0.0)
    part = mask[top : top + box_height, left : left + box_width]
    return part * template, (top, left)
