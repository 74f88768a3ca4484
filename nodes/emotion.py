"""The node that chooses an emotion."""

from comfy_api.latest import io

from ..moda_core.emotion.emotion import Emotion
from ..moda_core.emotion.labels import EMOTIONS, emotion_weights
from . import _host
from .types import EmotionType


class MoDAEmotion(io.ComfyNode):
    """Chooses an emotion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAEmotion",
            display_name="MoDA Emotion",
            category="MoDA",
            description="Chooses the emotion that the face shows while it speaks.",
            search_aliases=["expression", "mood", "happy", "sad", "angry"],
            inputs=[
                io.Combo.Input(
                    "label",
                    options=list(EMOTIONS),
                    default="happiness",
                    tooltip="One of the eight emotions that the model knows; 'none' leaves it to "
                    "the speech.",
                ),
                io.Float.Input(
                    "intensity",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.05,
                    tooltip="How much of it: 0 is none, 1 as the model has it, more exaggerates.",
                ),
            ],
            outputs=[EmotionType.Output(display_name="emotion", tooltip="For MoDA Sample Motion.")],
        )

    @classmethod
    def execute(cls, label: str = "happiness", intensity: float = 1.0) -> io.NodeOutput:
        """Return the emotion."""
        description = f"{label} {intensity:g}"
        return io.NodeOutput(Emotion(emotion_weights(label), description, intensity))
