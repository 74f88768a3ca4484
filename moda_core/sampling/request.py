"""All that is asked of a run of the sampler, as option nodes gather it."""

from dataclasses import dataclass, field, replace

from .emotion_curve import EmotionCurve
from .held_motion import HeldMotion
from .inverted_noise import InvertedNoise
from .options import SamplingOptions


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
    """

    options: SamplingOptions = field(default_factory=SamplingOptions)
    held: tuple[HeldMotion, ...] = ()
    noise: InvertedNoise | None = None
    emotion: EmotionCurve | None = None

    def __repr__(self) -> str:
        return f"SamplingRequest({self.options.solver}, {self.options.windows})"

    def with_options(self, **changes) -> "SamplingRequest":
        """Return the same with other options."""
        return replace(self, options=replace(self.options, **changes))
