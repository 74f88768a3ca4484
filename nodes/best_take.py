"""The node that samples several takes and keeps the best one."""

from dataclasses import replace

from comfy_api.latest import io

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.bundles.pipeline import perform_takes
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.sampling.emotion_curve import emotion_curve
from ..moda_core.sampling.memory import sampling_bytes
from ..moda_core.sampling.ranking import Take, ranking_text, spoken_levels
from ..moda_core.sampling.request import SamplingRequest
from . import _host
from ._convert import sound_of
from .types import (
    EmotionType,
    FeaturesType,
    LoadedModel,
    ModelType,
    MotionType,
    PortraitType,
    SamplingType,
)

NUM_SEEDS = 2**64


class MoDABestOfN(io.ComfyNode):
    """Samples several takes and keeps the best one."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDABestOfN",
            display_name="MoDA Best Of N",
            category="MoDA",
            description="Makes several performances of the same speech at once and keeps the one "
            "whose lips go best with the sound and whose head moves smoothly.",
            search_aliases=["takes", "ranking", "seeds", "batch", "sampler"],
            inputs=[
                ModelType.Input("model", tooltip="A motion model."),
                FeaturesType.Input(
                    "audio_features", tooltip="Of the encoder that the model was trained on."
                ),
                PortraitType.Input("portrait", tooltip="The face that will speak."),
                io.Audio.Input(
                    "audio",
                    tooltip="The sound that the lips are compared with, from MoDA Encode Audio.",
                ),
                EmotionType.Input(
                    "emotion", optional=True, tooltip="Without it the speech decides."
                ),
                SamplingType.Input(
                    "options", optional=True, tooltip="From option nodes; without it the usual."
                ),
                io.Int.Input(
                    "takes",
                    default=4,
                    min=1,
                    max=64,
                    step=1,
                    tooltip="How many performances; more take longer, in proportion, and memory.",
                ),
                io.Int.Input(
                    "steps",
                    default=10,
                    min=1,
                    max=200,
                    step=1,
                    tooltip="Steps of the diffusion, as in MoDA Sample Motion.",
                ),
                io.Float.Input(
                    "guidance",
                    default=1.2,
                    min=1.0,
                    max=10.0,
                    step=0.05,
                    tooltip="How strongly speech and emotion are followed, as in MoDA Sample "
                    "Motion.",
                ),
                io.Int.Input(
                    "seed",
                    default=42,
                    min=0,
                    max=2**64 - 1,
                    step=1,
                    control_after_generate=True,
                    tooltip="Seed of the first take; the others have the ones after it. For new "
                    "takes at every run choose 'randomize': 'increment' repeats all but one.",
                ),
            ],
            outputs=[
                MotionType.Output(display_name="motion", tooltip="The best take's."),
                io.String.Output(
                    display_name="ranking",
                    tooltip="All takes, best first: seed, score, lips against sound, and jerks.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        audio_features: AudioFeatures,
        portrait: Portrait,
        audio: dict,
        emotion: Emotion | None = None,
        options: SamplingRequest | None = None,
        takes: int = 4,
        steps: int = 10,
        guidance: float = 1.2,
        seed: int = 42,
    ) -> io.NodeOutput:
        """Sample the takes and rank them."""
        curve = emotion_curve(emotion, audio_features)
        request = replace(options or SamplingRequest(), emotion=curve)
        request = request.with_options(num_steps=steps, cfg_scale=guidance, seed=seed)
        levels = spoken_levels(*sound_of(audio), audio_features)
        activations = sampling_bytes(request.options, len(audio_features), curve, takes)
        _host.bring_to_device(model.patchers, activations)
        seeds = [(seed + take) % NUM_SEEDS for take in range(takes)]
        sampled = perform_takes(
            model.model, audio_features, portrait, request, seeds, _host.Progress()
        )
        ranking = sampled.ranked(levels)
        _host.show_text(cls.hidden.unique_id, summary(ranking))
        return io.NodeOutput(sampled.motion(ranking[0].index), ranking_text(ranking))


def summary(ranking: list[Take]) -> str:
    """Return the best take and the scores of all, for a page that runs lines together."""
    scores = ", ".join(f"{take.seed}: {take.score:.3f}" for take in ranking)
    return f"Best is seed {ranking[0].seed}. Scores by seed: {scores}."
