"""Log-mel features of sound that is still arriving."""

from copy import copy

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d
from torch import Tensor

from .log_mel import (
    FFT_SIZE,
    FRAMES_PER_VIDEO_FRAME,
    HOP,
    NUM_BANDS,
    POWER_FLOOR,
    SAMPLES_PER_VIDEO_FRAME,
    SMOOTHING_STEPS,
    SPEECH_RANGE,
    STEADY_RANGE,
    STEADY_STEPS,
    WINDOW,
    Equalizer,
    mel_filters,
    normalize_log_mel,
)

# Loudness (natural log of the power over all bands) of speech as it is usually recorded, which is
# assumed until a second of speech was heard; and the least that counts as somebody's loudness.
USUAL_REFERENCE = 7.5
LEAST_REFERENCE = USUAL_REFERENCE - 6.0
PRIOR_STEPS = 50  # loud steps that the usual loudness counts as
REFERENCE_STEPS = 2000  # 20 s, whose loud steps tell the loudness
BEFORE = (WINDOW - HOP) // 2  # samples of a step before its own


class LogMelStream:
    """Computes the starter's audio features frame by frame, from sound that arrives in pieces.

    They are those of `log_mel_features` but for what a stream can't know: the loudness is that of
    the last 20 s instead of the whole recording, and hum is known once it lasts 1.5 s. However the
    sound is cut into pieces, they are the same.
    """

    def __init__(self) -> None:
        self._filters, self._window = mel_filters().T, torch.hann_window(WINDOW)
        self._samples = np.zeros(BEFORE, np.float32)  # from the first step that is not taken on
        self._steps_ahead = torch.zeros(0, NUM_BANDS)  # log-mel power of frames not taken
        self._loudness = np.zeros(0, np.float32)  # of taken steps, the last ones
        self._equalizer = Equalizer()

    def copy(self) -> "LogMelStream":
        """Return a copy that goes its own way from here."""
        other = copy(self)
        other._equalizer = Equalizer(self._equalizer.sums)
        return other

    def push(self, samples: np.ndarray) -> None:
        """Append mono sound (T,), float32 in [-1, 1], at 16 kHz."""
        self._samples = np.concatenate([self._samples, np.asarray(samples, np.float32)])
        known = len(self._steps_ahead)
        steps = (len(self._samples) - WINDOW) // HOP + 1 - known
        if steps > 0:
            part = self._samples[known * HOP : (known + steps - 1) * HOP + WINDOW]
            frames = torch.from_numpy(part).unfold(0, WINDOW, HOP)
            power = torch.fft.rfft(frames * self._window, FFT_SIZE).abs() ** 2
            new = torch.log(power @ self._filters + POWER_FLOOR)
            self._steps_ahead = torch.cat([self._steps_ahead, new])

    @property
    def num_ready(self) -> int:
        """Number of whole frames that were heard and not taken yet."""
        return len(self._steps_ahead) // FRAMES_PER_VIDEO_FRAME

    def forget_ahead(self) -> None:
        """Drop all sound after the frames that were taken."""
        self._samples, self._steps_ahead = self._samples[:BEFORE], self._steps_ahead[:0]

    def take(self, num_frames: int, ahead: int) -> Tensor:
        """Take the next frames, and look at those after them.

        Parameters
        ----------
        num_frames : int
            Frames to take.
        ahead : int
            Frames after them that will be taken later; both together at most `num_ready`.

        Returns
        -------
        Tensor, shape (num_frames + ahead, 4, 64), float32
        """
        if num_frames + ahead > self.num_ready:
            raise ValueError(
                f"Expected at most {self.num_ready} frames that were heard, got "
                f"{num_frames} + {ahead}. Push more sound first."
            )
        taken = num_frames * FRAMES_PER_VIDEO_FRAME
        steps = self._steps_ahead[: taken + ahead * FRAMES_PER_VIDEO_FRAME]
        loudness = np.concatenate([self._loudness, steps.logsumexp(dim=1).numpy()])
        reference = running_reference(loudness[: len(loudness) - len(steps) + taken])
        level = torch.tensor([reference])
        features = normalize_log_mel(self._equalizer(steps[None, :taken], level)[0], reference)
        later = Equalizer(self._equalizer.sums)
        if ahead:
            rest = normalize_log_mel(later(steps[None, taken:], level)[0], reference)
            features = torch.cat([features, rest])
        features[_is_steady(loudness, len(steps))] = 0.0
        self._loudness = loudness[: len(loudness) - len(steps) + taken][-REFERENCE_STEPS:]
        self._samples = self._samples[num_frames * SAMPLES_PER_VIDEO_FRAME :]
        self._steps_ahead = self._steps_ahead[taken:]
        return features.unflatten(0, (-1, FRAMES_PER_VIDEO_FRAME))


def running_reference(loudness: np.ndarray) -> float:
    """Return the loudness of the loud steps so far, (S,), in natural log of power.

    It is that of `loudness_reference`, drawn towards that of usual speech while little was heard.
    """
    if not len(loudness):
        return USUAL_REFERENCE
    ordered = np.sort(loudness)
    quiet = float(ordered[int(0.995 * (len(ordered) - 1))]) - SPEECH_RANGE
    loud = ordered[ordered > max(quiet, LEAST_REFERENCE)]
    if not len(loud):
        return USUAL_REFERENCE
    own, known = float(loud[int(0.95 * (len(loud) - 1))]), len(loud) / (len(loud) + PRIOR_STEPS)
    return USUAL_REFERENCE + known * (own - USUAL_REFERENCE)


def _is_steady(loudness: np.ndarray, count: int) -> Tensor:
    """Tell which of the last steps end a second and a half of hum, bool (count,)."""
    needed = STEADY_STEPS + SMOOTHING_STEPS
    known = np.pad(loudness[-(count + needed) :], (max(0, count + needed - len(loudness)), 0))
    smooth = uniform_filter1d(known, SMOOTHING_STEPS, origin=SMOOTHING_STEPS // 2)
    seconds = np.lib.stride_tricks.sliding_window_view(smooth, STEADY_STEPS)[-count:]
    heard = len(loudness) - count + np.arange(count) >= needed
    return torch.from_numpy((np.ptp(seconds, axis=1) < STEADY_RANGE) & heard)
