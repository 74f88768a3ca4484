"""The node that makes the motion of a face that listens."""

from comfy_api.latest import io
from torch import Tensor

from ..moda_core.bundles.released import start_in_picture
from ..moda_core.editing.idling import idle
from ..moda_core.liveportrait.model import RELEASED_RENDERER
from ..moda_core.motion.motion import FPS, HEAD, Motion, released_stats
from ..moda_core.portrait.portrait import Portrait
from . import _host
from .types import MotionType, PortraitType

FRAMES = {"first frame": 0, "last frame": -1}


class MoDAIdleMotion(io.ComfyNode):
    """Makes the motion of a face that listens."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAIdleMotion",
            display_name="MoDA Idle Motion",
            category="MoDA",
            description="Makes a face that listens or waits: blinks, glances, breath and a little "
            "sway, without speech.",
            search_aliases=["listening", "breathing", "blink", "waiting"],
            inputs=[
                MotionType.Input(
                    "motion",
                    optional=True,
                    tooltip="Rest, pose and frame rate come from here, so that both can be joined.",
                ),
                PortraitType.Input(
                    "portrait",
                    optional=True,
                    tooltip="Without a motion: rest and pose are those of this picture.",
                ),
                io.Combo.Input(
                    "pose",
                    options=["first frame", "last frame"],
                    default="first frame",
                    tooltip="How the head of a linked motion is held: as it begins, to wait before "
                    "it, or as it ends, to wait after it.",
                ),
                io.Float.Input(
                    "duration",
                    default=10.0,
                    min=0.04,
                    max=14400.0,
                    step=0.04,
                    tooltip="Length in seconds; longer only adds to what shorter gives.",
                ),
                io.Float.Input(
                    "blinks",
                    default=15.0,
                    min=0.0,
                    max=60.0,
                    step=0.5,
                    tooltip="Blinks in a minute; 0 is none.",
                ),
                io.Float.Input(
                    "glances",
                    default=0.6,
                    min=0.0,
                    max=3.0,
                    step=0.05,
                    tooltip="How far the eyes glance aside: 0 is not at all, 1 clearly.",
                ),
                io.Float.Input(
                    "breath",
                    default=1.0,
                    min=0.0,
                    max=5.0,
                    step=0.05,
                    tooltip="How far the breath moves the head: 0 is not at all, more is deeper.",
                ),
                io.Float.Input(
                    "sway",
                    default=1.0,
                    min=0.0,
                    max=5.0,
                    step=0.05,
                    tooltip="How far the head sways: 0 is not at all, 2 as somebody who speaks.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=2**64 - 1,
                    step=1,
                    control_after_generate=True,
                    tooltip="Another seed gives another way to wait.",
                ),
            ],
            outputs=[
                MotionType.Output(
                    display_name="motion",
                    tooltip="25 frames a second, or as many as the linked motion has.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion | None = None,
        portrait: Portrait | None = None,
        pose: str = "first frame",
        duration: float = 10.0,
        blinks: float = 15.0,
        glances: float = 0.6,
        breath: float = 1.0,
        sway: float = 1.0,
        seed: int = 0,
    ) -> io.NodeOutput:
        """Make the motion."""
        rest, head = look_of(motion, portrait, FRAMES[pose])
        fps = FPS if motion is None else motion.fps
        amounts = {"breath": breath, "sway": sway, "glances": glances}
        return io.NodeOutput(
            idle(duration, rest, head, seed, fps, blinks_per_minute=blinks, **amounts)
        )


def look_of(
    motion: Motion | None, portrait: Portrait | None, frame: int = 0
) -> tuple[Tensor | None, Tensor | None]:
    """Return the expression at rest, (63,), and the head, (7,), that a face waits with.

    Parameters
    ----------
    motion : Motion, optional
        Goes before the portrait.
    portrait : Portrait, optional
        Only the released renderer's are of a face that has its own.
    frame : int
        Of the motion, whose head is taken.

    Returns
    -------
    tuple
        None for either where the built-in face will do.
    """
    if motion is not None:
        return motion.rest, motion.values[frame, HEAD]
    if portrait is not None and portrait.renderer == RELEASED_RENDERER:
        previous, rest = start_in_picture(portrait)
        return rest, released_stats().denormalize(previous.cpu())[0, 0, HEAD]
    return None, None
