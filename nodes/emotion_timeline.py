"""The node that lets emotions follow one another."""

from comfy_api.latest import io

from ..moda_core.editing.script.script_parser import parse_emotions
from ..moda_core.emotion.emotion import Emotion
from . import _host
from .types import EmotionType

EXAMPLE = "0.0 neutral, 2.5 happiness 0.8, 4.0 surprise"


class MoDAEmotionTimeline(io.ComfyNode):
    """Lets emotions follow one another."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAEmotionTimeline",
            display_name="MoDA Emotion Timeline",
            category="MoDA",
            description="Changes the emotion while the face speaks: each from its time on, with "
            "soft transitions.",
            search_aliases=["schedule", "keyframes", "expression", "mood", "script"],
            inputs=[
                io.String.Input(
                    "timeline",
                    default=EXAMPLE,
                    multiline=True,
                    tooltip="A time in seconds, or a frame as in 62f, then an emotion and its "
                    "intensity, 0 to 2; with commas or lines between them. Blend with +: "
                    "4.0 happiness 0.6 + surprise 0.4. Or the script of MoDA Director, for its "
                    "emotions.",
                ),
                io.Float.Input(
                    "intensity",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.05,
                    tooltip="Strength of all emotions, times their own: 0 is none, 1 as the "
                    "timeline says, more exaggerates.",
                ),
            ],
            outputs=[EmotionType.Output(display_name="emotion", tooltip="For MoDA Sample Motion.")],
        )

    @classmethod
    def validate_inputs(cls, timeline=None) -> bool | str:
        """Read the text before anything runs."""
        if timeline is None:  # another node gives it, and it is not known yet
            return True
        try:
            parse_emotions(timeline)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(cls, timeline: str = EXAMPLE, intensity: float = 1.0) -> io.NodeOutput:
        """Return the emotions."""
        parsed = parse_emotions(timeline)
        description = f"timeline of {len(parsed.keys)}, intensity {intensity:g}"
        return io.NodeOutput(Emotion(parsed.keys[0].weights, description, intensity, parsed))
