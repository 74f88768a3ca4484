"""What a portrait or a motion starts from: its expression at rest and its head pose."""

from torch import Tensor

from ..head.own_expression import own_smile
from ..liveportrait.model import RELEASED_RENDERER
from ..motion.controls import CONTROLS, read, rest_expression
from ..motion.motion import HEAD, Motion, released_stats
from ..portrait.portrait import Portrait
from .released import start_in_picture

NOT_UNDONE = ("blink_left", "blink_right", "gaze")  # lids differ between people; a gaze is a choice


def rest_pose(
    motion: Motion | None, portrait: Portrait | None, frame: int = 0
) -> tuple[Tensor | None, Tensor | None]:
    """Return the expression at rest, (63,), and the head, (7,), of a motion or else a portrait.

    The head is that of one frame of the motion. Only portraits of the released renderer have a
    pose of their own; without one both are None, and the starter's defaults apply.
    """
    if motion is not None:
        return motion.rest, motion.values[frame, HEAD]
    if portrait is not None and portrait.renderer == RELEASED_RENDERER:
        previous, rest = start_in_picture(portrait)
        return rest, released_stats().denormalize(previous.cpu())[0, 0, HEAD]
    return None, None


def own_expression(portrait: Portrait) -> Tensor:
    """Return the controls (12,), float32, of the expression that a portrait's picture shows.

    A renderer adds motion to it: subtracted from a motion, they neutralise the face. Of portraits
    of the released renderer those of mouth and brows, against the mean face; of others only the
    smile, since the built-in renderer shuts an open mouth at rest by itself.
    """
    if portrait.renderer != RELEASED_RENDERER:
        return own_smile(portrait.landmarks)
    own = read(start_in_picture(portrait)[1].float() - rest_expression())
    own[[CONTROLS.index(name) for name in NOT_UNDONE]] = 0
    return own
