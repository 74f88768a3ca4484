"""Phrases of speech and the pauses between them, by level with hysteresis."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from .level import SILENCE, frame_levels
from .speech_preparation import HOP, SAMPLE_RATE

STEP_HZ = 100.0
STEP = round(SAMPLE_RATE / STEP_HZ)  # samples
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

Span = tuple[float, float]


def phrase_spans(level: np.ndarray, peak: float) -> list[Span]:
    """Return the (start, stop) in seconds of the phrases of a sound.

    `level` (n,) is that of `level_db`, `peak` the largest sample, full scale at 1.
    """
    heard = level[level > LOWEST_DB]
    if not len(heard) or peak < SILENT_PEAK:
        return []
    speech, noise = np.percentile(heard, USUAL_SHARE), np.percentile(level, NOISE_SHARE)
    begins = min(max(speech - BELOW_SPEECH_DB, noise + ABOVE_NOISE_DB), speech - LEAST_BELOW_DB)
    voiced = hysteresis(level, begins, begins - HYSTERESIS_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], voiced, [0]]))).reshape(-1, 2) / STEP_HZ
    phrases = merged_spans([(start, stop) for start, stop in edges.tolist()], PAUSE_S)
    return [(start, stop) for start, stop in phrases if stop - start >= SHORTEST_S]


def level_db(waveform: Tensor, sample_rate: int) -> np.ndarray:
    """Return the level of a sound (C, T) a hundred times a second, in dB below its loudest.

    ValueError as `frame_levels`.
    """
    steps = max(1, round(waveform.shape[1] / sample_rate * STEP_HZ))
    return _decibels(frame_levels(waveform, sample_rate, steps, STEP_HZ))


def _decibels(level: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.maximum(level, 10 ** (LOWEST_DB / 20)))


def hysteresis(values: np.ndarray, begins: float, ends: float) -> np.ndarray:
    """Tell when values (n,) that reached `begins` have not yet fallen below `ends`: (n,) bool."""
    decided = (values >= begins) | (values < ends)
    last = np.maximum.accumulate(np.where(decided, np.arange(len(values)), 0))
    return (values >= begins)[last]


def merged_spans(spans: list[Span], gap_s: float = 0.0) -> list[Span]:
    """Join spans in order of time that are at most `gap_s` apart."""
    merged: list[Span] = []
    for start, stop in spans:
        if merged and start - merged[-1][1] <= gap_s:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


class PhraseMeter:
    """Finds the phrases of mono sound at 16 kHz while its blocks pass on to an encoder.

    A last part of under 10 ms is left out.
    """

    def __init__(self):
        self._rest, self._power, self._peak = np.zeros(0, np.float32), [np.zeros(0)], 0.0

    def measured(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the blocks (T,) unchanged."""
        for block in blocks:
            self._measure(np.asarray(block, np.float32))
            yield block

    def voiced(self, num_frames: int) -> Tensor:
        """Return in which video frames of what passed a phrase is spoken: (num_frames,), bool."""
        level = np.sqrt(np.concatenate(self._power))
        loudest = level.max(initial=0.0)
        level = level / loudest if loudest > SILENCE else level * 0
        voiced = torch.zeros(num_frames, dtype=torch.bool)
        for start, stop in phrase_spans(_decibels(level), self._peak):
            voiced[round(start * SAMPLE_RATE / HOP) : round(stop * SAMPLE_RATE / HOP)] = True
        return voiced

    def _measure(self, block: np.ndarray) -> None:
        self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))
        samples = np.concatenate([self._rest, block])
        whole = len(samples) // STEP * STEP
        self._rest = samples[whole:]
        self._power.append(np.square(samples[:whole].reshape(-1, STEP)).mean(axis=1))
