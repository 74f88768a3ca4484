"""Nodes that sample motion from speech, and plot it."""

import time
from dataclasses import replace

from comfy_api.latest import io, ui
from torch import Tensor

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.bundles.pipeline import perform
from ..moda_core.bundles.rest_pose import rest_pose
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.motion.controls import rest_expression
from ..moda_core.motion.motion import Motion
from ..moda_core.plot.motion_plot import plot_motion, preview_motion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.sampling.emotion_curve import emotion_curve
from ..moda_core.sampling.memory import sampling_bytes
from ..moda_core.sampling.request import SamplingRequest
from . import _host, inputs
from ._convert import image_of, sound_of
from .motion_preview import described, keep_preview, saved_sound
from .types import LoadedModel

GROWTH_INTERVAL_S = 1.0


class MoDASampleMotion(io.ComfyNode):
    """Samples the motion of a portrait that speaks."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Samples the motion of the face: lips, expression and head, at 25 fps. The "
            "same seed and inputs give the same motion.",
            search_aliases=["sampler", "diffusion", "lip sync", "talking head"],
            inputs=[
                inputs.model(),
                inputs.features(),
                inputs.portrait(
                    "The face to animate. The starter accepts any portrait, the released MoDA only "
                    "portraits of the LivePortrait renderer."
                ),
                inputs.emotion(),
                inputs.sampling_options(),
                inputs.steps(
                    10,
                    "Number of diffusion steps. The time grows in proportion; above 10 the motion "
                    "changes little.",
                ),
                inputs.guidance(
                    "Guidance scale of speech and emotion. 1 is unguided and takes half the time; "
                    "higher opens the mouth wider and shows more emotion; high values exaggerate "
                    "and add jitter."
                ),
                inputs.seed(42, "Random seed. Each value gives a different take of the speech."),
            ],
            outputs=[inputs.motion_output("The motion at 25 fps, for any portrait and renderer.")],
            hidden=[io.Hidden.unique_id],
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
        request = (options or SamplingRequest()).with_options(
            num_steps=steps, cfg_scale=guidance, seed=seed
        )
        growing = GrowingPreview(cls.hidden.unique_id, portrait)
        motion = sample_motion(model, audio_features, portrait, emotion, request, growing)
        return io.NodeOutput(motion, ui=_host.for_page("moda_motion", growing.told(motion)))


def sample_motion(
    model: LoadedModel,
    features: AudioFeatures,
    portrait: Portrait,
    emotion: Emotion | None,
    request: SamplingRequest,
    growing: "GrowingPreview | None" = None,
) -> Motion:
    """Move the model to the device and sample, with progress and previews."""
    request = ready_to_sample(model, features, emotion, request)
    shown = MotionProgress(len(features), growing)
    return perform(model.model, features, portrait, request, shown.step, preview=shown.keep)


def ready_to_sample(
    model: LoadedModel,
    features: AudioFeatures,
    emotion: Emotion | None,
    request: SamplingRequest,
    num_takes: int = 1,
) -> SamplingRequest:
    """Return a request with its emotion, once the model and room to sample are on the device."""
    curve = emotion_curve(emotion, features)
    num_frames = request.num_frames(features)
    activations = sampling_bytes(request.options, num_frames, curve, num_takes)
    _host.bring_to_device(model.patchers, activations)
    return replace(request, emotion=curve)


class MotionProgress:
    """Shows the progress of sampling with a preview of the motion so far."""

    def __init__(self, num_frames: int, growing: "GrowingPreview | None" = None) -> None:
        self.num_frames, self.values, self.progress = num_frames, None, _host.Progress()
        self.growing = growing

    def keep(self, values) -> None:
        """Keep the motion so far, shape (n, 70), for the next preview."""
        self.values = values
        if self.growing is not None:
            self.growing.grow(values)

    def step(self, done: int, total: int) -> None:
        """Show progress; arguments as of `_host.Progress`."""
        self.progress(done, total, self._picture if self.values is not None else None)

    def _picture(self):
        return preview_motion(self.values, self.num_frames)


class GrowingPreview:
    """Tells the page of a motion while it is sampled, so that it plays on the face."""

    def __init__(self, node_id: str, portrait: Portrait) -> None:
        self.node_id, self.portrait, self.key, self.told_at = node_id, portrait, None, 0.0

    def told(self, motion: Motion) -> dict:
        """Keep the motion, and return what the page is told of it."""
        self.key = keep_preview(self.portrait, motion, self.key)
        return described(motion, self.key)

    def grow(self, values: Tensor) -> None:
        """Tell the page of the motion so far, shape (n, 70), at most once a second."""
        now = time.monotonic()
        if now - self.told_at < GROWTH_INTERVAL_S:
            return
        self.told_at = now
        rest = rest_pose(None, self.portrait)[0]
        motion = Motion(values.float().cpu(), rest_expression() if rest is None else rest.cpu())
        _host.send("moda_motion", {"node": self.node_id, **self.told(motion)})


class MoDAPreviewMotion(io.ComfyNode):
    """Plots and plays a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Plots a motion over time: lip opening and audio level, head pose, blinks, "
            "gaze and expression. With a portrait, it plays on the face, with sound.",
            search_aliases=["plot", "curve", "graph", "play"],
            is_output_node=True,
            inputs=[
                inputs.motion("The motion to plot."),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="Optional. Audio whose level is drawn behind the lips, and that plays "
                    "with the face.",
                ),
                inputs.portrait(
                    "Optional. A face to play the motion on: small, in the node, and without "
                    "rendering the video.",
                    optional=True,
                ),
            ],
            outputs=[io.Image.Output(display_name="plot", tooltip="The plot, 1024x640 pixels.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls, motion: Motion, audio: dict | None = None, portrait: Portrait | None = None
    ) -> io.NodeOutput:
        sound = None if audio is None else sound_of(audio)
        plot = plot_motion(motion, sound)
        image = image_of(plot[None])
        length = f"{len(motion)} frames, {len(motion) / motion.fps:.2f} s, {motion.fps:g} fps"
        _host.show_text(cls.hidden.unique_id, length)
        shown = {**ui.PreviewImage(image, cls=cls).as_dict()}
        if portrait is not None:
            played = described(
                motion, keep_preview(portrait, motion), sound and saved_sound(*sound)
            )
            shown |= _host.for_page("moda_motion", played)
        return io.NodeOutput(image, ui=shown)
