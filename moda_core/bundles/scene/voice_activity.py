"""When somebody speaks in a sound, and on which of several tracks."""

import numpy as np
from scipy.ndimage import uniform_filter1d
from torch import Tensor

from ...audio.phrases import STEP_HZ, Span, level_db, phrase_spans

LOUDER_DB = 4.0  # by which another track must be louder to take over
SMOOTHING_S = 0.12


def voice_spans(waveform: Tensor, sample_rate: int) -> list[Span]:
    """Return the (start, stop) in seconds of the phrases of a sound (C, T), full scale at 1.

    ValueError as `frame_levels`.
    """
    peak = float(waveform.abs().max()) if waveform.numel() else 0.0
    return phrase_spans(level_db(waveform, sample_rate), peak)


def louder_spans(waveforms: list[Tensor], sample_rate: int) -> list[list[Span]]:
    """Return for each of several tracks, (C, T) of one length, the spans when it is the loudest.

    Each is measured against its own loudest part, so that their gains do not matter.
    """
    levels = np.stack([level_db(waveform, sample_rate) for waveform in waveforms])
    smooth = uniform_filter1d(levels, max(1, round(SMOOTHING_S * STEP_HZ)), axis=1)
    loudest = smooth.argmax(axis=0)
    leads = smooth.max(axis=0) - smooth
    current, chosen = int(loudest[0]), np.empty(len(loudest), int)
    for step, candidate in enumerate(loudest.tolist()):
        if leads[current, step] > LOUDER_DB:
            current = candidate
        chosen[step] = current
    spans = []
    for index in range(len(waveforms)):
        own = np.concatenate([[0], chosen == index, [0]])
        edges = np.flatnonzero(np.diff(own)).reshape(-1, 2) / STEP_HZ
        spans.append([(start, stop) for start, stop in edges.tolist()])
    return spans
