"""Short overlapping frames of sound, their spectra, and the way back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

FRAME_S = 0.032  # about four periods of a low voice: harmonics are apart, syllables are too
HOPS = 4  # of a frame; the squares of its windows then add up to a constant
WINDOW_SUM = 1.5


@dataclass(frozen=True)
class Framing:
    """How sound is cut into frames.

    Frame 0 ends with the first hop of the sound, so that each sample lies in `HOPS` frames.

    Parameters
    ----------
    sample_rate : int
        Above 0.
    """

    sample_rate: int

    @cached_property
    def hop(self) -> int:
        """Samples from a frame to the next."""
        return next_fast_len(max(round(FRAME_S / HOPS * self.sample_rate), 1), real=True)

    @property
    def length(self) -> int:
        """Samples of a frame."""
        return HOPS * self.hop

    @property
    def bin_hz(self) -> float:
        """Distance of the bins of a spectrum."""
        return self.sample_rate / self.length

    @property
    def frames_a_second(self) -> float:
        return self.sample_rate / self.hop

    @cached_property
    def window(self) -> np.ndarray:
        """The periodic Hann window (length,)."""
        phase = 2 * np.pi * np.arange(self.length) / self.length
        return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)

    def count(self, num_samples: int) -> int:
        """Return how many frames cover a sound."""
        return -(-num_samples // self.hop) + HOPS - 1

    def spectra(self, samples: np.ndarray, first: int, stop: int) -> np.ndarray:
        """Return the spectra (stop - first, bins) of frames of a sound (T,), zero outside it."""
        begin, end = (first - HOPS + 1) * self.hop, stop * self.hop
        part = samples[max(begin, 0) : max(end, 0)]
        missing = end - max(begin, 0) - len(part)
        padded = np.pad(part, (max(-begin, 0), max(missing, 0)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.length)[:: self.hop]
        return rfft(frames * self.window, axis=1)

    def powers_at(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the power (n, bins) of frames that start at samples of a sound (T,)."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.length)[starts]
        spectra = rfft(frames * self.window, axis=1)
        return spectra.real**2 + spectra.imag**2

    def joined(self, spectra: np.ndarray) -> np.ndarray:
        """Return the sound of consecutive spectra (n, bins), ``(n - 3) * hop`` samples.

        The first and the last three hops, which other frames cover too, are left out.
        """
        frames = irfft(spectra, self.length, axis=1) * (self.window / WINDOW_SUM)
        num_hops = len(frames) - HOPS + 1
        quarters = frames.reshape(len(frames), HOPS, self.hop)
        parts = [quarters[HOPS - 1 - k : HOPS - 1 - k + num_hops, k] for k in range(HOPS)]
        return np.sum(parts, axis=0).reshape(-1)
