"""Features of a speech encoder for sound that is still arriving."""

from copy import copy

import numpy as np
import torch
from torch import Tensor

from .hubert import SpeechEncoder
from .speech_preparation import (
    HOP,
    PRE_EMPHASIS,
    pre_emphasize_in_place,
    round_to_pcm16_in_place,
)

PAST = 50  # frames, 2 s


class SpeechStream:
    """Computes the features of a speech encoder frame by frame, like `LogMelStream`.

    Each call encodes a piece of its own: the frames that it is asked for, and `past` before them.
    The encoder knows a recording by whole minutes instead, so that its features differ a little.

    Parameters
    ----------
    encoder : SpeechEncoder
    past : int
        Frames; more hear speech as in a recording, and take longer.
    """

    def __init__(self, encoder: SpeechEncoder, past: int = PAST):
        self._encoder, self._past = encoder, past
        self._before = np.zeros(0, np.float32)  # prepared samples of the frames that were taken
        self._samples = np.zeros(0, np.float32)  # of those that were not
        self._raw = np.zeros(0, np.float32)  # the last sample that came, or too few to prepare

    def copy(self) -> "SpeechStream":
        """Return a copy that goes its own way from here."""
        return copy(self)  # nothing is changed in place

    def push(self, samples: np.ndarray) -> None:
        """Append mono sound (T,), float32 in [-1, 1], at 16 kHz."""
        raw = np.concatenate([self._raw, np.asarray(samples, np.float32)])
        begins = not len(self._samples) and not len(self._before)
        if len(raw) < 2 or not len(samples):
            self._raw = raw
            return
        if begins:
            prepared = raw.copy()
            pre_emphasize_in_place(prepared)
        else:
            prepared = raw[1:] - np.float32(PRE_EMPHASIS) * raw[:-1]
        round_to_pcm16_in_place(prepared)
        self._samples, self._raw = np.concatenate([self._samples, prepared]), raw[-1:]

    @property
    def num_ready(self) -> int:
        """Number of whole frames that were heard and not taken yet."""
        return len(self._samples) // HOP

    def forget_ahead(self) -> None:
        """Drop all sound after the frames that were taken."""
        self._samples = self._samples[:0]
        self._raw = np.zeros(min(len(self._before), 1), np.float32)

    def take(self, num_frames: int, ahead: int) -> Tensor:
        """Take the next frames, and look at those after them; see `LogMelStream.take`.

        Returns (num_frames + ahead, layers, channels).
        """
        count = num_frames + ahead
        if count > self.num_ready:
            raise ValueError(
                f"Expected at most {self.num_ready} frames that were heard, got {num_frames} + "
                f"{ahead}. Push more sound first."
            )
        piece = np.concatenate([self._before, self._samples[: count * HOP]])
        features = self._encoder.encode(torch.from_numpy(piece))[-count:]
        taken = self._samples[: num_frames * HOP]
        self._before = np.concatenate([self._before, taken])[-self._past * HOP :]
        self._samples = self._samples[num_frames * HOP :]
        return features
