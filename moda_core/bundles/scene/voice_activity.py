"""When somebody speaks in a sound, and on which of several tracks, by level with hysteresis."""

import numpy as np
from scipy.ndimage import uniform_filter1d
from torch import Tensor

from ...audio.level import frame_levels
from .turns import Span, merged_spans

STEP_HZ = 100.0
SILENT_PEAK = 4e-3  # 48 dB below full scale: a sound without a louder sample has no voice
LOWEST_DB = -80.0
USUAL_SHARE = 95  # percentile of the levels that is taken for the level of speech
NOISE_SHARE = 10  # and for that of the noise
# A voice begins at the higher level and lasts down to the lower one. The higher one is this far
# below speech, or above the noise, if that is higher, but always clearly below speech.
BELOW_SPEECH_DB, ABOVE_NOISE_DB, LEAST_BELOW_DB = 24.0, 10.0, 6.0
HYSTERESIS_DB = 6.0
PAUSE_S = 0.2  # shorter pauses are part of a phrase: closures of consonants, breaths
SHORTEST_S = 0.08  # shorter sounds are clicks
LOUDER_DB = 4.0  # by which another track must be louder to take over
SMOOTHING_S = 0.12


def voice_spans(waveform: Tensor, sample_rate: int) -> list[Span]:
    """Return the (start, stop) in seconds of the phrases of a sound (C, T), full scale at 1.

    ValueError as `frame_levels`.
    """
    level = level_db(waveform, sample_rate)
    heard = level[level > LOWEST_DB]
    if not len(heard) or float(waveform.abs().max()) < SILENT_PEAK:
        return []
    speech, noise = np.percentile(heard, USUAL_SHARE), np.percentile(level, NOISE_SHARE)
    begins = min(max(speech - BELOW_SPEECH_DB, noise + ABOVE_NOISE_DB), speech - LEAST_BELOW_DB)
    voiced = hysteresis(level, begins, begins - HYSTERESIS_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], voiced, [0]]))).reshape(-1, 2) / STEP_HZ
    phrases = merged_spans([(start, stop) for start, stop in edges.tolist()], PAUSE_S)
    return [(start, stop) for start, stop in phrases if stop - start >= SHORTEST_S]


def level_db(waveform: Tensor, sample_rate: int) -> np.ndarray:
    """Return the level of a sound (C, T) a hundred times a second, in dB below its loudest."""
    steps = max(1, round(waveform.shape[1] / sample_rate * STEP_HZ))
    levels = frame_levels(waveform, sample_rate, steps, STEP_HZ)
    return 20 * np.log10(np.maximum(levels, 10 ** (LOWEST_DB / 20)))


def hysteresis(values: np.ndarray, begins: float, ends: float) -> np.ndarray:
    """Tell when values (n,) that reached `begins` have not yet fallen below `ends`: (n,) bool."""
    decided = (values >= begins) | (values < ends)
    last = np.maximum.accumulate(np.where(decided, np.arange(len(values)), 0))
    return (values >= begins)[last]


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
