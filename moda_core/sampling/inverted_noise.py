"""Noise from which the sampler makes a known motion."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .diversity import Diversity
from .options import SamplingOptions
from .window_plan import WINDOW, count_windows, window_noise

# Options that noise belongs to, and what they are called.
FIXED = {
    "solver": "solver",
    "solve": "linked sampler",
    "sigmas": "noise levels",
    "schedule": "schedule",
    "shift": "shift",
    "windows": "windows",
    "overlap": "overlap",
    "pad_mode": "padding",
}


@dataclass(frozen=True, eq=False)
class InvertedNoise:
    """Noise from which the sampler makes a known motion.

    Parameters
    ----------
    windows : Tensor, shape (W, 80, 70)
        One for each window of the chain, on the CPU.
    num_frames : int
        Length of the motion.
    options : SamplingOptions
        With which it was found.
    error : float
        Largest root mean square by which an undone step misses, in standard deviations.
    iterations : float
        Mean number of iterations for a step.
    """

    windows: Tensor
    num_frames: int
    options: SamplingOptions
    error: float
    iterations: float

    def __repr__(self) -> str:
        return f"InvertedNoise({self.num_frames} frames, {self.options.num_steps} steps)"

    def run_options(self, options: SamplingOptions) -> SamplingOptions:
        """Return how to sample from this noise."""
        if options.diversity != Diversity():
            raise ValueError(
                "The options hold the noise of one motion, and MoDA Diversity would change it. "
                "Remove one of the two."
            )
        for name, meaning in FIXED.items():
            asked, found = getattr(options, name), getattr(self.options, name)
            if asked is not found and (isinstance(asked, Tensor) or asked != found):
                raise ValueError(
                    f"The options hold the noise of a motion that was found with another choice "
                    f"of the {meaning}. Choose it before the noise is found, not after."
                )
        return replace(
            self.options,
            seed=options.seed,
            cfg_scale=options.cfg_scale,
            emotion_scale=options.emotion_scale,
            guidance_interval=options.guidance_interval,
            perturbation=options.perturbation,
            dynamic_threshold=options.dynamic_threshold,
            smooth=False,
        )

    def for_clip(self, num_frames: int, seed: int) -> list[Tensor]:
        """Return the noise of a clip, which may be longer or shorter than the motion.

        Parameters
        ----------
        num_frames : int
            Length of the clip.
        seed : int
            Of the noise of frames beyond the motion.

        Returns
        -------
        list of Tensor, shape (1, 80, 70)
            One for each window.
        """
        overlap = self.options.overlap
        drawn = [window_noise(seed, index) for index in range(count_windows(num_frames, overlap))]
        for index in range(min(len(drawn), len(self.windows))):
            first = index * (WINDOW - overlap)
            known = WINDOW if num_frames <= self.num_frames else self.num_frames - first
            parts = self.windows[index : index + 1, :known], drawn[index][:, known:]
            drawn[index] = torch.cat(parts, dim=1)
        return drawn
