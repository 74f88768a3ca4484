"""How loud a sound is when, for pictures of it."""

from itertools import pairwise

import torch
from torch import Tensor

MOST_PEAKS = 2000


def sound_peaks(waveform: Tensor) -> list[float]:
    """Return the largest amplitude in up to 2,000 parts of equal length, to three digits.

    Parameters
    ----------
    waveform : Tensor, shape (channels, T)
        T is at least 1.

    Returns
    -------
    list of float
        As many as samples, if those are fewer.
    """
    loudest = waveform.abs().amax(0)
    edges = torch.linspace(0, len(loudest), min(MOST_PEAKS, len(loudest)) + 1).long().tolist()
    return [round(float(loudest[start:stop].max()), 3) for start, stop in pairwise(edges)]
