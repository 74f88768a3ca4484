"""The expression at rest and the head pose that idle and faded motion start from."""

from torch import Tensor

from ..liveportrait.model import RELEASED_RENDERER
from ..motion.motion import HEAD, Motion, released_stats
from ..portrait.portrait import Portrait
from .released import start_in_picture


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
