"""Movement of the mouth, the jaw and the cheeks as a backward displacement.

The lips are cut along their seam. Above the cut the face belongs to the skull, below it follows the
jaw; between the edges is the interior of the mouth. The opening is absolute: a picture that smiles
with open lips closes at opening 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..face.curve import curve_height
from ..motion.controls import lip_opening
from ..motion.easing import bump, shoulder, smoothstep, soft_clamp
from .drive import Controls
from .face_shape import FaceShape, MouthShape, rotate

LIP_ROUND, PICTURE_ROUND = 0.6, 0.75  # power of the open lips' profile; in a portrait's smile
# Left-out rims of lips: the seam's shadow on parted ones, teeth that shine in on open ones.
LIP_RIM, OPEN_RIM = 0.011, 0.02
MIRRORED = 0.08  # of a lip, that rolls inwards
UPWARDS, CHEEKS_UPWARDS = 0.36, 0.26  # reach of the upper lip; more of the corners
JAW_FOLLOWS = 0.86  # of the opening, by the lower teeth
CHIN_FOLLOWS = 0.77  # of the opening, by the chin, which goes back as the jaw turns
LIPS_ALONE = 0.25  # of a picture's open lips, not due to the jaw
SKULL_SHARE = 0.35  # of closing a picture's open lips, by the upper lip
LIFT_SHARE = 0.16  # of opening them further, by the upper lip
CORNER_DROP = 0.22  # of the opening
WIDEN, PUCKER, SMILE_WIDEN = 0.12, 0.14, 0.035  # of each corner, outwards
JAW_NARROW = 0.07  # of each corner, of the opening
GROWTH_RANGE = (-0.45, 0.55)  # of the half width; beyond it the cheeks would fold
CORNER_RISE, SKEW_RISE = 0.13, 0.11
SMILE_GAP, SMILE_CURVE = 0.12, 0.05  # opening and rise of the corners in a full smile
RELAX_IN, RELAX_DOWN = 0.03, 0.045  # of the corners of such a smile, at rest


@dataclass(frozen=True)
class MouthOpening:
    """Points relative to the open mouth, each (n, h, w).

    `right` and `down` are in the frame of the mouth, which is fixed to the skull.
    """

    across: Tensor  # place along the picture's mouth, -1 and 1 at the corners
    right: Tensor  # from the middle of the lips
    down: Tensor
    below_upper: Tensor  # distance from the inner edge of the lip, positive inside
    above_lower: Tensor  # downwards, as is `below_upper`
    steepness: Tensor  # of the lower edge: distance downwards over that across the edge
    below_seam: Tensor  # distance from the middle between the edges
    other_lip: Tensor  # shift downwards of the lip beyond the seam, over that of this one
    jaw_drop: Tensor  # (n, 1, 1), shift of the lower teeth from where they are behind closed lips


def to_mouth(mouth: MouthShape, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Convert face coordinates to the mouth's: right along the corners, down across them."""
    return rotate(x - mouth.x, y - mouth.y, -mouth.tilt)


def mouth_shift(
    shape: FaceShape, x: Tensor, y: Tensor, controls: Controls
) -> tuple[Tensor, Tensor, MouthOpening]:
    """Return the shift of the lower face at points (n, h, w) of the unturned, moving face.

    Each control has shape (n, 1, 1). Subtract the shift from `x` and `y` to find a point in the
    picture; the third value says where the points lie in the open mouth.
    """
    mouth = shape.mouth
    right, down = to_mouth(mouth, x, y)
    opening = lip_opening(controls)
    shift_right = _widening(mouth, right, down - 0.5 * opening, controls, opening)
    across = center_on_lips(mouth, (right - shift_right) / mouth.half_width)
    upper_shift, lower_shift, upper_edge, lower_edge = _lip_edges(mouth, across, controls, opening)
    below_seam = down - (upper_edge + lower_edge) / 2
    edges = down - upper_edge, lower_edge - down
    upwards = UPWARDS + CHEEKS_UPWARDS * smoothstep(0.6, 1.2, across.abs())
    shift_above = upper_shift * smoothstep(-upwards * shape.length, -0.06, edges[0])
    shift_below = _lower_face(shape, right, down, lower_edge, lower_shift, opening)
    slope = LIP_ROUND * 2 * across * (lower_edge - upper_edge) / mouth.half_width
    steepness = (1 + (slope / (1 - across**2).clamp(min=0.02)) ** 2).sqrt()
    rim, parted = OPEN_RIM * min(mouth.gap / 0.05, 1.0), LIP_RIM * smoothstep(0.0, 0.15, opening)
    body = (1 - across**4).clamp(min=0)
    shift_above = shift_above + rim * body * bump(edges[0], 0.06)
    shift_below = shift_below - parted.clamp(min=rim) * body * bump(edges[1], 0.06)
    # Inside the mouth is the lower lip's mirror image: its edge has no step.
    inside = edges[1].clamp(min=0)
    shift_below = shift_below - inside - (inside / steepness).clamp(max=MIRRORED)
    shift_down = torch.where(below_seam < 0, shift_above, shift_below)
    step = torch.where(below_seam < 0, shift_below, shift_above) - shift_down
    shift_down = shift_down - _thinning(across, down, upper_edge, lower_edge, controls)
    place = center_on_lips(mouth, right / mouth.half_width) * mouth.half_width
    drop = teeth_drop(mouth, opening)
    opened = MouthOpening(across, place, down, *edges, steepness, below_seam, step, drop)
    return *rotate(shift_right, shift_down, mouth.tilt), opened


def center_on_lips(mouth: MouthShape, across: Tensor) -> Tensor:
    """Shift the place along the mouth, in half widths, so that 0 is the middle of its lips.

    The corners, at -1 and 1, and points beyond them stay.
    """
    return across - mouth.lean * (1 - across**2).clamp(min=0)


