"""Clips of people who speak, with known motion, to be given other speech.

Both bundled portraits speak, and turn their heads; two clips have grain, one a moving camera, and
one a cut between two sizes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from moda_core.bundles.bundle import Bundle
from moda_core.example import PORTRAIT, SECOND_PORTRAIT
from moda_core.motion.motion import Motion

GRAIN = 4.0  # grey levels
CAMERA_PIXELS, CAMERA_S = 14.0, 3.0  # how far the camera moves, and the period
CLOSER = 1.25  # after the cut

Change = Callable[[Tensor, int], Tensor]  # (frame (H, W, 3), index) -> frame


@dataclass(frozen=True)
class ClipKind:
    """How a clip is made of a portrait that speaks.

    Parameters
    ----------
    portrait : Path
    changes : tuple of Change
        Applied to each frame, one after the other.
    seed : int
        Of the motion.
    """

    portrait: object
    changes: tuple[Change, ...]
    seed: int


def add_grain(frame: Tensor, index: int) -> Tensor:
    """Add grey grain, another one to each frame."""
    noise = np.random.default_rng(index).normal(0, GRAIN, (*frame.shape[:2], 1))
    return (frame + torch.from_numpy(noise)).round().clamp(0, 255).to(torch.uint8)


def move_camera(frame: Tensor, index: int) -> Tensor:
    """Shift and turn the picture a little, as a camera in a hand does."""
    angle = 2 * np.pi * index / 25 / CAMERA_S
    shift = CAMERA_PIXELS * np.sin(angle), 0.6 * CAMERA_PIXELS * np.sin(1.7 * angle)
    return _resampled(frame, 1.04, 0.02 * np.sin(0.6 * angle), shift)


def come_closer(frame: Tensor, index: int, cut: int = 50) -> Tensor:
    """Enlarge the picture from one frame on."""
    return frame if index < cut else _resampled(frame, CLOSER, 0.0, (0.0, 0.0))


def _resampled(frame: Tensor, scale: float, turn: float, shift: tuple[float, float]) -> Tensor:
    height, width = frame.shape[:2]
    cosine, sine = np.cos(turn) / scale, np.sin(turn) / scale
    row = [cosine, -sine * height / width, 2 * shift[0] / width]
    column = [sine * width / height, cosine, 2 * shift[1] / height]
    grid = F.affine_grid(torch.tensor([[row, column]]).float(), (1, 3, height, width), False)
    planes = frame.permute(2, 0, 1)[None].float()
    moved = F.grid_sample(planes, grid, "bicubic", "reflection", align_corners=False)
    return moved[0].round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)


KINDS = {
    "first": ClipKind(PORTRAIT, (), 7),
    "second": ClipKind(SECOND_PORTRAIT, (), 8),
    "grain": ClipKind(PORTRAIT, (add_grain,), 9),
    "camera and grain": ClipKind(SECOND_PORTRAIT, (move_camera, add_grain), 10),
    "cut": ClipKind(PORTRAIT, (come_closer,), 11),
}


def spoken_frames(bundle: Bundle, kind: ClipKind, motion: Motion) -> Iterator[Tensor]:
    """Yield the frames (H, W, 3), uint8, of a clip."""
    portrait, index = bundle.portrait(kind.portrait), 0
    for chunk in bundle.render(portrait, motion):
        for frame in chunk:
            for change in kind.changes:
                frame = change(frame, index)
            yield frame
            index += 1
