"""Noise from which the sampler makes a known motion."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..window_plan import WINDOW, count_windows, window_noise
from .options import SamplingOptions


@dataclass(frozen=True, eq=False)
class InvertedNoise:
    """Noise from which the sampler makes a known motion.

    Parameters
    ----------
    windows : Tensor, shape (W, 80, 70)
        One for each window of the chain, on the CPU.
    num_frames : int
        Length of the motion.
    overlap : int
        Frames that neighbouring windows share.
    num_steps : int
        Steps that were undone; with others the motion comes back less exactly.
    error : float
        Largest root mean square by which an undone step misses, in standard deviations.
    iterations : float
        Mean number of iterations for a step.
    """

    windows: Tensor
    num_frames: int
    overlap: int
    num_steps: int
    error: float
    iterations: float

    def __repr__(self) -> str:
        return f"InvertedNoise({self.num_frames} frames, {self.num_steps} steps)"

    def for_clip(self, num_frames: int, options: SamplingOptions) -> list[Tensor]:
        """Return the noise of a clip, which may be longer or shorter than the motion.

        Parameters
        ----------
        num_frames : int
            Length of the clip; frames beyond the motion start from the noise of the seed.
        options : SamplingOptions
            Of the run.

        Returns
        -------
        list of Tensor, shape (1, 80, 70)
            One for each window.

        Raises
        ------
        ValueError
            If the run has other windows than the inversion had.
        """
        if options.windows != "chain" or options.overlap != self.overlap:
            raise ValueError(
                f"The noise was found for a chain of windows with an overlap of {self.overlap}, "
                f"but the run has windows {options.windows!r} with an overlap of "
                f"{options.overlap}. Use the same, or invert the motion again."
            )
        num_windows = count_windows(num_frames, self.overlap)
        drawn = [window_noise(options.seed, index) for index in range(num_windows)]
        for index in range(min(num_windows, len(self.windows))):
            first = index * (WINDOW - self.overlap)
            known = WINDOW if num_frames <= self.num_frames else self.num_frames - first
            parts = self.windows[index : index + 1, :known], drawn[index][:, known:]
            drawn[index] = torch.cat(parts, dim=1)
        return drawn
