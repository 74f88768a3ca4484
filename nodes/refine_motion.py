"""The node that samples the weak frames of a motion again."""

from comfy_api.latest import io

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.bundles.refinement import RefinedMotion, refine_motion, refinement_text
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.sampling.ranking import spoken_levels
from ..moda_core.sampling.request import SamplingRequest
from . import _host, inputs
from ._convert import heard_sound
from .motion import ready_to_sample
from .types import LoadedModel


class MoDARefineMotion(io.ComfyNode):
    """Samples the weak frames of a motion again."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Samples the weakest frames of a motion again while the rest is held: "
            "those that jerk, or whose lips disagree with the sound. Keeps what came out better.",
            search_aliases=["back and refine", "improve", "repair", "resample", "lip sync"],
            inputs=[
                inputs.model("The motion model that sampled the motion."),
                inputs.motion("The motion to refine, sampled from this speech."),
                inputs.features(),
                inputs.portrait(),
                io.Audio.Input(
                    "audio",
                    tooltip="Audio to compare the lips with. Use the output of MoDA Encode Audio.",
                ),
                inputs.emotion(),
                inputs.sampling_options(),
                inputs.number(
                    "share",
                    inputs.Scale(0.0, 1.0, default=0.33, step=0.01),
                    "Largest share of the frames to sample again, weakest first; cross-fades of "
                    "0.4 s on both sides are added. 0 changes nothing.",
                ),
                inputs.number(
                    "rounds",
                    inputs.Scale(1, 16, default=1),
                    "How many times the frames that are the weakest by then are sampled again. "
                    "The time grows in proportion.",
                ),
                inputs.steps(10, "Number of diffusion steps, as in MoDA Sample Motion."),
                inputs.guidance(
                    "Guidance scale of speech and emotion. Use the same value as in MoDA Sample "
                    "Motion."
                ),
                inputs.seed(
                    43,
                    "Random seed of the first round; each further round adds 1. Use another seed "
                    "than that of the motion.",
                ),
                inputs.channel(
                    "Channel of 'audio' to compare with, the same as in MoDA Encode Audio."
                ),
            ],
            outputs=[
                inputs.motion_output("The refined motion at 25 fps."),
                io.String.Output(
                    display_name="report",
                    tooltip="What was sampled again: time in seconds, quality before and after, "
                    "and which of the two was taken.",
                ),
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
        audio: dict,
        emotion: Emotion | None = None,
        options: SamplingRequest | None = None,
        share: float = 0.33,
        rounds: int = 1,
        steps: int = 10,
        guidance: float = 1.2,
        seed: int = 43,
        channel: str = "mix",
    ) -> io.NodeOutput:
        request = (options or SamplingRequest()).with_options(
            num_steps=steps, cfg_scale=guidance, seed=seed
        )
        levels = spoken_levels(*heard_sound(audio, channel), audio_features)
        request = ready_to_sample(model, audio_features, emotion, request)
        given = (model.model, motion, audio_features, portrait, levels, request)
        refined = refine_motion(*given, share, rounds, _host.Progress())
        _host.show_text(cls.hidden.unique_id, summary(refined))
        return io.NodeOutput(refined.motion, refinement_text(refined))


def summary(refined: RefinedMotion) -> str:
    """Return in one line what was sampled again and what came of it."""
    attempts = [attempt for attempts in refined.rounds for attempt in attempts]
    if not attempts:
        return "No frames were sampled again. Raise 'share', or use longer speech."
    taken = sum(attempt.better for attempt in attempts)
    agreement, jerk = (f"{a:.3f} to {b:.3f}" for a, b in (refined.agreement, refined.jerk))
    return f"{taken} of {len(attempts)} parts came out better. Lip sync {agreement}, jerk {jerk}."
