"""The face's expression as a backward displacement: whole, or around the mouth or an eye."""

from torch import Tensor

from ..motion.easing import bump
from .drive import Controls
from .face_shape import FaceShape
from .render_eyes import brow_shift
from .render_mouth import MouthOpening, mouth_shift

CHEEK_RISE, NOSE_WING_RISE = 0.045, 0.05


def undo_expression(
    shape: FaceShape, x: Tensor, y: Tensor, controls: Controls
) -> tuple[Tensor, Tensor]:
    """Map points of a moving face, without its eyes, back to the picture.

    `x`, `y` (n, h, w) are in the face frame after `undo_pose`, each control has shape (n, 1, 1).
    Returns x and y in the face frame of the picture.
    """
    shift_x, shift_y, _ = mouth_shift(shape, x, y, controls)
    brow_x, brow_y = brow_shift(shape, x, y, controls)
    shift_y = shift_y + _cheek_shift(shape, x, y, controls) + brow_y
    return x - shift_x - brow_x, y - shift_y


def undo_mouth(
    shape: FaceShape, x: Tensor, y: Tensor, controls: Controls
) -> tuple[Tensor, Tensor, MouthOpening]:
    """Map points near the mouth back as `undo_expression` does, without brows.

    Returns x, y, and where the points lie in the open mouth.
    """
    shift_x, shift_y, opening = mouth_shift(shape, x, y, controls)
    return x - shift_x, y - shift_y - _cheek_shift(shape, x, y, controls), opening


def undo_brows(shape: FaceShape, x: Tensor, y: Tensor, controls: Controls) -> tuple[Tensor, Tensor]:
    """Map points near an eye back as `undo_expression` does, without the mouth."""
    shift_x, shift_y = brow_shift(shape, x, y, controls)
    return x - shift_x, y - shift_y - _cheek_shift(shape, x, y, controls)


def _cheek_shift(shape: FaceShape, x: Tensor, y: Tensor, controls: Controls) -> Tensor:
    """Return the rise of the cheeks with a smile, and of the wings of the nose with a sneer."""
    smile, sneer = controls["smile"].clamp(min=0), controls["sneer"]
    outwards = x.abs()
    cheeks = bump(outwards - 0.6, 0.26) * bump(y - 0.58 * shape.length, 0.24)
    wings = bump(outwards - 0.22, 0.16) * bump(y - 0.66 * shape.length, 0.2)
    return -CHEEK_RISE * smile * cheeks - NOSE_WING_RISE * sneer * wings
