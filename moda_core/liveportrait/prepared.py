"""What the released renderer keeps of a portrait."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..compositing.paste_back import PasteBack
from ..portrait.crop import CropTransform
from .dense_motion import SourceVolume


@dataclass(frozen=True, eq=False)
class SourceFace:
    """What the networks say of the face in a picture, computed once.

    Parameters
    ----------
    info : dict
        Refined motion info, see `refine_motion_info`, batch 1.
    keypoints : Tensor, shape (1, 21, 3)
        Where the picture has them.
    rescale_ratio : Tensor, shape (1, 1)
        Scale of the face over the data set's mean scale.
    volume : SourceVolume
        Appearance, with all that the warp derives from the source alone.
    """

    info: dict[str, Tensor]
    keypoints: Tensor
    rescale_ratio: Tensor
    volume: SourceVolume

    def to(self, device: torch.device | str, dtype: torch.dtype = torch.float32) -> "SourceFace":
        """Return the same on another device."""
        return SourceFace(
            {key: value.to(device) for key, value in self.info.items()},
            self.keypoints.to(device),
            self.rescale_ratio.to(device),
            self.volume.to(device, dtype),
        )


@dataclass(frozen=True, eq=False)
class PreparedPortrait:
    """A face with its place in the full picture; kept on the CPU.

    Parameters
    ----------
    crop : Tensor, shape (512, 512, 3), uint8
        What was cut out of the picture.
    transform : CropTransform
        Between the picture and the crop.
    paste : PasteBack
        Puts frames back into the picture.
    """

    face: SourceFace
    crop: Tensor
    transform: CropTransform
    paste: PasteBack
