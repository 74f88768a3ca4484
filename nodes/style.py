"""Nodes that bring the style of a reference to a motion: afterwards, and while it is sampled."""

from dataclasses import replace

from comfy_api.latest import io

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.editing.style.transfer import transfer_style
from ..moda_core.motion.motion import Motion
from ..moda_core.sampling.request import SamplingRequest
from ..moda_core.sampling.style_context import CONTEXT_S, LONGEST_S, StyleContext
from . import _host, inputs
from .types import FeaturesType, MotionType

PARTS = {
    "head": "mean and spread of the head's rotation, position and size",
    "rhythm": "the rhythm of the head: how slowly or quickly it moves",
    "brows": "mean and spread of the brows",
    "eyes": "mean and spread of gaze and eyelids",
    "blinks": "the number of blinks per minute",
}


class MoDAStyleMotion(io.ComfyNode):
    """Moves the style of a reference motion onto a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Moves the style of a reference onto a motion: pose, brows, eyes, blinks "
            "and rhythm. The lips stay as they are.",
            search_aliases=["style transfer", "statistics", "reference", "match", "retarget"],
            inputs=[
                inputs.motion("The motion to edit. Its lips and its length are kept."),
                MotionType.Input(
                    "reference",
                    tooltip="The motion whose style is used, of any face, length and frame rate. "
                    "10 seconds or more describe a style well.",
                ),
                inputs.weight(
                    "strength",
                    1.0,
                    "Strength of all parts together: 0 changes nothing, 1 gives the motion the "
                    "statistics of the reference.",
                ),
                *(
                    inputs.weight(
                        part, 1.0, f"Share of {meaning}: 0 keeps the motion's own, 1 is full."
                    )
                    for part, meaning in PARTS.items()
                ),
                inputs.seed(0, "Random seed of the places of added blinks."),
            ],
            outputs=[inputs.motion_output("The motion in the style of the reference.")],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion,
        reference: Motion,
        strength: float = 1.0,
        seed: int = 0,
        **parts: float,
    ) -> io.NodeOutput:
        return io.NodeOutput(transfer_style(motion, reference, strength, parts, seed))


class MoDAStyleContext(io.ComfyNode):
    """Lets the model continue a reference performance."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Lets the model see a reference's motion and speech before the clip, so "
            "that it continues in that style. With the starter this changes little.",
            search_aliases=["style", "in context", "reference", "prompt", "previous motion"],
            inputs=[
                MotionType.Input(
                    "reference", tooltip="The motion to continue, of any face and frame rate."
                ),
                FeaturesType.Input(
                    "reference_features",
                    tooltip="Audio features of the speech to 'reference', which begin together. "
                    "Must come from the encoder the motion model was trained with.",
                ),
                inputs.number(
                    "start",
                    inputs.seconds(36000.0, default=0.0),
                    "Start of the part of the reference that is used, in seconds.",
                ),
                inputs.number(
                    "duration",
                    inputs.seconds(LONGEST_S, default=CONTEXT_S, shortest=inputs.FRAME_S),
                    "Length of that part in seconds. Sampling takes as long as for speech that is "
                    "longer by this much.",
                ),
                inputs.options(),
            ],
            outputs=[inputs.options_output()],
        )

    @classmethod
    def execute(
        cls,
        reference: Motion,
        reference_features: AudioFeatures,
        start: float = 0.0,
        duration: float = CONTEXT_S,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        context = StyleContext(reference, reference_features, start, duration)
        return io.NodeOutput(replace(options or SamplingRequest(), context=context))
