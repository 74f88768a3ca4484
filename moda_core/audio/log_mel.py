"""Log-mel features of the starter: 64 bands at 100 Hz, four steps per video frame, no weights."""

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from .speech_preparation import SAMPLE_RATE

HOP, WINDOW, FFT_SIZE = 160, 400, 512
NUM_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
FRAMES_PER_VIDEO_FRAME = 4
SAMPLES_PER_VIDEO_FRAME = HOP * FRAMES_PER_VIDEO_FRAME  # 640: 25 video frames a second

POWER_FLOOR = 1e-10  # keeps the logarithm of digital silence finite
# Loudness (natural log of the power over all bands) of white noise 34 dB below full scale.
# Quieter recordings are not raised to the level of speech, so that room noise stays quiet.
QUIETEST_REFERENCE = 2.8
RANGE = 10.0  # nepers of power that a feature spans, 43 dB
FEATURE_UNIT = 3.0  # nepers per unit, so that the features of speech are about 0 to 4
CHUNK = 100 * HOP  # samples transformed at once


def mel_filters() -> Tensor:
    """Return triangular filters, shape (64, 257), with a peak of 1, evenly spaced in mel."""
    mel = [2595 * math.log10(1 + hertz / 700) for hertz in (LOWEST_HZ, HIGHEST_HZ)]
    centre = 700 * (10 ** (torch.linspace(mel[0], mel[1], NUM_BANDS + 2) / 2595) - 1)
    bins = torch.linspace(0, SAMPLE_RATE / 2, FFT_SIZE // 2 + 1)
    lower, middle, upper = (centre[index : index + NUM_BANDS, None] for index in range(3))
    rising, falling = (bins - lower) / (middle - lower), (upper - bins) / (upper - middle)
    return torch.minimum(rising, falling).clamp(min=0)


def log_mel_spectrogram(blocks: Iterable[np.ndarray]) -> Tensor:
    """Return the log-mel power (4 * T, 64) of mono blocks at 16 kHz, ``T == round(25 * duration)``.

    It is the natural log of power; frame i is centred at ``10 i + 5`` ms.
    """
    filters, window = mel_filters().T, torch.hann_window(WINDOW)
    overlap = WINDOW - HOP
    buffer, count, rows = np.zeros(overlap // 2, np.float32), 0, []

    def transform(samples: np.ndarray) -> None:
        frames = torch.from_numpy(samples).unfold(0, WINDOW, HOP)  # (frames, WINDOW)
        power = torch.fft.rfft(frames * window, FFT_SIZE).abs() ** 2
        rows.append(torch.log(power @ filters + POWER_FLOOR))

    for block in blocks:
        buffer = np.concatenate([buffer, np.asarray(block, np.float32)])
        count += len(block)
        while len(buffer) >= CHUNK + overlap:
            transform(buffer[: CHUNK + overlap])
            buffer = buffer[CHUNK:]
    num_frames = round(count / SAMPLES_PER_VIDEO_FRAME) * FRAMES_PER_VIDEO_FRAME
    missing = num_frames - sum(map(len, rows))
    if missing > 0:
        needed = missing * HOP + overlap
        transform(np.pad(buffer, (0, max(0, needed - len(buffer))))[:needed])
    return torch.cat(rows)[:num_frames] if rows else torch.zeros(0, NUM_BANDS)


def loudness_reference(log_mel: Tensor) -> float:
    """Return the loudness of a recording's loud frames, in natural log of power.

    It is the 95th percentile over the frames of `log_mel` (frames, 64) that are not silent, and
    at least `QUIETEST_REFERENCE`. `normalize_log_mel` subtracts it.
    """
    loudness = torch.logsumexp(log_mel, dim=1)
    loud = loudness[loudness > QUIETEST_REFERENCE]
    if len(loud) == 0:
        return QUIETEST_REFERENCE
    return float(loud.sort().values[int(0.95 * (len(loud) - 1))])


def normalize_log_mel(log_mel: Tensor, reference: float | Tensor) -> Tensor:
    """Scale log-mel power (..., 64) so that 0 is silence and the recording's level is removed.

    `reference` is the `loudness_reference`; a tensor broadcasts. The result is at least 0, and
    about 0 to 4 in speech.
    """
    level = log_mel - reference + math.log(NUM_BANDS)
    return (level + RANGE).clamp(min=0) / FEATURE_UNIT


def log_mel_features(blocks: Iterable[np.ndarray]) -> Tensor:
    """Compute the starter's audio features of a waveform that arrives in blocks.

    Parameters
    ----------
    blocks : iterable of array, float32 in [-1, 1]
        Mono at 16 kHz, of any lengths; none is kept.

    Returns
    -------
    Tensor, shape (T, 4, 64), float32
        ``T == round(25 * duration)``. Zero is silence. The level of the recording is removed,
        unless it is so low that it counts as noise.
    """
    log_mel = log_mel_spectrogram(blocks)
    features = normalize_log_mel(log_mel, loudness_reference(log_mel))
    return features.unflatten(0, (-1, FRAMES_PER_VIDEO_FRAME))
