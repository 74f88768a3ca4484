"""Nodes that make motion of speech, and show it."""

from dataclasses import replace

from comfy_api.latest import io, ui

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.bundles.pipeline import perform
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.motion.motion import Motion
from ..moda_core.plot.motion_plot import plot_motion, preview_motion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.sampling.emotion_curve import emotion_curve
from ..moda_core.sampling.memory import sampling_bytes
from ..moda_core.sampling.request import SamplingRequest
from . import _host
from ._convert import image_of, sound_of
from .types import (
    EmotionType,
    FeaturesType,
    LoadedModel,
    ModelType,
    MotionType,
    PortraitType,
    SamplingType,
)


class MoDASampleMotion(io.ComfyNode):
    """Samples the motion of a portrait that speaks."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDASampleMotion",
            display_name="MoDA Sample Motion",
            category="MoDA",
            description="Makes the motion of the face: lips, expression and head, 25 times a "
            "second. The same seed and inputs give the same motion.",
            search_aliases=["sampler", "diffusion", "lip sync", "talking head"],
            inputs=[
                ModelType.Input("model", tooltip="A motion model."),
                FeaturesType.Input(
                    "audio_features", tooltip="Of the encoder that the model was trained on."
                ),
                PortraitType.Input(
                    "portrait",
                    tooltip="The face that will speak. The starter takes any, the released MoDA "
                    "those of the LivePortrait renderer.",
                ),
                EmotionType.Input(
                    "emotion", optional=True, tooltip="Without it the speech decides."
                ),
                SamplingType.Input(
                    "options", optional=True, tooltip="From option nodes; without it the usual."
                ),
                io.Int.Input(
                    "steps",
                    default=10,
                    min=1,
                    max=200,
                    step=1,
                    tooltip="Steps of the diffusion; more take longer and change little above 10.",
                ),
                io.Float.Input(
                    "guidance",
                    default=1.2,
                    min=1.0,
                    max=10.0,
                    step=0.05,
                    tooltip="How strongly speech and emotion are followed. 1 is plain, 1.2 usual; "
                    "high values exaggerate and shake.",
                ),
                io.Int.Input(
                    "seed",
                    default=42,
                    min=0,
                    max=2**64 - 1,
                    step=1,
                    control_after_generate=True,
                    tooltip="Another seed gives another performance of the same speech.",
                ),
            ],
            outputs=[
                MotionType.Output(
                    display_name="motion",
                    tooltip="Plays on any portrait, in any renderer; 25 frames a second.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        audio_features: AudioFeatures,
        portrait: Portrait,
        emotion: Emotion | None = None,
        options: SamplingRequest | None = None,
        steps: int = 10,
        guidance: float = 1.2,
        seed: int = 42,
    ) -> io.NodeOutput:
        """Sample the motion."""
        curve = emotion_curve(emotion, audio_features)
        request = replace(options or SamplingRequest(), emotion=curve)
        request = request.with_options(num_steps=steps, cfg_scale=guidance, seed=seed)
        activations = sampling_bytes(request.options, len(audio_features), curve)
        _host.bring_to_device(model.patchers, activations)
        shown = MotionProgress(len(audio_features))
        motion = perform(
            model.model, audio_features, portrait, request, shown.step, preview=shown.keep
        )
        return io.NodeOutput(motion)


class MotionProgress:
    """Shows a motion while it grows.

    Parameters
    ----------
    num_frames : int
        Of the whole.
    """

    def __init__(self, num_frames: int) -> None:
        self.num_frames, self.values, self.progress = num_frames, None, _host.Progress()

    def keep(self, values) -> None:
        """Keep the motion so far, shape (n, 70), for the next picture."""
        self.values = values

    def step(self, done: int, total: int) -> None:
        """Show that a step is done."""
        self.progress(done, total, self._picture if self.values is not None else None)

    def _picture(self):
        return preview_motion(self.values, self.num_frames)


class MoDAPreviewMotion(io.ComfyNode):
    """Plots a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAPreviewMotion",
            display_name="MoDA Preview Motion",
            category="MoDA",
            description="Plots a motion over time: lip gap over the sound, head pose, blinks, "
            "gaze and expression.",
            search_aliases=["plot", "curve", "graph"],
            is_output_node=True,
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                io.Audio.Input(
                    "audio", optional=True, tooltip="Its envelope is drawn behind the lips."
                ),
            ],
            outputs=[io.Image.Output(display_name="plot", tooltip="The plot, 1024x640 pixels.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(cls, motion: Motion, audio: dict | None = None) -> io.NodeOutput:
        """Draw the plot."""
        plot = plot_motion(motion, None if audio is None else sound_of(audio))
        image = image_of(plot[None])
        length = f"{len(motion)} frames, {len(motion) / motion.fps:.2f} s, {motion.fps:g} fps"
        _host.show_text(cls.hidden.unique_id, length)
        return io.NodeOutput(image, ui=ui.PreviewImage(image, cls=cls))
