"""The portrait networks by the names of their files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from .appearance import AppearanceExtractor, convert_appearance
from .folding import State
from .motion_extractor import MotionExtractor, convert_motion_extractor
from .spade import SPADEDecoder, convert_spade
from .stitching import EYE_WIDTHS, LIP_WIDTHS, STITCHING_WIDTHS, KeypointMLP, convert_keypoint_mlp
from .warping import WarpingNetwork, convert_warping

# How to build each network (layers), and how to convert its released weights.
NETWORKS: dict[str, tuple[Callable[..., nn.Module], Callable[[State], State]]] = {
    "appearance_feature_extractor": (AppearanceExtractor, convert_appearance),
    "motion_extractor": (MotionExtractor, convert_motion_extractor),
    "warping_module": (WarpingNetwork, convert_warping),
    "spade_generator": (SPADEDecoder, convert_spade),
    "retarget_shoulder": (partial(KeypointMLP, STITCHING_WIDTHS), convert_keypoint_mlp),
    "retarget_mouth": (partial(KeypointMLP, LIP_WIDTHS), convert_keypoint_mlp),
    "retarget_eye": (partial(KeypointMLP, EYE_WIDTHS), convert_keypoint_mlp),
}


@dataclass(frozen=True, eq=False)
class RendererNetworks:
    """The five networks of the released renderer."""

    appearance: AppearanceExtractor
    motion: MotionExtractor
    stitching: KeypointMLP
    warping: WarpingNetwork
    decoder: SPADEDecoder
