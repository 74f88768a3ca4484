"""The look that a waiting face has: its expression at rest, and its head."""

from torch import Tensor

from ..liveportrait.model import RELEASED_RENDERER
from ..motion.motion import HEAD, Motion, released_stats
from ..portrait.portrait import Portrait
from .released import start_in_picture


def rest_pose(
    motion: Motion | None, portrait: Portrait | None, frame: int = 0
) -> tuple[Tensor | None, Tensor | None]:
    """Return the expression at rest (63,) and the head (7,) that a face waits with.

    Those of a motion, at one of its frames, go before a portrait's. Either is None where the
    built-in face will do: only portraits of the released renderer have a face of their own.
    """
    if motion is not None:
        return motion.rest, motion.values[frame, HEAD]
    if portrait is not None and portrait.renderer == RELEASED_RENDERER:
        previous, rest = start_in_picture(portrait)
        return rest, released_stats().denormalize(previous.cpu())[0, 0, HEAD]
    return None, None
