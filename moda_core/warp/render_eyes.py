"""Movement of lids, gaze and brows as backward displacements, and the layers of an eye."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..face.eye_shape import EyeShape, eye_height, lid_rims
from ..head.seen_glasses import HALF_RIM, below_rims
from ..motion.easing import bump, shoulder, smoothstep
from .drive import Controls
from .face_shape import FaceShape

BLINKS = ("blink_left", "blink_right")
LOWER_SHARE, CORNER_SHARE = 0.14, 0.15  # of closing an eye, by the lower lid; more at the corners
CORNER_DROP, CORNER_END = 0.04, 1.6  # of the outer corner of a shut eye; reach in half widths
WIDENING = 0.35  # rise of the upper lid of a wide eye, of the opening
LID_OVERLAP = 0.03  # of shut lids, since eyes differ from the landmarks
LID_EDGE = 0.012  # of the eyeball's rim, that belongs to the lids
CLEARED_RIM = 0.7  # share of the lower rim that belongs to the eyeball once the iris has gone
LASHES = 0.045  # skin above the rim that moves as it is, with the lashes
LEAST_LID, LID_SHARE = 0.14, 0.66  # height of what a blink moves, at least; of the way to the brow
BELOW_LID = 0.12  # height of what a blink moves below the eye
BROW_RISE, WORRY_RISE, FROWN_DROP, FROWN_IN = 0.12, 0.11, 0.09, 0.06
GAZE_X = 0.08  # shift of the iris
GAZE_ROOM = 0.6  # of the iris, that stays beside the corner of the eye
BROW_X = 0.5
ABOVE_RIM, GLASSES_SHARE = 0.33, 0.75  # where brows move whole, and how far, above glasses
LEAST_REACH, RIM_EDGE = 0.02, 0.015  # of a lid below glasses; of the change below their rim
LASH_LINE = 0.015  # half height of that line
LASH_PAINT = 0.95  # share of the colour of the lashes in the line of a shut eye
LID_PAINT = 0.95  # share of plain skin in the skin that a blink stretches


@dataclass(frozen=True)
class EyePlaces:
    """Shifts of an eye's layers, and points relative to its lids, each (n, h, w).

    Subtract a shift from a point to find the layer's point in the picture.
    """

    upper_shift: Tensor  # of the upper lid, downwards
    lower_shift: Tensor
    gaze: Tensor  # (n, 1, 1), of the iris, to the right
    on_upper: Tensor  # distance above the edge of the upper lid's layer
    on_lower: Tensor
    above_rim: Tensor  # distance above the rim of the upper lid, as moved
    bare: Tensor  # 1 below the rims of glasses, if there are any, 0 on and above them
    drop: Tensor  # of the lid's rim
    dome: Tensor  # 1 in the middle of the eye, 0 at its corners
    shut: Tensor  # (n, 1, 1), 0 open to 1 shut
    cleared: Tensor  # (n, 1, 1), share of the rims from which the iris has gone


def eye_places(
    shape: FaceShape, index: int, x: Tensor, y: Tensor, controls: Controls, unit: float
) -> EyePlaces:
    """Return where the layers of one eye come from, at points (n, h, w) of the unturned face.

    Each control has shape (n, 1, 1); eye 0 is the image's left one. Each column of the lids closes
    by its own opening.
    """
    eye, blink = shape.eyes[index], controls[BLINKS[index]]
    shut, wide = blink.clamp(min=0), blink.clamp(max=0)
    upper, lower, dome = lid_rims(eye, x)
    outwards = (x - eye.x) * (math.copysign(1, eye.x) / eye.half_width)
    sunk = (
        CORNER_DROP * shut * smoothstep(0.2, 1.0, outwards) * smoothstep(CORNER_END, 1.0, outwards)
    )
    height, opening = eye_height(eye, x, y) - sunk, lower - upper
    overlap = LID_OVERLAP * smoothstep(0.5, 1.0, shut) * dome
    share = LOWER_SHARE + CORNER_SHARE * (1 - dome)
    drop = opening * ((1 - share) * shut + WIDENING * wide) + overlap
    rise = opening * share * shut
    above_rim, below_rim = upper + drop - height, height - lower + rise
    reach = (upper + (eye.y - shape.brow)).clamp(min=LEAST_LID / LID_SHARE) * LID_SHARE - LASHES
    bare = torch.ones_like(x)
    if shape.rims:
        below = below_rims(shape.rims, x, y) - HALF_RIM
        reach = torch.minimum(reach, below + upper - height - LASHES).clamp(min=LEAST_REACH)
        bare = smoothstep(0.0, RIM_EDGE, below)
    eased = ((above_rim - LASHES) / (reach + drop)).clamp(0, 1)
    carried = 1 - eased * eased * (3 - 2 * eased)
    gaze = _gaze(eye, controls["gaze"])
    cleared = (gaze.abs() * (4 / eye.iris_radius)).clamp(max=1) * (1 - shut)
    edge = LID_EDGE + 1 / unit
    lower_edge = edge * (1 - CLEARED_RIM * cleared)
    return EyePlaces(
        (drop + sunk) * carried * bare,
        (sunk - rise) * smoothstep(BELOW_LID, 0.0, below_rim),
        gaze,
        above_rim + (edge - drop).clamp(0, edge),
        below_rim + torch.minimum((edge - rise).clamp(min=0), lower_edge),
        above_rim,
        bare,
        drop,
        dome,
        shut,
        cleared,
    )


def _gaze(eye: EyeShape, gaze: Tensor) -> Tensor:
    """Return the shift of the iris, which stays between the corners."""
    room = eye.half_width - GAZE_ROOM * eye.iris_radius
    least, most = eye.x - eye.iris_x - room, eye.x - eye.iris_x + room
    return (GAZE_X * gaze).clamp(min(least, 0.0), max(most, 0.0))


def join_eye(
    places: EyePlaces,
    upper: Tensor,
    lower: Tensor,
    ball: Tensor,
    skin: Tensor,
    lash_line: tuple[Tensor, float],
    unit: float,
) -> Tensor:
    """Lay the lids over the eyeball.

    Pictures are (n, 3, h, w), 0 to 255: both lids and the eyeball as moved, and the skin of the
    shut lid, which replaces what a blink stretches; `lash_line` is its colour (3,) and
    the width of its edges in pixels, `unit` the eye distance in pixels.
    """
    picture = torch.lerp(ball, lower, _cover(places.on_lower, unit))
    return torch.lerp(
        picture, _upper_lid(places, upper, skin, lash_line, unit), _cover(places.on_upper, unit)
    )


def _cover(distance: Tensor, unit: float) -> Tensor:
    """Return the covered share (n, 1, h, w) of pixels at a distance inside an edge."""
    return (distance * unit + 0.5).clamp(0, 1)[:, None]


def _upper_lid(
    places: EyePlaces, lid: Tensor, skin: Tensor, lash_line: tuple[Tensor, float], unit: float
) -> Tensor:
    above, drop = places.above_rim, places.drop
    closing = smoothstep(0.15, 0.8, places.shut)
    plain = smoothstep(LASHES - 0.023, LASHES + 0.003, above) * (drop * 20).clamp(0, 1)
    plain = plain * smoothstep(1.3, 0.7, (above - LASHES) / (drop + 0.04))
    lid = torch.lerp(lid, skin, (LID_PAINT * closing * plain * places.bare)[:, None])
    color, edge = lash_line
    line = (LASH_LINE + 0.5 / unit - (above - 0.004).abs()) * unit / edge + 0.5
    lashes = line.clamp(0, 1) * (4 * places.dome).clamp(max=1)
    return torch.lerp(lid, color.view(1, 3, 1, 1), (LASH_PAINT * closing * lashes)[:, None])


def brow_shift(shape: FaceShape, x: Tensor, y: Tensor, controls: Controls) -> tuple[Tensor, Tensor]:
    """Return the shift of brows and forehead at points (n, h, w), to subtract from `x` and `y`."""
    brow, worry, frown = controls["brow"], controls["worry"], controls["frown"]
    outwards = x.abs()
    height = bump((y - shape.brow).clamp(min=0), 0.19) * bump((y - shape.brow).clamp(max=0), 0.34)
    if shape.rims:  # glasses stay where they are
        above = -below_rims(shape.rims, x, y)
        height = GLASSES_SHARE * height * smoothstep(HALF_RIM, ABOVE_RIM, above)
    whole = height * shoulder(outwards - BROW_X, 0.2, 0.25)
    inner = height * bump(outwards - 0.22, 0.24)
    outer = height * bump(outwards - 0.78, 0.22)
    shift_y = -BROW_RISE * brow * whole
    shift_y = shift_y - WORRY_RISE * worry * (inner - 0.35 * outer)
    shift_y = shift_y + FROWN_DROP * frown * (inner + 0.35 * whole)
    inwards = bump(outwards - 0.3, 0.22) * height * (x / 0.15).clamp(-1, 1)
    return -FROWN_IN * frown * inwards, shift_y
