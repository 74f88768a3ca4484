"""The node that plays a script."""

from comfy_api.latest import io

from ..moda_core.direct.director import direct_motion
from ..moda_core.direct.script import parse_script
from ..moda_core.direct.timeline_text import write_timeline
from ..moda_core.motion import Motion
from . import _host
from .types import MotionType

EXAMPLE = """\
[1.0 nod]
[2.5 smile 0.7 for 2]
[5.0 look left for 1.5]
[7.0 raise brows] [7.0 tilt right]
[9.5 wink left]"""


class MoDADirector(io.ComfyNode):
    """Plays a script on a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDADirector",
            display_name="MoDA Director",
            category="MoDA",
            description="Lets a face do what a script says, each action at its time: smile, look, "
            "blink, wink, nod, turn, tilt and more.",
            search_aliases=["script", "timeline", "action", "gesture", "expression"],
            inputs=[
                MotionType.Input("motion", tooltip="Any motion; the script plays on top of it."),
                io.String.Input(
                    "script",
                    default=EXAMPLE,
                    multiline=True,
                    tooltip="Actions in brackets: a time in seconds, a word, its amount, and how "
                    "long: [2.5 smile 0.7 for 2]. The help page lists the words.",
                ),
            ],
            outputs=[
                MotionType.Output(display_name="motion", tooltip="The motion with the actions."),
                io.String.Output(
                    display_name="emotions",
                    tooltip="The emotions that the script names, as a timeline; empty without. "
                    "They are not part of the motion.",
                ),
            ],
        )

    @classmethod
    def execute(cls, motion: Motion, script: str = EXAMPLE) -> io.NodeOutput:
        """Play the script."""
        events, emotions = parse_script(script, motion.fps)
        return io.NodeOutput(direct_motion(motion, events), write_timeline(emotions))
