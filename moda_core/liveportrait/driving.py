"""Motion turned into driving keypoints of one face, all frames at once (spec F.6)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..motion.keypoints import NUM_KEYPOINTS, POSE_KEYS, rotation_matrix
from ..motion.motion import LIP_KEYPOINTS, Motion, motion_info

# The reference shifts the gaze of every driven frame: keypoint and what is added to its y.
GAZE_OFFSET_Y = {11: 0.0025, 15: 0.0025, 13: 0.00075, 16: 0.00075}

# Keypoints and axes that the reference takes from the motion; the rest stays the source's.
X, Y, Z = 0, 1, 2
DRIVEN_AXES = {
    **dict.fromkeys((1, 2, 6, *range(11, 21)), (X, Y, Z)),
    3: (Y,),
    4: (Y,),
    5: (Z,),
    8: (Z,),
    9: (Y, Z),
}
SAME_FACE = 1e-4  # two runs of the extractor on one picture differ by less, two faces by more
EYE_KEYPOINTS = (11, 13, 15, 16, 18)
# Keypoints whose expression a region drives, and whether it drives the pose of the head.
ANIMATION_REGIONS = {
    "all": (tuple(DRIVEN_AXES), True),
    "expression": (tuple(DRIVEN_AXES), False),
    "pose": ((), True),
    "lips": (LIP_KEYPOINTS, False),
    "eyes": (EYE_KEYPOINTS, False),
}


@dataclass(frozen=True)
class DrivingOptions:
    """How motion drives a face; the defaults are the reference's.

    Parameters
    ----------
    relative_motion : bool, optional
        Play the motion's departure from its own rest and from its first pose, starting from this
        face's expression and pose. Default: only if the motion was made for another face, which is
        told by its `rest`.
    animation_region : {"all", "expression", "pose", "lips", "eyes"}
        What moves; the rest stays as in the picture.
    driving_multiplier : float
        Departure of the keypoints from the picture's over that asked for; 1 changes nothing.
    stitching_strength : float
        How far the shoulders are held to the picture; 1 is the network's answer, 0 is off.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    relative_motion: bool | None = None
    animation_region: str = "all"
    driving_multiplier: float = 1.0
    stitching_strength: float = 1.0

    def __post_init__(self):
        if self.animation_region not in ANIMATION_REGIONS:
            raise ValueError(
                f"Unknown animation_region {self.animation_region!r}. Use one of: "
                f"{', '.join(ANIMATION_REGIONS)}."
            )
        for name in ("driving_multiplier", "stitching_strength"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"Expected a finite {name}, got {getattr(self, name)}.")

    def is_relative(self, motion: Motion, expression: Tensor) -> bool:
        """Return whether a motion departs from a face's own expression (63,) and pose."""
        if self.relative_motion is not None:
            return self.relative_motion
        return not torch.allclose(motion.rest.cpu(), expression.cpu(), rtol=0, atol=SAME_FACE)


def expression_mask(region: str) -> Tensor:
    """Tell which expression values a region takes from the driving motion, shape (21, 3)."""
    mask = torch.zeros(NUM_KEYPOINTS, 3, dtype=torch.bool)
    for keypoint in ANIMATION_REGIONS[region][0]:
        mask[keypoint, list(DRIVEN_AXES[keypoint])] = True
    return mask


def driving_keypoints(
    info: dict[str, Tensor],
    source: Tensor,
    rescale_ratio: Tensor,
    motion: Motion,
    stitching: nn.Module,
    options: DrivingOptions | None = None,
) -> Tensor:
    """Place the keypoints (N, 21, 3), float32, of a face for every frame of a motion.

    `info`, `source` (1, 21, 3) and `rescale_ratio` (1, 1) are those of a `SourceFace`; `stitching`
    maps (N, 126), source and driving keypoints, to 65 corrections.
    """
    options = options or DrivingOptions()
    relative = options.is_relative(motion, info["exp"].reshape(63))
    driving = motion_info(motion.values.to(source), rescale_ratio)

    expression = _driven_expression(info, motion, relative, options.animation_region)
    rotation, translation = _driven_pose(info, driving, relative, options.animation_region)
    keypoints = info["kp"].reshape(1, NUM_KEYPOINTS, 3) @ rotation  # (N, 21, 3)
    keypoints = info["scale"][:, :, None] * (keypoints + expression) + translation[:, None]
    if options.stitching_strength:
        keypoints = stitch(source, keypoints, stitching, options.stitching_strength)
    return torch.lerp(source.expand_as(keypoints), keypoints, options.driving_multiplier)


def stitch(source: Tensor, driving: Tensor, network: nn.Module, strength: float = 1.0) -> Tensor:
    """Move driving keypoints so that the shoulders stay where the picture has them (spec F.3).

    The network maps source and driving keypoints, (N, 126), to 63 corrections of the keypoints and
    2 of their common x and y; `strength` scales them. Returns new keypoints (N, 21, 3).
    """
    pair = torch.cat([source.expand_as(driving).flatten(1), driving.flatten(1)], dim=1)
    delta = strength * network(pair).float()  # (N, 65)
    shift = torch.cat([delta[:, 63:], torch.zeros_like(delta[:, :1])], dim=1)
    return driving + delta[:, :63].unflatten(1, (NUM_KEYPOINTS, 3)) + shift[:, None]


def _driven_expression(
    info: dict[str, Tensor], motion: Motion, relative: bool, region: str
) -> Tensor:
    """Return the expression of every frame, shape (N, 21, 3)."""
    source = info["exp"].reshape(1, NUM_KEYPOINTS, 3)
    if relative:
        driving = source + motion.offset.to(source).unflatten(1, (NUM_KEYPOINTS, 3))
    else:
        driving = motion.values[:, :63].to(source).unflatten(1, (NUM_KEYPOINTS, 3))
    gaze = torch.zeros(NUM_KEYPOINTS, 3)
    for keypoint, offset in GAZE_OFFSET_Y.items():
        gaze[keypoint, Y] = offset
    mask = expression_mask(region).to(source.device)
    return torch.where(mask, driving + gaze.to(source), source)


def _driven_pose(
    info: dict[str, Tensor], driving: dict[str, Tensor], relative: bool, region: str
) -> tuple[Tensor, Tensor]:
    """Return rotations (N or 1, 3, 3) and translations (N or 1, 3), z being 0."""
    rotation = rotation_matrix(*(driving[key] for key in POSE_KEYS))
    translation = driving["t"]
    source_rotation = rotation_matrix(*(info[key] for key in POSE_KEYS))
    if not ANIMATION_REGIONS[region][1]:
        rotation, translation = source_rotation, info["t"]
    elif relative:
        rotation = rotation @ rotation[:1].transpose(1, 2) @ source_rotation
        translation = info["t"] + translation - translation[:1]
    in_plane = torch.tensor([1.0, 1.0, 0.0]).to(translation)
    return rotation, translation * in_plane
