"""The node that blends emotions."""

from comfy_api.latest import io

from ..moda_core.emotion.emotion import Emotion
from ..moda_core.emotion.labels import EMOTIONS, emotion_weights
from . import _host
from .types import EmotionType

LABELS = list(EMOTIONS)


class MoDAEmotionBlend(io.ComfyNode):
    """Blends emotions."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAEmotionBlend",
            display_name="MoDA Emotion Blend",
            category="MoDA",
            description="Blends up to four emotions into one that the face shows while it speaks.",
            search_aliases=["mix", "expression", "mood"],
            inputs=[
                io.Combo.Input(
                    "first_label", options=LABELS, default="happiness", tooltip="An emotion."
                ),
                io.Float.Input(
                    "first_weight",
                    default=0.6,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of it. Weights below 1 in all leave the rest to the speech; "
                    "above 1 only their ratio counts.",
                ),
                io.Combo.Input(
                    "second_label",
                    options=LABELS,
                    default="surprise",
                    tooltip="Another emotion; the same one again adds to it.",
                ),
                io.Float.Input(
                    "second_weight",
                    default=0.4,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the second; 0 is none.",
                ),
                io.Combo.Input(
                    "third_label",
                    options=LABELS,
                    default="none",
                    tooltip="A third emotion; 'none' leaves its share to the speech.",
                ),
                io.Float.Input(
                    "third_weight",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the third; 0 is none.",
                ),
                io.Combo.Input(
                    "fourth_label",
                    options=LABELS,
                    default="none",
                    tooltip="A fourth emotion; 'none' leaves its share to the speech.",
                ),
                io.Float.Input(
                    "fourth_weight",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the fourth; 0 is none.",
                ),
                io.Float.Input(
                    "intensity",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.05,
                    tooltip="How strongly the blend is shown: 0 not at all, 1 as the model has it, "
                    "more exaggerates.",
                ),
            ],
            outputs=[EmotionType.Output(display_name="emotion", tooltip="For MoDA Sample Motion.")],
        )

    @classmethod
    def execute(
        cls,
        first_label: str = "happiness",
        first_weight: float = 0.6,
        second_label: str = "surprise",
        second_weight: float = 0.4,
        third_label: str = "none",
        third_weight: float = 0.0,
        fourth_label: str = "none",
        fourth_weight: float = 0.0,
        intensity: float = 1.0,
    ) -> io.NodeOutput:
        """Return the blend."""
        labels = (first_label, second_label, third_label, fourth_label)
        weights = (first_weight, second_weight, third_weight, fourth_weight)
        blend = {}
        for label, weight in zip(labels, weights, strict=True):
            blend[label] = blend.get(label, 0.0) + weight
        shown = " + ".join(f"{label} {weight:g}" for label, weight in blend.items() if weight)
        description = f"{shown or 'none'}, intensity {intensity:g}"
        return io.NodeOutput(Emotion(emotion_weights(blend), description, intensity))
