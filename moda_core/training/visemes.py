"""Mouth shapes of speech sounds, from espeak-ng's IPA and flite's alphabet."""

from dataclasses import dataclass

import numpy as np

from ..motion.motion import FPS
from .espeak import Phone


@dataclass(frozen=True)
class Viseme:
    """Target of the mouth for one sound.

    Parameters
    ----------
    jaw : float in [0, 1]
        Opening.
    width : float in [-1, 1]
        + spread, - puckered.
    close : float in [0, 1]
        Lips pressed together.
    dominance, width_dominance : float
        How strongly jaw and width resist their neighbours' targets.
    """

    jaw: float
    width: float
    close: float
    dominance: float
    width_dominance: float


PAUSE = Viseme(jaw=0.0, width=0.0, close=0.0, dominance=1.0, width_dominance=0.8)
UNKNOWN = Viseme(jaw=0.35, width=0.0, close=0.0, dominance=0.4, width_dominance=0.3)

# Sounds, jaw, width, close, dominance, dominance of the width.
_TABLE = (
    ("a ɑ ä æ ɐ̃ ɶ", 1.0, 0.2, 0.0, 1.0, 0.6),
    ("ɒ", 0.9, -0.3, 0.0, 1.0, 0.8),
    ("ʌ ɐ", 0.7, 0.05, 0.0, 0.9, 0.5),
    ("ə ɘ ᵻ ɨ", 0.42, 0.0, 0.0, 0.6, 0.4),
    ("ɜ ɝ ɚ ɞ", 0.45, -0.3, 0.0, 0.8, 0.7),
    ("ɛ", 0.72, 0.55, 0.0, 1.0, 0.9),
    ("e", 0.55, 0.75, 0.0, 1.0, 1.0),
    ("ɪ", 0.42, 0.6, 0.0, 0.9, 0.9),
    ("i", 0.3, 1.0, 0.0, 1.0, 1.1),
    ("j ʲ ʝ", 0.2, 0.8, 0.0, 0.8, 0.9),
    ("ɔ", 0.8, -0.6, 0.0, 1.0, 1.0),
    ("o", 0.6, -0.8, 0.0, 1.0, 1.1),
    ("ʊ ɤ", 0.38, -0.65, 0.0, 0.9, 1.0),
    ("u ʉ ɵ ɯ y ø œ", 0.26, -1.0, 0.0, 1.0, 1.2),
    ("w ʍ ɥ", 0.15, -1.0, 0.0, 1.2, 1.4),
    ("p b m ɓ", 0.0, 0.0, 1.0, 2.2, 0.2),
    ("f v ɱ ʋ β ɸ", 0.06, 0.1, 0.5, 1.8, 0.5),
    ("θ ð", 0.22, 0.15, 0.0, 0.9, 0.4),
    ("t d n ɾ ɗ t̪ d̪", 0.18, 0.3, 0.0, 0.8, 0.4),
    ("s z ts dz", 0.1, 0.4, 0.0, 1.2, 0.7),
    ("l ɫ ɬ", 0.3, 0.25, 0.0, 0.8, 0.4),
    ("ɹ r ʁ ɻ ʀ ɽ", 0.28, -0.4, 0.0, 0.8, 0.9),
    ("ʃ ʒ tʃ dʒ ɕ ʑ ʂ ʐ tɕ dʑ", 0.15, -0.65, 0.0, 1.2, 1.1),
    ("k ɡ g ŋ x ɣ q χ c ɟ ɲ ʎ ç", 0.32, 0.05, 0.0, 0.5, 0.25),
    ("h ɦ ħ ʔ ʕ", 0.4, 0.0, 0.0, 0.3, 0.15),
)
VISEMES = {symbol: Viseme(*values) for symbols, *values in _TABLE for symbol in symbols.split()}

# Classes of sounds to recognise: the rows of the table, then pauses and unknown sounds.
_CLASSES = {Viseme(*values): index for index, (_, *values) in enumerate(_TABLE)}
PAUSE_CLASS, UNKNOWN_CLASS = len(_TABLE), len(_TABLE) + 1
NUM_SOUND_CLASSES = len(_TABLE) + 2
_CLASSES |= {PAUSE: PAUSE_CLASS, UNKNOWN: UNKNOWN_CLASS}

# espeak-ng writes diphthongs as one sound.
DIPHTHONGS = (
    "aɪ", "aʊ", "eɪ", "oʊ", "əʊ", "ɔɪ", "ɪə", "iə", "eə", "ʊə", "ɔø", "ei", "ai", "oi",
)  # fmt: skip
SPLIT = 0.55  # share of a diphthong that its first half takes
_MARKS = str.maketrans("", "", "ˈˌː-̃͡ˑ'")

# flite's phones (CMU's set, lower case) in IPA.
FLITE_TO_IPA = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "ay": "aɪ", "b": "b",
    "ch": "tʃ", "d": "d", "dh": "ð", "dx": "ɾ", "eh": "ɛ", "er": "ɜ", "ey": "eɪ", "f": "f",
    "g": "ɡ", "hh": "h", "hv": "h", "ih": "ɪ", "iy": "i", "jh": "dʒ", "k": "k", "l": "l",
    "m": "m", "n": "n", "ng": "ŋ", "nx": "n", "ow": "oʊ", "oy": "ɔɪ", "p": "p", "r": "ɹ",
    "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "uh": "ʊ", "uw": "u", "v": "v", "w": "w",
    "y": "j", "z": "z", "zh": "ʒ",
}  # fmt: skip


def viseme_of(symbol: str) -> Viseme:
    """Return the mouth shape of a sound."""
    bare = symbol.translate(_MARKS).strip("_ ")
    if not bare:
        return PAUSE
    beginnings = (bare[:length] for length in range(len(bare), 0, -1))
    return next((VISEMES[part] for part in beginnings if part in VISEMES), UNKNOWN)


def viseme_segments(phones: list[Phone]) -> list[tuple[float, float, Viseme]]:
    """Turn timed sounds into timed mouth shapes."""
    segments = []
    for phone in phones:
        bare = phone.symbol.translate(_MARKS)
        if bare.startswith(DIPHTHONGS):
            middle = phone.start_s + SPLIT * (phone.end_s - phone.start_s)
            segments.append((phone.start_s, middle, viseme_of(bare[0])))
            segments.append((middle, phone.end_s, viseme_of(bare[1:])))
        else:
            segments.append((phone.start_s, phone.end_s, viseme_of(bare)))
    return segments


def sound_classes(phones: list[Phone], num_frames: int) -> np.ndarray:
    """Return the class of the sound in the middle of every frame, int64 (num_frames,)."""
    classes = np.full(num_frames, PAUSE_CLASS)
    time = (np.arange(num_frames) + 0.5) / FPS
    for start, end, viseme in viseme_segments(phones):
        classes[(time >= start) & (time < end)] = _CLASSES[viseme]
    return classes


def flite_to_ipa(phones: list[Phone]) -> list[Phone]:
    """Translate flite's phones; unknown ones keep their name."""
    return [
        Phone(FLITE_TO_IPA.get(phone.symbol, phone.symbol), phone.start_s, phone.end_s)
        for phone in phones
    ]
