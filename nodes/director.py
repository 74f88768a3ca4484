"""The node that plays a script."""

from comfy_api.latest import io

from ..moda_core.editing.script.director import direct
from ..moda_core.editing.script.script import Script
from ..moda_core.editing.script.script_parser import parse_script
from ..moda_core.editing.script.script_words import NEUTRAL
from ..moda_core.motion.motion import Motion
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
                    "long: [2.5 smile 0.7 for 2]. The help page lists the words. Emotions in it "
                    "need the same text in MoDA Emotion Timeline.",
                ),
            ],
            outputs=[
                MotionType.Output(
                    display_name="motion",
                    tooltip="The motion with the actions; emotions are MoDA Emotion Timeline's.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def validate_inputs(cls, script=None) -> bool | str:
        """Read the text before anything runs."""
        if script is None:  # another node gives it, and it is not known yet
            return True
        try:
            parse_script(script, fps=None)  # the motion's rate is not known yet
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(cls, motion: Motion, script: str = EXAMPLE) -> io.NodeOutput:
        """Play the script."""
        parsed = parse_script(script, motion.fps)
        _host.show_text(cls.hidden.unique_id, summary(parsed, len(motion) / motion.fps))
        return io.NodeOutput(direct(motion, parsed.events))


def summary(script: Script, end_s: float) -> str:
    """Return what of a script is played on motion of a length, and what is not."""
    actions = [event for event in script.events if event.action != NEUTRAL]
    total, late = len(actions), sum(action.time_s >= end_s for action in actions)
    text = f"Played {total} action{'s' * (total != 1)}."
    if late:
        begin = "begins" if late == 1 else "begin"
        text = f"Played {total - late} of {total} actions; {late} {begin} after the end at "
        text += f"{end_s:.1f} s."
    named = len(script.emotions)
    if named:
        text += f" {named} emotion{'s' * (named != 1)} named, which MoDA Emotion Timeline shows if"
        text += " this text is linked there."
    return text
