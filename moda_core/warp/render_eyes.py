"""Movement of lids, gaze and brows as a backward displacement, and the shading of moving lids."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..motion.easing import bump, shoulder, smoothstep
from .face_shape import EyeShape, FaceShape

BLINKS = ("blink_left", "blink_right")
LOWER_LID_RISE = 0.2  # of the eye's opening, in a full blink
LID_OVERLAP = 0.028  # of shut lids over the rims, since eyes differ from the template
BROW_RISE, WORRY_RISE, FROWN_DROP, FROWN_IN = 0.12, 0.11, 0.09, 0.06
GAZE_X = 0.055
BROW_X = 0.5
LID_PAINT = 0.65  # share of plain skin in the stretched skin, in a full blink
CREASE_BELOW_BROW = 0.13  # upper end of the skin that a blink stretches


@dataclass(frozen=True)
class LidPlace:
    """Points relative to one eye, each (n, h, w)."""

    across: Tensor  # place along the eye, -1 and 1 at its corners
    above_lid: Tensor  # distance above the edge of the upper lid, as moved
    above_source: Tensor  # the same in the picture
    shut: Tensor  # (n, 1, 1), 0 open to 1 shut


def eye_shift(
    shape: FaceShape, index: int, x: Tensor, y: Tensor, controls: dict[str, Tensor]
) -> tuple[Tensor, Tensor, LidPlace]:
    """Return the shift of one eye's lids and iris at points (n, h, w) of the unturned, moving face.

    Each control has shape (n, 1, 1). Subtract the shift from `x` and `y` to find a point in the
    picture; the third value says where the points lie around the upper lid.
    """
    eye, blink, gaze = shape.eyes[index], controls[BLINKS[index]], controls["gaze"]
    across = (x - eye.x) / eye.half_width
    profile = (1 - across**2).clamp(min=0) ** 0.6
    line = eye.y + eye.slope * (x - eye.x).clamp(-eye.half_width, eye.half_width)
    upper, lower = line + eye.upper * profile, line + eye.lower * profile
    span = lower - upper
    shut, wide = blink.clamp(min=0), blink.clamp(max=0)
    lid = upper + span * (shut * (1 - LOWER_LID_RISE) + 0.35 * wide)
    rise = -LOWER_LID_RISE * span * shut
    crease = shape.brow + CREASE_BELOW_BROW
    fold = (y - crease) / (lid - crease).clamp(min=0.02)
    carried = smoothstep(0.0, 0.82, fold) * shoulder(across, 0.95, 0.3)
    above_lid, below_rim = lid - y, y - (lower + rise)
    overlap = LID_OVERLAP * smoothstep(0.2, 0.9, shut) * profile
    shift_upper = (lid - upper + overlap) * carried
    shift_lower = (rise - overlap) * bump(below_rim.clamp(min=0), 0.12)
    ball_x, ball_y = _eyeball(eye, across, y, lid, lower, wide, gaze)
    on_lid, on_rim = above_lid > 0, below_rim > 0
    shift_y = torch.where(on_lid, shift_upper, torch.where(on_rim, shift_lower, ball_y))
    shift_x = torch.where(on_lid | on_rim, 0.0, ball_x)
    return shift_x, shift_y, LidPlace(across, above_lid, upper - y, shut)


def _eyeball(
    eye: EyeShape, across: Tensor, y: Tensor, lid: Tensor, lower: Tensor, wide: Tensor, gaze: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the shift of the iris with the gaze, and the stretch below a raised lid."""
    down = ((y - lid) / (lower - lid).clamp(min=0.02)).clamp(0, 1)
    turned = gaze * GAZE_X * shoulder(across, 0.45, 0.28) * smoothstep(0.0, 0.2, down)
    span = (eye.lower - eye.upper) * (1 - across**2).clamp(min=0) ** 0.6
    return turned, 0.35 * wide * span * (1 - down) ** 2


def shade_lids(lid: LidPlace, picture: Tensor, skin: Tensor, unit: float) -> Tensor:
    """Replace the skin that a closing lid stretches, and darken the line of the lashes.

    `picture` (1, 3, h, w), 0 to 255, is one warped frame; `skin` (3,) the colour of the lid; `unit`
    the eye distance in pixels.
    """
    closing = smoothstep(0.3, 0.9, lid.shut)
    along = (1 - lid.across**2).clamp(min=0)
    covered = smoothstep(0.0, 0.03, lid.above_lid) * smoothstep(0.05, -0.03, lid.above_source)
    painted = LID_PAINT * closing * covered * smoothstep(0.0, 0.3, along)
    round_lid = 0.94 + 0.06 * bump(lid.across, 0.6) - 0.1 * bump(lid.above_lid, 0.05)
    picture = torch.lerp(picture, skin.view(1, 3, 1, 1) * round_lid[:, None], painted[:, None])
    lashes = bump(lid.above_lid - 0.006, max(0.014, 1.0 / unit)) * along**0.6
    return picture * (1 - 0.38 * closing * lashes)[:, None]


def brow_shift(
    shape: FaceShape, x: Tensor, y: Tensor, controls: dict[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the shift of brows and forehead at points (n, h, w), to subtract from `x` and `y`."""
    brow, worry, frown = controls["brow"], controls["worry"], controls["frown"]
    outwards = x.abs()
    height = bump((y - shape.brow).clamp(min=0), 0.19) * bump((y - shape.brow).clamp(max=0), 0.34)
    whole = height * shoulder(outwards - BROW_X, 0.2, 0.25)
    inner = height * bump(outwards - 0.22, 0.24)
    outer = height * bump(outwards - 0.78, 0.22)
    shift_y = -BROW_RISE * brow * whole
    shift_y = shift_y - WORRY_RISE * worry * (inner - 0.35 * outer)
    shift_y = shift_y + FROWN_DROP * frown * (inner + 0.35 * whole)
    inwards = bump(outwards - 0.3, 0.22) * height * (x / 0.15).clamp(-1, 1)
    return -FROWN_IN * frown * inwards, shift_y
