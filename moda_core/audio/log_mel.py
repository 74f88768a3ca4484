"""Log-mel features of the starter: 64 bands at 100 Hz, four steps per video frame, no weights."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import uniform_filter1d
from torch import Tensor

from .speech_preparation import SAMPLE_RATE

HOP, WINDOW, FFT_SIZE = 160, 400, 512
NUM_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
FRAMES_PER_VIDEO_FRAME = 4
SAMPLES_PER_VIDEO_FRAME = HOP * FRAMES_PER_VIDEO_FRAME  # 640: 25 video frames a second

POWER_FLOOR = 1e-10  # keeps the logarithm of digital silence finite
# Loudness (natural log of the power over all bands) of white noise 77 dB below full scale, about
# that of 16-bit rounding. Quieter sound is silence.
QUIETEST_REFERENCE = -7.0
SPEECH_RANGE = 6.0  # nepers of power below the loudest frames, in which speech is looked for
RANGE = 10.0  # nepers of power that a feature spans, 43 dB
FEATURE_UNIT = 3.0  # nepers per unit, so that the features of speech are about 0 to 4

# The equaliser: half of the difference between a recording's spectrum and that of usual speech is
# removed. All of it would break noise, whose spectrum is not the microphone's.
EQUALISATION = 0.5
LARGEST_SHIFT = 6.0  # nepers
LOUD_WITHIN = 4.0  # nepers of power below the reference; only such frames show the spectrum
QUIETEST_LEVEL = -14.0  # nepers below the reference that a band counts at least
MEMORY_S = 10.0  # in which the running mean forgets
PRIOR_STEPS = 40  # loud frames that the usual spectrum counts as
# Usual spectrum of speech: mean level of nine evenly spaced bands relative to the reference.
SPEECH_SPECTRUM = (-7.4, -5.6, -8.5, -10.2, -10.8, -10.4, -11.3, -13.1, -13.3)

# Sound whose loudness stays within this range for this long is hum, which sounds like a long vowel
# but for that. White noise has 0.16 nepers at least, the steadiest of singing 1.8.
STEADY_RANGE = 0.12  # nepers of power, 0.5 dB
STEADY_STEPS = 150
SMOOTHING_STEPS = 5

CHUNK = 100 * HOP  # samples transformed at once
PART = 4096  # steps equalised or measured at once


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
    buffer, count = np.zeros(overlap // 2, np.float32), 0
    levels = bytearray()  # grows in place; joining its parts would take all of them twice

    def transform(samples: np.ndarray) -> None:
        frames = torch.from_numpy(samples).unfold(0, WINDOW, HOP)  # (frames, WINDOW)
        power = torch.fft.rfft(frames * window, FFT_SIZE).abs() ** 2
        levels.extend(torch.log(power @ filters + POWER_FLOOR).numpy().tobytes())

    for block in blocks:
        buffer = np.concatenate([buffer, np.asarray(block, np.float32)])
        count += len(block)
        while len(buffer) >= CHUNK + overlap:
            transform(buffer[: CHUNK + overlap])
            buffer = buffer[CHUNK:]
    num_frames = round(count / SAMPLES_PER_VIDEO_FRAME) * FRAMES_PER_VIDEO_FRAME
    missing = num_frames - len(levels) // (4 * NUM_BANDS)
    if missing > 0:
        needed = missing * HOP + overlap
        transform(np.pad(buffer, (0, max(0, needed - len(buffer))))[:needed])
    if not levels:
        return torch.zeros(0, NUM_BANDS)
    return torch.frombuffer(levels, dtype=torch.float32).view(-1, NUM_BANDS)[:num_frames]


def loudness_reference(log_mel: Tensor) -> float:
    """Return the loudness of a recording's loud frames, in natural log of power.

    It is the 95th percentile over the frames of `log_mel` (frames, 64) that are not much quieter
    than the loudest ones, and at least `QUIETEST_REFERENCE`. `normalize_log_mel` subtracts it.
    """
    loudness = _loudness(log_mel).sort().values
    if len(loudness) == 0:
        return QUIETEST_REFERENCE
    quiet = float(loudness[int(0.995 * (len(loudness) - 1))]) - SPEECH_RANGE
    loud = loudness[loudness > max(quiet, QUIETEST_REFERENCE)]
    return float(loud[int(0.95 * (len(loud) - 1))]) if len(loud) else QUIETEST_REFERENCE


def _loudness(log_mel: Tensor) -> Tensor:
    """Return the power over all bands of log-mel power (S, 64), in natural log, (S,)."""
    return torch.cat([part.logsumexp(dim=1) for part in log_mel.split(PART)])


class Equalizer:
    """Removes half of what a microphone does to the spectrum, by a running mean over loud frames.

    The mean knows no later frames, so that a stream is equalised as its recording is.

    Parameters
    ----------
    sums : Tensor, shape (B, 1, 65), optional
        Forgetting sums over earlier loud frames: their levels relative to the reference, and their
        number. Default none.
    """

    def __init__(self, sums: Tensor | None = None):
        self.sums = sums

    def __call__(self, log_mel: Tensor, reference: Tensor) -> Tensor:
        """Equalise the next log-mel power (B, S, 64) of recordings of loudness (B,)."""
        level = log_mel - reference[:, None, None]
        loud = (level.logsumexp(dim=2, keepdim=True) > -LOUD_WITHIN).to(level)
        counted = torch.cat([level.clamp(min=QUIETEST_LEVEL), torch.ones_like(loud)], dim=2) * loud
        decay = math.exp(-HOP / SAMPLE_RATE / MEMORY_S)
        start = torch.zeros_like(counted[:, :1]) if self.sums is None else self.sums
        sums = torch.cat([start, counted], dim=1)
        steps = sums.transpose(0, 1).numpy()
        for earlier, step in itertools.pairwise(steps):
            step += decay * earlier
        self.sums, sums = sums[:, -1:], sums[:, 1:]
        usual = speech_spectrum()
        mean = (sums[..., :-1] + PRIOR_STEPS * usual) / (sums[..., -1:] + PRIOR_STEPS)
        return log_mel + (EQUALISATION * (usual - mean)).clamp(-LARGEST_SHIFT, LARGEST_SHIFT)


def steady_steps(log_mel: Tensor) -> Tensor:
    """Mark the steps of hum in log-mel power (S, 64), bool (S,).

    All of a steady second and a half is marked, and nothing of the onset that ends it.
    """
    loudness = uniform_filter1d(_loudness(log_mel).numpy(), SMOOTHING_STEPS)
    if len(loudness) < STEADY_STEPS:
        return torch.zeros(len(loudness), dtype=torch.bool)
    seconds = np.lib.stride_tricks.sliding_window_view(loudness, STEADY_STEPS)
    marks = np.zeros(len(loudness) + 1, int)
    steady = np.flatnonzero(np.ptp(seconds, axis=1) < STEADY_RANGE)
    np.add.at(marks, steady, 1)
    np.add.at(marks, steady + STEADY_STEPS, -1)
    return torch.from_numpy(marks[:-1].cumsum() > 0)


def speech_spectrum() -> Tensor:
    """Return the usual spectrum of speech relative to its loudness, shape (64,)."""
    knots = torch.tensor(SPEECH_SPECTRUM)[None, None]
    return F.interpolate(knots, NUM_BANDS, mode="linear", align_corners=True)[0, 0]


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
        ``T == round(25 * duration)``. Zero is silence, or hum. The level of the recording
        is removed, unless it is so low that it counts as silence.
    """
    log_mel = log_mel_spectrogram(blocks)
    if len(log_mel) == 0:
        return log_mel.new_zeros(0, FRAMES_PER_VIDEO_FRAME, NUM_BANDS)
    reference, steady = loudness_reference(log_mel), steady_steps(log_mel)
    equalize, level = Equalizer(), torch.tensor([reference])
    for part in log_mel.split(PART):
        part.copy_(normalize_log_mel(equalize(part[None], level)[0], reference))
    log_mel[steady] = 0.0
    return log_mel.unflatten(0, (-1, FRAMES_PER_VIDEO_FRAME))
