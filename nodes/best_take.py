"""The node that samples several takes and keeps the best one."""

from comfy_api.latest import io

from ..moda_core.audio.features import AudioFeatures
from ..moda_core.bundles.pipeline import perform_takes
from ..moda_core.bundles.score.rank import ScoredTake, rank_by_score, scored_ranking_text
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.sampling.ranking import Take, ranking_text, spoken_levels
from ..moda_core.sampling.request import SamplingRequest
from . import _host, inputs
from ._convert import heard_sound
from .motion import ready_to_sample
from .types import LoadedModel

BY_SCORE = "score"
RANKINGS = ("loudness and jerk", BY_SCORE)


class MoDABestOfN(io.ComfyNode):
    """Samples several takes and keeps the best one."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Samples several takes of the same speech together and keeps the best one, "
            "by lip sync and smooth movement or by the score of MoDA Score.",
            search_aliases=["takes", "ranking", "seeds", "batch", "sampler"],
            inputs=[
                inputs.model(),
                inputs.features(),
                inputs.portrait(),
                io.Audio.Input(
                    "audio",
                    tooltip="Audio to compare the lips with. Use the output of MoDA Encode Audio.",
                ),
                inputs.emotion(),
                inputs.sampling_options(),
                inputs.number(
                    "takes",
                    inputs.Scale(1, 64, default=4),
                    "Number of takes. Time and memory grow in proportion.",
                ),
                inputs.steps(
                    10,
                    "Number of diffusion steps of each take, as in MoDA Sample Motion. The time "
                    "grows in proportion.",
                ),
                inputs.guidance(
                    "Guidance scale of speech and emotion, as in MoDA Sample Motion. 1 is "
                    "unguided; higher is more expressive, high values add jitter."
                ),
                inputs.seed(
                    42,
                    "Random seed of the first take; each further take adds 1. For new takes on "
                    "every run choose 'randomize': with 'increment' all but one are repeated.",
                ),
                inputs.channel(
                    "Channel of 'audio' to compare with, the same as in MoDA Encode Audio."
                ),
                io.Combo.Input(
                    "rank_by",
                    options=list(RANKINGS),
                    default=RANKINGS[0],
                    optional=True,
                    tooltip="'loudness and jerk' compares the lips with the level of the audio, "
                    "and the jerk with the other takes. 'score' ranks the finished motion by the "
                    "score of MoDA Score.",
                ),
            ],
            outputs=[
                inputs.motion_output("The motion of the best take."),
                io.String.Output(
                    display_name="ranking",
                    tooltip="All takes, best first, with seed, score and the figures behind it.",
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
        channel: str = "mix",
        rank_by: str = RANKINGS[0],
    ) -> io.NodeOutput:
        request = (options or SamplingRequest()).with_options(
            num_steps=steps, cfg_scale=guidance, seed=seed
        )
        sound = heard_sound(audio, channel)
        levels = spoken_levels(*sound, audio_features)
        request = ready_to_sample(model, audio_features, emotion, request, takes)
        seeds = [(seed + take) % (inputs.MAX_SEED + 1) for take in range(takes)]
        sampled = perform_takes(
            model.model, audio_features, portrait, request, seeds, _host.Progress()
        )
        by_score = rank_by == BY_SCORE
        ranking = rank_by_score(sampled, *sound) if by_score else sampled.ranked(levels)
        _host.show_text(cls.hidden.unique_id, summary(ranking))
        table = scored_ranking_text(ranking) if by_score else ranking_text(ranking)
        return io.NodeOutput(sampled.motion(ranking[0].index), table)


def summary(ranking: list[Take] | list[ScoredTake]) -> str:
    """Return the best take and all scores in one line, as the page joins lines."""
    scores = ", ".join(f"{take.seed}: {take.score:.3f}" for take in ranking)
    return f"Best is seed {ranking[0].seed}. Scores by seed: {scores}."
