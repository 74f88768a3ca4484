"""Synthetic speech with phoneme times, from espeak-ng's C library.

Only training needs espeak-ng.
"""

import contextlib
import ctypes
import ctypes.util
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import MoDAError

# Values of espeak-ng's public header speak_lib.h.
SYNCHRONOUS_OUTPUT = 2
PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT = 0x0001, 0x0002, 0x8000
END_OF_LIST, PHONEME_EVENT = 0, 7
RATE, PITCH, PITCH_RANGE = 1, 3, 4
UTF8_TEXT = 1

# Events come late: the waveform's vowels and closures precede them by this much, measured as the
# lag of best correlation between energy and vowels.
EVENT_DELAY_S = 0.02

LIBRARY_NAMES = ("libespeak-ng.so.1", "libespeak-ng.dylib", "libespeak-ng.dll")


@dataclass(frozen=True)
class Phone:
    """One sound of an utterance, in the alphabet of its synthesiser; empty for a pause."""

    symbol: str
    start_s: float
    end_s: float


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def _load_library() -> ctypes.CDLL:
    for name in filter(None, (*LIBRARY_NAMES, ctypes.util.find_library("espeak-ng"))):
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    raise MoDAError(
        "Training the starter needs espeak-ng's library, which was not found. Install it with "
        "'apt install libespeak-ng1 espeak-ng-data' (Debian) or 'brew install espeak-ng' (macOS)."
    )


class Espeak:
    """The synthesiser; one per process, because the C library has global state.

    Raises
    ------
    MoDAError
        If espeak-ng is missing or does not start.
    """

    def __init__(self):
        self._library = _load_library()
        options = DONT_EXIT | PHONEME_EVENTS | PHONEME_IPA
        self.sample_rate = self._library.espeak_Initialize(SYNCHRONOUS_OUTPUT, 200, None, options)
        if self.sample_rate <= 0:
            raise MoDAError(
                "espeak-ng did not start, its data may be missing. Install 'espeak-ng-data' "
                "(Debian) or run 'brew reinstall espeak-ng' (macOS)."
            )
        self._pieces: list[np.ndarray] = []
        self._starts: list[tuple[str, float]] = []
        self._callback = _CALLBACK(self._receive)  # kept: C holds no reference
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples, count, events) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != END_OF_LIST:
            event = events[index]
            if event.type == PHONEME_EVENT:
                symbol = event.id.string.decode("utf-8", "ignore")
                if not symbol.startswith("("):  # a change of language, not a sound
                    self._starts.append((symbol, event.audio_position / 1000 - EVENT_DELAY_S))
            index += 1
        return 0

    def say(
        self, text: str, voice: str, rate: int = 175, pitch: int = 50, pitch_range: int = 50
    ) -> tuple[np.ndarray, list[Phone]]:
        """Speak a text; return float32 samples (num_samples,) and timed sounds."""
        self._pieces.clear()
        self._starts.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise MoDAError(f"espeak-ng has no voice {voice!r}. See 'espeak-ng --voices=variant'.")
        for parameter, value in ((RATE, rate), (PITCH, pitch), (PITCH_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, UTF8_TEXT, None, None)
        self._library.espeak_Synchronize()
        if not self._pieces:
            raise MoDAError(f"espeak-ng spoke nothing for {text!r}. Give it other words.")
        waveform = np.concatenate(self._pieces).astype(np.float32) / 32768
        return waveform, self._phones(len(waveform) / self.sample_rate)

    def _phones(self, duration_s: float) -> list[Phone]:
        spans = pairwise([*self._starts, ("", duration_s)])
        return [Phone(symbol, start, end) for (symbol, start), (_, end) in spans if end > start]
