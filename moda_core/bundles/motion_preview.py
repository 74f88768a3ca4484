"""A motion on a small picture of a face, rendered in parts as they are asked for.

The built-in renderer draws it on the CPU, whatever renderer will make the video.
"""

from collections.abc import Sequence
from functools import cached_property

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from ..motion.controls import CONTROLS, lip_opening, read
from ..motion.motion import PITCH, ROLL, YAW, Motion
from ..portrait.face_view import face_view
from ..portrait.portrait import Portrait
from ..warp.warp_renderer import WarpRenderer

SIDE = 256  # pixels of the longer side
COLUMNS, ROWS = 5, 5  # of a sheet
SHEET_FRAMES = COLUMNS * ROWS
MOST_POINTS = 1500  # of a curve
ANGLES = {"pitch": PITCH, "yaw": YAW, "roll": ROLL}
SHOWN_CONTROLS = ("smile", "brow")


class MotionPreview:
    """A face that plays a motion, which may still grow.

    Parameters
    ----------
    portrait : Portrait
        Of any renderer.
    motion : Motion
    """

    def __init__(self, portrait: Portrait, motion: Motion):
        self.motion = motion
        self._picture = portrait.image, portrait.landmarks  # not what a renderer prepared of it

    @cached_property
    def portrait(self) -> Portrait:
        """The part of the picture around the face, for the built-in renderer."""
        return WarpRenderer().portrait(*face_view(*self._picture, SIDE))

    @property
    def num_sheets(self) -> int:
        """How many sheets the motion has; the last one may not be full."""
        return -(-len(self.motion) // SHEET_FRAMES)

    def sheet(self, index: int) -> Tensor:
        """Return frames of the motion side by side, row by row: (5 * h, 5 * w, 3), uint8.

        Raises `ValueError` if the motion has no such sheet.
        """
        if not 0 <= index < self.num_sheets:
            raise ValueError(
                f"The preview has {self.num_sheets} sheets, got {index}. Ask for one from 0 on."
            )
        start = index * SHEET_FRAMES
        stop = min(start + SHEET_FRAMES, len(self.motion))
        chunks = WarpRenderer().frames(self.portrait, self.motion, start=start, stop=stop)
        frames = torch.cat(list(chunks))
        frames = F.pad(frames, (0, 0, 0, 0, 0, 0, 0, SHEET_FRAMES - len(frames)))
        return rearrange(frames, "(r c) h w k -> (r h) (c w) k", r=ROWS)


def motion_curves(motion: Motion) -> dict[str, list[float]]:
    """Return what a motion does over time, in up to 1,500 points each.

    Lips are their opening in eye distances, angles are in degrees, "blink" is the mean closure of
    the lids, and the others are controls.
    """
    controls = dict(zip(CONTROLS, read(motion.offset).unbind(1), strict=True))
    curves = {"lips": lip_opening(controls)}
    curves |= {name: motion.values[:, dims].flatten() for name, dims in ANGLES.items()}
    curves["blink"] = (controls["blink_left"] + controls["blink_right"]) / 2
    curves |= {name: controls[name] for name in SHOWN_CONTROLS}
    step = -(-len(motion) // MOST_POINTS)
    return {name: _rounded(curve[::step].tolist()) for name, curve in curves.items()}


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 3) for value in values]