def picture_smile(mouth: MouthShape) -> float:
    """Return how much of a smile with open lips the picture shows, in [0, 1]."""
    return min(mouth.gap / SMILE_GAP, 1.0) * min(max(mouth.upper / SMILE_CURVE, 0.0), 1.0)


def jaw_drop(mouth: MouthShape, opening: Tensor) -> Tensor:
    """Return how far the chin moves down for an opening; negative if the picture's mouth closes."""
    return CHIN_FOLLOWS * (opening - (0.55 + 0.45 * mouth.spoken) * mouth.gap)


def teeth_drop(mouth: MouthShape, opening: Tensor | float) -> Tensor | float:
    """Return how far below their place behind closed lips the lower teeth are."""
    return JAW_FOLLOWS * opening - LIPS_ALONE * (1 - mouth.spoken) * mouth.gap


def skull_share(mouth: MouthShape) -> float:
    """Return the share of closing the picture's open lips that is the upper lip's."""
    return SKULL_SHARE + mouth.spoken * (LIFT_SHARE - SKULL_SHARE)


def _widening(
    mouth: MouthShape, right: Tensor, down: Tensor, controls: Controls, opening: Tensor
) -> Tensor:
    width, smile = controls["width"], controls["smile"]
    outwards = (
        WIDEN * width.clamp(min=0)
        + PUCKER * width.clamp(max=0)
        + SMILE_WIDEN * smile.clamp(min=0)
        - JAW_NARROW * opening
        - RELAX_IN * picture_smile(mouth)
    )
    growth = soft_clamp(outwards / mouth.half_width, *GROWTH_RANGE)
    place = right / (mouth.half_width * (1 + growth))
    carried = place * shoulder(place, 0.6, 1.2) * 1.12  # 1 at the corners
    return mouth.half_width * growth * carried * shoulder(down, 0.2, 0.3)


def _lip_edges(
    mouth: MouthShape, across: Tensor, controls: Controls, opening: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the shift of both inner edges, and their resulting places."""
    dome = (1 - across**2).clamp(min=0)
    source_round = PICTURE_ROUND + mouth.spoken * (LIP_ROUND - PICTURE_ROUND)
    source_gap, opened = mouth.gap * dome**source_round, opening * dome**LIP_ROUND
    shut = source_gap - torch.minimum(opened, source_gap)
    further = (opened - source_gap).clamp(min=0)
    common = _corner_shift(mouth, across, controls, opening)
    lift = LIFT_SHARE * (1 - min(10 * mouth.gap, 1.0))
    upper_shift = skull_share(mouth) * shut - lift * further + common
    upper_edge = upper_lip(mouth, across, dome) + upper_shift
    lower_shift = upper_shift + opened - source_gap
    return upper_shift, lower_shift, upper_edge, upper_edge + opened


def upper_lip(mouth: MouthShape, across: Tensor, dome: Tensor) -> Tensor:
    """Return the picture's upper lip below the line of the corners.

    `across` is as from `center_on_lips`, `dome` is ``1 - across**2``, at least 0.
    """
    return curve_height((mouth.upper, *mouth.seam), across) * dome


def _corner_shift(mouth: MouthShape, across: Tensor, controls: Controls, opening: Tensor) -> Tensor:
    """Return the shift of both lips with the corners, which rise or drop."""
    smile, skew, sneer = controls["smile"], controls["skew"], controls["sneer"]
    side = smoothstep(-0.6, 0.6, across) * 2 - 1
    further = opening - mouth.spoken * mouth.gap
    rise = CORNER_RISE * smile + SKEW_RISE * skew * side - CORNER_DROP * further
    rise = rise - RELAX_DOWN * picture_smile(mouth)
    corner = across**2 * shoulder(across, 1.0, 0.7)
    middle = shoulder(across, 0.6, 0.6)
    return -rise * corner.clamp(max=1.5) - (0.02 * smile + 0.035 * sneer) * middle


def _lower_face(
    shape: FaceShape,
    right: Tensor,
    down: Tensor,
    lower_edge: Tensor,
    lower_shift: Tensor,
    opening: Tensor,
) -> Tensor:
    """Blend from the lower lip's shift to the jaw's, then to none on the neck."""
    mouth, chin = shape.mouth, shape.chin - shape.mouth.y
    drop = jaw_drop(mouth, opening)
    jaw = drop * bump(right * right, 0.74)
    # Next to the corners the skin between the lips and the jaw grows: a fixed way would fold it.
    way = chin - mouth.lower - 0.1 + (drop - lower_shift).clamp(min=0)
    onto_jaw = ((down - lower_edge - 0.04) / way).clamp(0, 1)
    onto_jaw = 0.5 * onto_jaw + 0.5 * smoothstep(0.0, 1.0, onto_jaw)
    past_chin = (down - chin - 0.9 * drop.clamp(min=0)) / (0.75 - 0.6 * drop.clamp(min=0))
    return torch.lerp(lower_shift, jaw, onto_jaw) * (1 - smoothstep(0.0, 1.0, past_chin))


def _thinning(
    across: Tensor,
    down: Tensor,
    upper_edge: Tensor,
    lower_edge: Tensor,
    controls: Controls,
) -> Tensor:
    """Return the thinning of pressed and spread lips; a pucker is fuller."""
    width = controls["width"]
    thinner = (
        0.35 * controls["close"].clamp(min=0)
        + 0.10 * width.clamp(min=0)
        + 0.25 * width.clamp(max=0)
    )
    from_edge = (down - upper_edge).clamp(max=0) + (down - lower_edge).clamp(min=0)
    return from_edge * thinner * bump(from_edge, 0.14) * shoulder(across, 0.5, 0.5)
