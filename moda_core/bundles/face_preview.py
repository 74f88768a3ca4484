"""One small picture of a face with an expression, fast enough to follow a hand.

The built-in renderer draws it on the CPU, whatever renderer will make the video.
"""

from typing import NamedTuple

from torch import Tensor

from ..editing.expression import Expression, express
from ..editing.idling import still_motion
from ..portrait.face_view import face_view
from ..portrait.find_face import FaceChoice, find_face
from ..portrait.portrait import Portrait
from ..warp.warp_renderer import WarpRenderer
from .rest_pose import own_expression


class PreviewedFace(NamedTuple):
    """A face prepared at the size of the preview, and the controls (12,) that it shows itself."""

    portrait: Portrait
    own: Tensor


def previewed_face(image: Tensor, choice: FaceChoice | None, size: int) -> PreviewedFace:
    """Find a face in a picture (H, W, 3), uint8, and prepare the part around it.

    `size` is the longer side of that part in pixels. Raises as `find_face` does.
    """
    portrait = WarpRenderer().portrait(*face_view(image, find_face(image, choice), size))
    return PreviewedFace(portrait, own_expression(portrait))


def preview_expression(face: PreviewedFace, expression: Expression, neutralise: bool) -> Tensor:
    """Return the picture (h, w, 3), uint8, of a face with an expression; see `express`."""
    motion = express(still_motion(1), expression, face.own if neutralise else None)
    return next(WarpRenderer().frames(face.portrait, motion, chunk=1))[0]
