"""All that is asked of a run of the sampler, as option nodes gather it."""

from dataclasses import dataclass, field, replace

from .inverted_noise import InvertedNoise
from .kept_motion import KeptMotion
from .options import SamplingOptions


@dataclass(frozen=True, eq=False)
class SamplingRequest:
    """How motion is to be sampled, and what of it is given beforehand.

    Parameters
    ----------
    options : SamplingOptions
    kept : tuple of KeptMotion
        Motion to keep, see `KeptCurves.of`.
    noise : InvertedNoise, optional
        To begin with, instead of the seed's; what an existing motion was made of.
    """

    options: SamplingOptions = field(default_factory=SamplingOptions)
    kept: tuple[KeptMotion, ...] = ()
    noise: InvertedNoise | None = None

    def __repr__(self) -> str:
        return f"SamplingRequest({self.options.solver}, {self.options.windows})"

    def with_options(self, **changes) -> "SamplingRequest":
        """Return the same with other options."""
        return replace(self, options=replace(self.options, **changes))
