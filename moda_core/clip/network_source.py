"""The released renderer on a clip: the networks see every frame."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..compositing.paste_back import PasteBack
from ..liveportrait.driving import DrivingOptions
from ..liveportrait.model import FACE_SIZE, PortraitRenderer
from ..motion.keypoints import POSE_KEYS
from ..motion.motion import (
    EXPRESSION,
    HEAD,
    MOTION_DIM,
    SCALE,
    TRANSLATION,
    Motion,
    previous_motion,
    released_stats,
)
from ..motion.regions import add_by_region
from ..portrait.crop import CropTransform, crop_face
from ..portrait.portrait import Portrait
from ..portrait.resample_picture import reduce_area
from .face_clip import FaceClip
from .lower_face import lower_face


@dataclass(frozen=True, eq=False)
class NetworkSource:
    """Renders the frames of a clip.

    Parameters
    ----------
    crops : sequence of CropTransform
        What the networks see of each frame.
    """

    crops: Sequence[CropTransform]

    def values(
        self, face: FaceClip, motion: Motion, options: DrivingOptions | None = None
    ) -> Tensor:
        """Return a motion's values (N, 70) for the face at rest in the reference frame.

        Another face's motion departs from that frame, by its own departure from its rest and its
        first pose.
        """
        if not (options or DrivingOptions()).is_relative(motion, face.rest):
            return motion.values
        values = motion.values.clone()
        values[:, EXPRESSION] = face.rest + motion.offset
        values[:, HEAD] += face.seen[face.reference, HEAD] - motion.values[0, HEAD]
        return values

    def draw(
        self,
        renderer: PortraitRenderer,
        portrait: Portrait,
        image: Tensor,
        below: Tensor,
        index: int,
        row: Tensor,
        options: DrivingOptions | None = None,
    ) -> Tensor:
        """Render a frame (H, W, 3), uint8, of the clip with a motion's row (70,), over `below`."""
        face: FaceClip = portrait.clip
        options = replace(options or DrivingOptions(), relative_motion=False)
        transform, mask = self.crops[index], _window(face, image, index)
        if face.region == "lower face":
            row = add_by_region(face.seen[index], row - face.seen[index], {"mouth": 1.0})
            if not mask.any():
                return below
        own = renderer.encode_face(reduce_area(crop_face(image, transform), FACE_SIZE))
        ratio = portrait.prepared.face.rescale_ratio.to(own.rescale_ratio)
        sized = replace(own, rescale_ratio=ratio)
        keypoints = renderer.drive(sized, Motion(row[None], face.rest), options)
        crops = renderer.render_faces(own, keypoints)
        return PasteBack(image, transform, renderer.device, mask).compose(crops, below)[0]

    def region(
        self, renderer: PortraitRenderer, portrait: Portrait, image: Tensor, index: int
    ) -> Tensor:
        """Return where a frame (H, W, 3) of the clip is replaced, (H, W), float32 in [0, 1]."""
        window = _window(portrait.clip, image, index)
        return PasteBack(image, self.crops[index], mask=window).full_mask()


def _window(face: FaceClip, image: Tensor, index: int) -> Tensor | None:
    """Return the window (H, W) of the lower face in a frame; None where all of it is replaced."""
    if face.region == "whole face":
        return None
    size = tuple(image.shape[:2])
    lower = lower_face(face.landmarks(index), face.fit(index), size)
    return torch.zeros(size) if lower is None else lower.full_window(size)


def see_by_networks(
    renderer: PortraitRenderer,
    images: Iterable[Tensor],
    crops: Sequence[CropTransform],
    reference: int,
    on_frame: Callable[[int], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the motion (M, 70) seen in images (H, W, 3), uint8, and its expression at rest (63,).

    `crops` are what the networks see of each; `reference` is the frame at rest, whose size counts.
    """
    values, ratio = torch.empty(len(crops), MOTION_DIM), None
    for index, (image, crop) in enumerate(zip(images, crops, strict=True)):
        info = renderer.see_face(reduce_area(crop_face(image, crop), FACE_SIZE))
        parts = [info["exp"], info["scale"], info["t"], *(info[axis] for axis in POSE_KEYS)]
        values[index] = torch.cat([part.flatten().float().cpu() for part in parts])
        if index == reference:
            _, ratio = previous_motion(info, released_stats())
        if on_frame is not None:
            on_frame(index + 1)
    values[:, SCALE] /= ratio.cpu()
    values[:, TRANSLATION] *= values.new_tensor([1.0, 1.0, 0.0]) / ratio.cpu()
    return values, values[reference, EXPRESSION].clone()
