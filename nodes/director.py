"""The node that adds the actions of a script to a motion."""

from functools import partial

from comfy_api.latest import io

from ..moda_core.editing.script.director import direct
from ..moda_core.editing.script.grammar import grammar
from ..moda_core.editing.script.script import Script
from ..moda_core.editing.script.script_parser import parse_script
from ..moda_core.editing.script.script_words import NEUTRAL
from ..moda_core.motion.motion import Motion
from . import _host, inputs
from ._convert import check_result

EXAMPLE = """\
[1.0 nod]
[2.5 smile 0.7 for 2]
[5.0 look left for 1.5]
[7.0 raise brows] [7.0 tilt right]
[9.5 wink left]"""


class MoDADirector(io.ComfyNode):
    """Adds the actions of a script to a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Adds the actions of a script to a motion, each at its time: smile, look, "
            "blink, wink, nod, turn, tilt and more.",
            search_aliases=["script", "timeline", "action", "gesture", "expression"],
            inputs=[
                inputs.motion("The motion that the actions are added to."),
                io.String.Input(
                    "script",
                    default=EXAMPLE,
                    multiline=True,
                    tooltip="Actions in brackets: time in seconds, action, amount and duration, "
                    "as in [2.5 smile 0.7 for 2]. The help page lists all actions. For emotions "
                    "in the script, link the same text to MoDA Emotion Timeline.",
                    extra_dict={"moda_grammar": grammar()},
                ),
            ],
            outputs=[
                inputs.motion_output("The motion with the actions added, without the emotions.")
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def validate_inputs(cls, script=None) -> bool | str:
        return check_result(partial(parse_script, fps=None), script)  # the rate isn't known yet

    @classmethod
    def execute(cls, motion: Motion, script: str = EXAMPLE) -> io.NodeOutput:
        parsed = parse_script(script, motion.fps)
        _host.show_text(cls.hidden.unique_id, summary(parsed, len(motion) / motion.fps))
        return io.NodeOutput(direct(motion, parsed.events))


def summary(script: Script, end_s: float) -> str:
    """Return text on the actions and emotions of a script for a motion that ends at `end_s`."""
    actions = [event for event in script.events if event.action != NEUTRAL]
    total, late = len(actions), sum(action.time_s >= end_s for action in actions)
    text = f"Played {total} action{'s' * (total != 1)}."
    if late:
        begin = "begins" if late == 1 else "begin"
        text = f"Played {total - late} of {total} actions; {late} {begin} after the end at "
        text += f"{end_s:.1f} s."
    named = len(script.emotions)
    if named:
        text += f" {named} emotion{'s' * (named != 1)}: MoDA Emotion Timeline plays"
        text += f" {'it' if named == 1 else 'them'}, linked to this script."
    return text
