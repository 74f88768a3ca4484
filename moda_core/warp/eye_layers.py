"""The layers of an eye, made of the picture: eyeball, iris and the skin of its lids."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..face.eye_shape import EyeShape, eye_height, lid_rims
from ..head.seen_glasses import HALF_RIM, below_rims
from ..motion.easing import smoothstep
from ..portrait.hidden_eye import complete_eye
from ..portrait.hidden_lids import lash_line, plain_skin, rim_without_iris, skin_grain
from .face_shape import FaceShape
from .render_eyes import BELOW_LID, CORNER_END, LEAST_LID, LID_EDGE, LID_SHARE

LASHES, BROW_SHARE = 0.085, 0.55  # skin of the lid: above the lashes; share of the way to the brow
BELOW_LASHES, BELOW_SHARE = 0.07, 0.6  # skin below the eye, and its share in that of the lid


@dataclass(frozen=True, eq=False)
class EyeLayers:
    """Textures of one eye on the pixels of a part of the region.

    Parameters
    ----------
    still : Tensor, shape (1, 9, h, w)
        The eyeball without its iris, the skin of the shut lid, and what the lower lid gains without
        the iris.
    iris : Tensor, shape (1, 3, h, w)
        Factor by which the iris changes ``eyeball + 1``; 1 beside it.
    white_color : Tensor, shape (3,)
        Of the eyeball beside its iris; of all that is near where none is visible.
    lash_color : Tensor, shape (3,)
        Of the dark line along the upper lid.
    lash_edge : float
        Width of that line's edges in pixels.
    scale, offset : Tensor, shape (1, 2, 1, 1)
        They convert places in the region to those in the textures.
    """

    still: Tensor
    iris: Tensor
    white_color: Tensor
    lash_color: Tensor
    lash_edge: float
    scale: Tensor
    offset: Tensor

    def places(self, places: Tensor) -> Tensor:
        """Convert places (n, 2, h, w) in the region to those in the textures."""
        return places * self.scale + self.offset


def eye_box(eye: EyeShape, brow: float) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what an eye's lids move, in the face frame."""
    tilt = abs(eye.slope) * eye.half_width
    upper = eye.y + min(eye.upper[0], 0.0)
    top = upper - max(LEAST_LID, LID_SHARE * (upper - brow))
    bottom = eye.y + max(eye.lower[0], 0.0) + BELOW_LID
    left, right = (CORNER_END, 1.0) if eye.x < 0 else (1.0, CORNER_END)
    left, right = eye.x - left * eye.half_width, eye.x + right * eye.half_width
    return left, top - tilt, right, bottom + tilt


def eye_layers(
    shape: FaceShape, eye: EyeShape, x: Tensor, y: Tensor, source: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """Complete the layers of an eye in a picture; return all of `EyeLayers` but the last two.

    `x`, `y` (h, w) are face coordinates of the pixels of `source` (1, 3, h, w), 0 to 255.
    """
    unit = shape.frame.unit
    upper, lower, dome = lid_rims(eye, x)
    height = eye_height(eye, x, y)
    edge = LID_EDGE - 0.5 / unit
    shown = smoothstep(edge - 1 / unit, edge, torch.minimum(height - upper, lower - height))
    above, below = upper - height, height - lower
    bare = smoothstep(LASHES - 0.02, LASHES, above) * (above < BROW_SHARE * (eye.y - shape.brow))
    if shape.rims:
        bare = bare * (below_rims(shape.rims, x, y) > 2 * HALF_RIM)
    bare = bare + BELOW_SHARE * smoothstep(BELOW_LASHES - 0.02, BELOW_LASHES, below)
    radius = torch.hypot(x - eye.iris_x, y - eye.iris_y) / eye.iris_radius
    depth = -above * (3 * dome).clamp(max=1)  # the corners lie in shadow, too
    masks = (mask[None, None] for mask in (shown, radius, depth))
    ball, iris, white_color = complete_eye(source, *masks, unit)
    points = torch.stack([x, y])
    skin = plain_skin(source, bare[None, None], unit) + skin_grain(eye, points, source, unit)
    rim = rim_without_iris(eye, points, source, LID_EDGE, unit)
    return torch.cat([ball, skin, rim], dim=1), iris, white_color, *lash_line(eye, points, source)
