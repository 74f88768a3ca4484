"""Nodes that choose emotions: one, a blend, or several over time."""

from comfy_api.latest import io

from ..moda_core.editing.script.grammar import grammar
from ..moda_core.editing.script.script_parser import parse_emotions
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.emotion.labels import EMOTIONS, emotion_weights
from . import _host, inputs
from ._convert import check_result
from .types import EmotionType

LABELS = list(EMOTIONS)
EXAMPLE = "0.0 neutral, 2.5 happiness 0.8, 4.0 surprise"


def emotion_output() -> io.Output:
    return EmotionType.Output(
        display_name="emotion", tooltip="Emotion for MoDA Sample Motion or MoDA Best Of N."
    )


class MoDAEmotion(io.ComfyNode):
    """Chooses an emotion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Sets the emotion that the face shows while it speaks.",
            search_aliases=["expression", "mood", "happy", "sad", "angry"],
            inputs=[
                inputs.choice(
                    "label",
                    LABELS,
                    "One of the eight emotions of the model, or 'none': the speech alone "
                    "sets the expression.",
                    default="happiness",
                ),
                inputs.intensity(
                    "Strength of the emotion: 0 is off, 1 as the model learned it, higher "
                    "exaggerates."
                ),
            ],
            outputs=[emotion_output()],
        )

    @classmethod
    def execute(cls, label: str = "happiness", intensity: float = 1.0) -> io.NodeOutput:
        description = f"{label} {intensity:g}"
        return io.NodeOutput(Emotion(emotion_weights(label), description, intensity))


def further_inputs(place: str, label: str, weight: float) -> list[io.Input]:
    """Return the label and the weight of an emotion in a blend, by their defaults."""
    return [
        inputs.choice(
            f"{place}_label",
            LABELS,
            f"{place.capitalize()} emotion. 'none' leaves its share to the speech. The "
            "weights of equal labels add up.",
            default=label,
        ),
        inputs.weight(
            f"{place}_weight",
            weight,
            f"Share of the {place} emotion; higher shows more of it, 0 leaves it out.",
        ),
    ]


class MoDAEmotionBlend(io.ComfyNode):
    """Blends emotions."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Blends up to four emotions that the face shows together while it speaks.",
            search_aliases=["mix", "expression", "mood"],
            inputs=[
                inputs.choice("first_label", LABELS, "First emotion.", default="happiness"),
                inputs.weight(
                    "first_weight",
                    0.6,
                    "Share of the first emotion; higher shows more of it. If all weights add up "
                    "to less than 1, the speech sets the rest; above 1 only their ratio counts.",
                ),
                *further_inputs("second", "surprise", 0.4),
                *further_inputs("third", "none", 0.0),
                *further_inputs("fourth", "none", 0.0),
                inputs.intensity(
                    "Strength of the blend: 0 is off, 1 as the model learned it, higher "
                    "exaggerates."
                ),
            ],
            outputs=[emotion_output()],
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
        labels = (first_label, second_label, third_label, fourth_label)
        weights = (first_weight, second_weight, third_weight, fourth_weight)
        blend = {}
        for label, weight in zip(labels, weights, strict=True):
            blend[label] = blend.get(label, 0.0) + weight
        shown = " + ".join(f"{label} {weight:g}" for label, weight in blend.items() if weight)
        description = f"{shown or 'none'}, intensity {intensity:g}"
        return io.NodeOutput(Emotion(emotion_weights(blend), description, intensity))


class MoDAEmotionTimeline(io.ComfyNode):
    """Changes the emotion over time."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Changes the emotion at given times while the face speaks, with smooth "
            "transitions.",
            search_aliases=["schedule", "keyframes", "expression", "mood", "script"],
            inputs=[
                io.String.Input(
                    "timeline",
                    default=EXAMPLE,
                    multiline=True,
                    tooltip="A time in seconds, or a frame such as 62f, then an emotion and its "
                    "intensity from 0 to 2; separate entries by commas or new lines. Blend with +: "
                    "4.0 happiness 0.6 + surprise 0.4. A script for MoDA Director works too; only "
                    "its emotions are used here.",
                    extra_dict={"moda_grammar": grammar()},
                ),
                inputs.intensity(
                    "Multiplies the intensities in the timeline: 0 is off, 1 as written, higher "
                    "exaggerates."
                ),
            ],
            outputs=[emotion_output()],
        )

    @classmethod
    def validate_inputs(cls, timeline=None) -> bool | str:
        return check_result(parse_emotions, timeline)

    @classmethod
    def execute(cls, timeline: str = EXAMPLE, intensity: float = 1.0) -> io.NodeOutput:
        parsed = parse_emotions(timeline)
        description = f"timeline of {len(parsed.keys)}, intensity {intensity:g}"
        return io.NodeOutput(Emotion(parsed.keys[0].weights, description, intensity, parsed))
