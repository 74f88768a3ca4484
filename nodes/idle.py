"""The node that generates the motion of a face that listens."""

from comfy_api.latest import io

from ..moda_core.bundles.rest_pose import rest_pose
from ..moda_core.editing.idling import idle
from ..moda_core.motion.motion import FPS, Motion
from ..moda_core.portrait.portrait import Portrait
from . import _host, inputs

FRAMES = {"first frame": 0, "last frame": -1}


class MoDAIdleMotion(io.ComfyNode):
    """Generates the motion of a face that listens."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Generates the motion of a face that listens or waits, without speech: "
            "blinks, glances, breathing and sway.",
            search_aliases=["listening", "breathing", "blink", "waiting"],
            inputs=[
                inputs.motion(
                    "Optional. A motion whose pose, expression at rest and frame rate are used, so "
                    "that the two can be joined.",
                    optional=True,
                ),
                inputs.portrait(
                    "Optional. A portrait whose pose and expression at rest are used if no motion "
                    "is connected.",
                    optional=True,
                ),
                inputs.choice(
                    "pose",
                    list(FRAMES),
                    "Frame of the linked motion whose head pose is used: 'first frame' to "
                    "wait before it, 'last frame' to wait after it.",
                ),
                inputs.number(
                    "duration",
                    inputs.seconds(14400.0, default=10.0, shortest=0.04),
                    "Length in seconds. A longer motion begins with the shorter one.",
                ),
                inputs.number(
                    "blinks",
                    inputs.Scale(0.0, 60.0, default=15.0, step=0.5),
                    "Blinks per minute; higher blinks more often, 0 never.",
                ),
                inputs.number(
                    "glances",
                    inputs.Scale(0.0, 3.0, default=0.6),
                    "Size of the glances to the side: 0 is none, 1 is clearly visible, "
                    "higher looks further.",
                ),
                inputs.gain(
                    "breath",
                    "Size of the head's movement from breathing: 0 is none, higher is deeper.",
                ),
                inputs.gain(
                    "sway", "Size of the head's sway: 0 is none, 2 is about that of a speaker."
                ),
                inputs.seed(0, "Random seed. Each value gives different blinks, glances and sway."),
            ],
            outputs=[
                inputs.motion_output(
                    "The idle motion, at 25 fps or the frame rate of the linked motion."
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
        rest, head = rest_pose(motion, portrait, FRAMES[pose])
        fps = FPS if motion is None else motion.fps
        amounts = {"breath": breath, "sway": sway, "glances": glances}
        return io.NodeOutput(
            idle(duration, rest, head, seed, fps, blinks_per_minute=blinks, **amounts)
        )
