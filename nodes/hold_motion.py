"""Nodes with options that bring an existing motion into sampling."""

from dataclasses import replace

from comfy_api.latest import io

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.sampling.emotion_curve import emotion_curve
from ..moda_core.sampling.held_motion import HeldMotion
from ..moda_core.sampling.inversion import GROUP, invert_motion
from ..moda_core.sampling.memory import sampling_bytes
from ..moda_core.sampling.request import CONTEXT_AND_NOISE, SamplingRequest
from . import _host, inputs
from .types import LoadedModel

# Default firmness of each, and what it covers.
REGIONS = {
    "head": (1.0, "the rotation, position and size of the head are"),
    "eyes": (0.0, "blinks and gaze are"),
    "brows": (0.0, "the brows are"),
    "mouth": (0.0, "mouth, cheeks and jaw are"),
}
SHOWN_ERROR = 1e-3  # in standard deviations


class MoDAHoldMotion(io.ComfyNode):
    """Holds parts of a motion while the rest is sampled."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Holds the head, eyes, brows or mouth of an existing motion while the "
            "model samples the rest to match.",
            search_aliases=["keep", "constraint", "inpaint", "pose", "freeze"],
            inputs=[
                inputs.motion(
                    "The motion to hold, of any source and frame rate. It begins together with the "
                    "speech."
                ),
                *(
                    inputs.weight(
                        region, default, f"How firmly {parts} held: 1 exactly, 0 not at all."
                    )
                    for region, (default, parts) in REGIONS.items()
                ),
                inputs.number(
                    "start",
                    inputs.seconds(36000.0, default=0.0),
                    "Start of the held part in seconds.",
                ),
                inputs.number(
                    "end",
                    inputs.seconds(36000.0, default=0.0),
                    "End of the held part in seconds; 0 is the end of the motion.",
                ),
                inputs.number(
                    "feather",
                    inputs.seconds(60.0, default=0.8, step=0.05),
                    "Cross-fade in seconds before 'start' and after 'end'; higher is softer, 0 "
                    "cuts.",
                ),
                inputs.options(),
            ],
            outputs=[inputs.options_output()],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion,
        head: float = 1.0,
        eyes: float = 0.0,
        brows: float = 0.0,
        mouth: float = 0.0,
        start: float = 0.0,
        end: float = 0.0,
        feather: float = 0.8,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        parts = {"head": head, "eyes": eyes, "brows": brows, "mouth": mouth}
        held = HeldMotion(motion, parts, start, end or None, feather)
        request = options or SamplingRequest()
        if any(parts.values()):
            request = replace(request, held=(*request.held, held))
        return io.NodeOutput(request)


class MoDAInvertMotion(io.ComfyNode):
    """Finds the noise that the model turns into a given motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Finds the noise from which the model samples an existing motion, so that "
            "it can be sampled again with another emotion or other speech.",
            search_aliases=["inversion", "edit", "unsample", "noise"],
            inputs=[
                inputs.model("The motion model that will sample the motion again."),
                inputs.motion(
                    "The motion to invert. If it is shorter than the speech, its last frame is "
                    "held; if longer, it is cut."
                ),
                inputs.features(),
                inputs.portrait(),
                inputs.steps(
                    50,
                    "Number of steps to invert. MoDA Sample Motion repeats the same number, "
                    "whatever its own setting. Fewer are faster and less exact.",
                ),
                inputs.guidance(
                    "Guidance scale of speech and emotion. Use the same value in MoDA Sample "
                    "Motion; with another the motion changes."
                ),
                inputs.emotion(
                    "Optional. The emotion that the motion already shows; when not connected, it "
                    "stays in the noise. Choose the new emotion in MoDA Sample Motion."
                ),
                inputs.options(),
            ],
            outputs=[
                inputs.options_output(
                    "Sampling options for MoDA Sample Motion, with the same guidance."
                )
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        motion: Motion,
        audio_features: AudioFeatures,
        portrait: Portrait,
        steps: int = 50,
        guidance: float = 1.2,
        emotion: Emotion | None = None,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        request = options or SamplingRequest()
        if request.context is not None:
            raise ValueError(CONTEXT_AND_NOISE)
        request = request.with_options(num_steps=steps, cfg_scale=guidance)
        curve = emotion_curve(emotion, audio_features)
        activations = sampling_bytes(request.options, len(audio_features), curve, num_windows=GROUP)
        _host.bring_to_device(model.patchers, activations)
        noise = invert_motion(
            model.model,
            motion,
            audio_features,
            portrait,
            curve,
            request.options,
            progress=_host.Progress(),
        )
        if noise.error > SHOWN_ERROR:
            _host.show_text(
                cls.hidden.unique_id,
                f"The motion will not come back exactly: the error of a step is {noise.error:.3f} "
                "standard deviations. Use more 'steps'.",
            )
        return io.NodeOutput(replace(request, noise=noise))
