"""Option nodes that bring a motion into the sampling of another one."""

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
from ..moda_core.sampling.request import SamplingRequest
from . import _host
from .sampling_options import options_input
from .types import (
    EmotionType,
    FeaturesType,
    LoadedModel,
    ModelType,
    MotionType,
    PortraitType,
    SamplingType,
)

SHOWN_ERROR = 1e-3  # standard deviations, that a step misses by


class MoDAHoldMotion(io.ComfyNode):
    """Holds parts of a motion while the rest is sampled."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAHoldMotion",
            display_name="MoDA Hold Motion",
            category="MoDA",
            description="Holds the head, the eyes, the brows or the mouth as they are in another "
            "motion, and lets the model fit the rest to them.",
            search_aliases=["keep", "constraint", "inpaint", "pose", "freeze"],
            inputs=[
                MotionType.Input(
                    "motion",
                    tooltip="What is held; its time is that of the speech. Any source and frame "
                    "rate.",
                ),
                io.Float.Input(
                    "head",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How firmly the head is held, its turns, place and size: 1 exactly, 0 "
                    "not at all.",
                ),
                io.Float.Input(
                    "eyes",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How firmly the eyes are held, blinks and gaze: 1 exactly, 0 not at "
                    "all.",
                ),
                io.Float.Input(
                    "brows",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How firmly the brows are held: 1 exactly, 0 not at all.",
                ),
                io.Float.Input(
                    "mouth",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How firmly mouth, cheeks and jaw are held: 1 exactly, 0 not at all.",
                ),
                io.Float.Input(
                    "start",
                    default=0.0,
                    min=0.0,
                    max=36000.0,
                    step=0.04,
                    tooltip="Seconds after which it is held.",
                ),
                io.Float.Input(
                    "end",
                    default=0.0,
                    min=0.0,
                    max=36000.0,
                    step=0.04,
                    tooltip="Seconds up to which it is held; 0 is up to the end of the motion.",
                ),
                io.Float.Input(
                    "feather",
                    default=0.8,
                    min=0.0,
                    max=60.0,
                    step=0.05,
                    tooltip="Seconds before and after in which the sampled motion goes over into "
                    "the held one; 0 jumps.",
                ),
                options_input(),
            ],
            outputs=[
                SamplingType.Output(display_name="options", tooltip="For MoDA Sample Motion.")
            ],
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
        """Add the held motion."""
        parts = {"head": head, "eyes": eyes, "brows": brows, "mouth": mouth}
        held = HeldMotion(motion, parts, start, end or None, feather)
        request = options or SamplingRequest()
        if any(parts.values()):
            request = replace(request, held=(*request.held, held))
        return io.NodeOutput(request)


class MoDAInvertMotion(io.ComfyNode):
    """Finds the noise that a motion is made of."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAInvertMotion",
            display_name="MoDA Invert Motion",
            category="MoDA",
            description="Finds the noise from which the model makes an existing motion, so that it "
            "can be sampled again with another emotion or other speech.",
            search_aliases=["inversion", "edit", "unsample", "noise"],
            inputs=[
                ModelType.Input("model", tooltip="The motion model that will sample it again."),
                MotionType.Input(
                    "motion",
                    tooltip="Any motion. Where it is shorter than the speech its last frame is "
                    "held; what is longer is cut off.",
                ),
                FeaturesType.Input("audio_features", tooltip="The speech that the motion shows."),
                PortraitType.Input("portrait", tooltip="The face that will speak."),
                io.Int.Input(
                    "steps",
                    default=50,
                    min=1,
                    max=200,
                    step=1,
                    tooltip="Steps that are undone, and made again by MoDA Sample Motion, whatever "
                    "it says. Fewer are quicker and less exact.",
                ),
                io.Float.Input(
                    "guidance",
                    default=1.2,
                    min=1.0,
                    max=10.0,
                    step=0.05,
                    tooltip="Set the same in MoDA Sample Motion, or the motion comes back changed. "
                    "Its seed counts only past the motion's end, its steps not at all.",
                ),
                EmotionType.Input(
                    "emotion",
                    optional=True,
                    tooltip="The emotion that the motion shows, or it stays in the noise; another "
                    "one in MoDA Sample Motion moves it towards that.",
                ),
                options_input(),
            ],
            outputs=[
                SamplingType.Output(
                    display_name="options",
                    tooltip="For MoDA Sample Motion, with the same guidance.",
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
        """Find the noise."""
        request = options or SamplingRequest()
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
                f"The motion will not come back exactly: a step misses by {noise.error:.3f} of a "
                "standard deviation. More 'steps' are more exact.",
            )
        return io.NodeOutput(replace(request, noise=noise))
