"""All that is asked of a run of the sampler, as option nodes gather it."""

from dataclasses import dataclass, field, replace

from ..audio.features import AudioFeatures
from .emotion_curve import EmotionCurve
from .held_motion import HeldMotion
from .inverted_noise import InvertedNoise
from .options import SamplingOptions
from .style_context import StyleContext

CONTEXT_AND_NOISE = (
    "The options hold both a style context and the noise of a motion, which knows no context. Use "
    "one of the two."
)


@dataclass(frozen=True, eq=False)
class SamplingRequest:
    """How motion is to be sampled, and what of it is given beforehand.

    Parameters
    ----------
    held : tuple of HeldMotion
        Motion to hold, see `HeldCurves.of`.
    noise : InvertedNoise, optional
        To begin with, instead of the seed's; what an existing motion was made of.
    emotion : EmotionCurve, optional
        Over the clip; default none.
    context : StyleContext, optional
        A reference performance that the clip continues.
    """

    options: SamplingOptions = field(default_factory=SamplingOptions)
    held: tuple[HeldMotion, ...] = ()
    noise: InvertedNoise | None = None
    emotion: EmotionCurve | None = None
    context: StyleContext | None = None

    def __repr__(self) -> str:
        return f"SamplingRequest({self.options.solver}, {self.options.windows})"

    def num_frames(self, features: AudioFeatures) -> int:
        """Return how many frames are sampled for a clip of these features."""
        return len(features) + (0 if self.context is None else len(self.context))

    def with_options(self, **changes) -> "SamplingRequest":
        """Return the same with other options."""
        return replace(self, options=replace(self.options, **changes))
