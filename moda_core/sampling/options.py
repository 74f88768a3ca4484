"""How motion is sampled; the defaults are the released model's."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from .diversity import Diversity
from .flow import timesteps
from .perturbation import HeadPerturbation

SOLVERS = ("euler", "heun", "midpoint", "ab2")
SCHEDULES = ("released", "even")
PAD_MODES = ("zero", "replicate")
WINDOWS = ("chain", "joint", "anchored")
MAX_OVERLAP = 64
START_TOLERANCE = 1e-3

Velocity = Callable[[Tensor, float], Tensor]
Solve = Callable[[Velocity, Tensor, Tensor, Callable[[], None]], Tensor]


@dataclass(frozen=True)
class SamplingOptions:
    """How motion is sampled; the defaults are the released model's.

    Parameters
    ----------
    num_steps : int in [1, 1000]
        Solver steps of each window.
    cfg_scale : float
        Guidance; above 1 it exaggerates what the speech and the emotion change, up to 1 it is off.
    seed : int
        At least 0; window w starts from noise of ``SeedSequence([seed, w])``.
    pad_mode : {"zero", "replicate"}
        Features of the frames that fill up the last window.
    dynamic_threshold : tuple of (ratio, low, high), optional
        Bound on velocities, see `clamp_by_quantile`; acts only with guidance.
    emotion_scale : float, optional
        Guidance of the emotion alone, at least 0; default that of the speech.
    guidance_interval : tuple of (low, high), optional
        Noise levels in [0, 1] that guidance is confined to; elsewhere both scales are 1.
    solver : {"euler", "heun", "midpoint", "ab2"}
        Of the flow, see `solvers`.
    schedule : {"released", "even"}
        Noise levels: the released ones, whose last step does next to nothing, or even steps.
    shift : float
        Above 1 more steps are spent on high noise, below 1 on low; 1 leaves the schedule alone.
    windows : {"chain", "joint", "anchored"}
        One window after the other, each continuing the last; all at once; or a chain that returns
        to the start pose where the speech pauses.
    overlap : int in [1, 64]
        Frames that neighbouring windows share.
    perturbation : HeadPerturbation, optional
        Guidance away from what the network predicts with some attention heads perturbed.
    smooth : bool
        Average the pose over three frames, twice, as the released model does; motion sampled from
        inverted noise is smooth already.
    diversity : Diversity
        Noise of poses and expressions; default that of the flow.
    sigmas : Tensor, shape (steps + 1,), optional
        Noise levels from 1 down to 0, instead of `num_steps`, `schedule` and `shift`.
    solve : callable (velocity, noise, sigmas, on_step) -> motion, optional
        Instead of `solver`, in even steps unless `sigmas` are given. `velocity` takes latents,
        shape (B, N, 70), and a noise level; `on_step` is to be called after each step, and may
        raise to cancel.

    Raises
    ------
    ValueError
        If a value is out of range, or `solve` is to draw noise anew.
    """

    num_steps: int = 10
    cfg_scale: float = 1.2
    seed: int = 42
    pad_mode: str = "zero"
    dynamic_threshold: tuple[float, float, float] | None = None
    emotion_scale: float | None = None
    guidance_interval: tuple[float, float] | None = None
    solver: str = "euler"
    schedule: str = "released"
    shift: float = 1.0
    windows: str = "chain"
    overlap: int = 16
    perturbation: HeadPerturbation | None = None
    smooth: bool = True
    diversity: Diversity = field(default_factory=Diversity)
    sigmas: Tensor | None = field(default=None, compare=False)
    solve: Solve | None = field(default=None, compare=False)

    def __post_init__(self):
        self._check_steps()
        self._check_guidance()
        if self.solve is not None and self.diversity.draws:
            raise ValueError(
                "A linked sampler takes its steps itself, so no temperature can act between them. "
                "Set the temperatures to 0 and link a sampler that draws noise, such as "
                "'euler_ancestral', or use a solver of MoDA Solver."
            )
        for name, choices in (
            ("pad_mode", PAD_MODES),
            ("solver", SOLVERS),
            ("schedule", SCHEDULES),
            ("windows", WINDOWS),
        ):
            if getattr(self, name) not in choices:
                listed = ", ".join(map(repr, choices))
                raise ValueError(f"Expected {name} among {listed}, got {getattr(self, name)!r}.")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"Expected a whole seed of at least 0, got {self.seed!r}.")
        if not isinstance(self.overlap, int) or not 1 <= self.overlap <= MAX_OVERLAP:
            raise ValueError(
                f"Expected a whole overlap of 1 to {MAX_OVERLAP} frames, got {self.overlap!r}."
            )

    @property
    def guided(self) -> bool:
        """Whether an unconditional row is computed."""
        return self.cfg_scale > 1

    @property
    def perturbed(self) -> bool:
        """Whether a row with perturbed attention is computed."""
        return self.perturbation is not None and self.perturbation.active

    def _check_steps(self) -> None:
        if not isinstance(self.num_steps, int):
            raise ValueError(f"Expected a whole number of steps, got {self.num_steps!r}.")
        timesteps(self.num_steps)
        if not (math.isfinite(self.shift) and self.shift > 0):
            raise ValueError(f"Expected a finite shift above 0, got {self.shift}.")
        if self.sigmas is not None:
            check_sigmas(self.sigmas)

    def _check_guidance(self) -> None:
        if not math.isfinite(self.cfg_scale):
            raise ValueError(f"Expected a finite cfg_scale, got {self.cfg_scale}.")
        if self.emotion_scale is not None and not 0 <= self.emotion_scale < math.inf:
            raise ValueError(f"Expected emotion_scale of at least 0, got {self.emotion_scale}.")
        ratio, low, high = self.dynamic_threshold or (1.0, 0.0, 1.0)
        if not (0 <= ratio <= 1 and 0 <= low <= high):
            raise ValueError(
                "Expected dynamic_threshold (ratio, low, high) with ratio in [0, 1] and "
                f"low <= high, got {self.dynamic_threshold}."
            )
        low, high = self.guidance_interval or (0.0, 1.0)
        if not 0 <= low <= high <= 1:
            raise ValueError(
                "Expected guidance_interval (low, high) in [0, 1] with low <= high, "
                f"got {self.guidance_interval}."
            )


def check_sigmas(sigmas: Tensor) -> None:
    """Check noise levels that come from outside."""
    if sigmas.ndim != 1 or len(sigmas) < 2:
        raise ValueError(f"Expected at least two sigmas in a row, got {tuple(sigmas.shape)}.")
    first, last = float(sigmas[0]), float(sigmas[-1])
    if not abs(first - 1) <= START_TOLERANCE or last != 0:
        raise ValueError(
            f"Expected sigmas from 1 (noise) to 0 (clean), got {first:g} to {last:g}. Use a "
            "scheduler for flow models, with denoise 1."
        )
    if not bool((sigmas[1:] < sigmas[:-1]).all()):
        raise ValueError("Expected sigmas that fall at every step. Ask for fewer steps.")
