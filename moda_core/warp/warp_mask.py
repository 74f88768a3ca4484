"""Where frames of a prepared region replace a picture: as far as the head's movement reaches."""

import torch
from torch import Tensor

from ..compositing.paste_mask import softened_mask
from ..motion.easing import smoothstep
from .pose_field import head_weight
from .warp_region import Region

# Share of the head's movement from which on the frame alone is seen: half of the shoulders' share.
# Where more moves, a soft edge would show it twice.
SOLID_SHARE = 0.06
EDGE = 0.13  # width of the soft edge that this gives beside the head, in eye distances


def region_mask(
    region: Region, size: tuple[int, int], feather: float | None = None, erosion: float = 0.0
) -> Tensor:
    """Return where frames are seen.

    Parameters
    ----------
    region : Region
    size : tuple of int
        Height and width of the picture.
    feather : float, optional
        Width of the soft edge in pixels, inwards. Default: the last bit of the head's reach.
    erosion : float
        Width in pixels by which the head's reach is made smaller first.

    Returns
    -------
    Tensor, shape (H, W), float32, in [0, 1]
        On the CPU; 0 where the head carries nothing, whatever the motion.
    """
    share = head_weight(region.shape, region.face_x, region.face_y).float().cpu()
    mask = torch.zeros(size)
    region.view(mask).copy_(smoothstep(0.0, SOLID_SHARE, share))
    if feather is None and not erosion:
        return mask
    width = EDGE * region.shape.frame.unit if feather is None else feather
    return softened_mask((mask > 0).float(), width, erosion)
