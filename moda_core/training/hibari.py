"""Speech of hibari-tts, a natural voice, in many voices and with times of its sounds.

Only training needs hibari-tts and onnx, see ``requirements-train.txt``.
"""

from importlib import resources
from types import ModuleType
from typing import NamedTuple

import numpy as np

from ..errors import MoDAError
from .espeak import Phone

DURATIONS = "/Cast_32_output_0"  # of each symbol in steps, inside the network
OUTPUTS = ("lh", "theta", "ln", "lr", "phi", "f0")  # what `hibari.dsp.synth` takes
# The network's durations run this much behind its sound, measured against pocketsphinx.
LATE_S = 0.055
SHORTEST_PAUSE_S = 0.07  # a shorter gap belongs to the sound after it
VOICED_HZ = 40.0
SINGING_SHARE = 0.08  # of the clips
PITCH_LIMITS_HZ = (45.0, 600.0)

# Symbols of its alphabet that are not IPA.
TO_IPA = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "ʤ": "dʒ", "ʧ": "tʃ",
    "ᵊ": "ə", "T": "ɾ",
}  # fmt: skip
STRESS, PAUSES = "ˈˌ", ' ;:,.!?—…"()“”'
LENGTHENING = "ːʰʲ\u0303"


class Manner(NamedTuple):
    """How a text is spoken; 1 and 0 are the voice's own way.

    Parameters
    ----------
    pitch, liveliness : float
        Factors of the mean pitch and of its range.
    formants : float
        Factor of the formants' frequencies: shorter and longer vocal tracts.
    breath : float
        Nepers of noise over the harmonics.
    speed : float
        Factor of the speed.
    """

    pitch: float = 1.0
    liveliness: float = 1.0
    formants: float = 1.0
    breath: float = 0.0
    speed: float = 1.0


def draw_manner(random: np.random.Generator) -> Manner:
    """Draw a voice between a child's and a deep man's; some sing: slowly, on steady notes."""
    formants = float(np.exp(random.uniform(np.log(0.80), np.log(1.10))))
    pitch = 0.95 * formants**3 * np.exp(random.normal(0, 0.16))
    breath = float(random.choice([0, 0, random.uniform(-0.5, 0.9)]))
    sings = random.random() < SINGING_SHARE
    liveliness = random.uniform(0, 0.5) if sings else random.uniform(0.7, 1.4)
    speed = random.uniform(0.4, 0.7) if sings else random.uniform(0.75, 1.3)
    return Manner(float(np.clip(pitch, 0.38, 1.5)), liveliness, formants, breath, speed)


class Hibari:
    """The synthesiser, with the durations of its sounds as one more output.

    Raises
    ------
    MoDAError
        If hibari-tts or onnx is missing, or of another version.
    """

    def __init__(self):
        hibari, onnx = _packages()
        path = resources.files(hibari) / "assets" / "hibari.onnx"
        network = onnx.load(str(path))
        kind = onnx.TensorProto.INT64
        network.graph.output.append(onnx.helper.make_tensor_value_info(DURATIONS, kind, None))
        self._dsp = hibari.dsp
        try:
            self._voice = hibari.Hibari(model=network.SerializeToString())
        except Exception as error:  # onnxruntime's own classes
            raise MoDAError(
                f"hibari-tts has another network than expected ({error}). "
                "Run 'pip install -r requirements-train.txt'."
            ) from error
        self.sample_rate = hibari.dsp.SR

    def say(
        self, text: str, manner: Manner, random: np.random.Generator
    ) -> tuple[np.ndarray, list[Phone]]:
        """Speak a text; return float32 samples (num_samples,) and timed sounds in IPA."""
        pieces, phones, start_s = [], [], 0.0
        for sentence in self._voice.phonemize(text):
            symbols = [symbol for symbol in sentence if symbol in self._voice.vocab]
            *parts, f0, durations = self._run(symbols, manner.speed)
            harmonics, phase, noise, free, free_phase = (
                _warp_bins(part, manner.formants) for part in parts
            )
            pitch = _move_pitch(f0, manner)
            breath = 0.5 * manner.breath
            waveform = self._dsp.synth(
                harmonics - breath, phase, noise + 2 * breath, free, free_phase, pitch, random
            )
            seconds = durations * (len(waveform) / self.sample_rate / durations.sum())
            phones += _phones(symbols, start_s + np.r_[0, seconds.cumsum()] - LATE_S)
            pieces.append(waveform)
            start_s += len(waveform) / self.sample_rate
        return np.concatenate(pieces).astype(np.float32), phones

    def _run(self, symbols: list[str], speed: float) -> list[np.ndarray]:
        inputs = {
            "ids": np.array([self._voice.ids(symbols)], np.int64),
            "speed": np.array([speed], np.float32),
        }
        *parts, durations = self._voice.sess.run([*OUTPUTS, DURATIONS], inputs)
        return [*(part[0] for part in parts), durations.reshape(-1)]


def _packages() -> tuple[ModuleType, ModuleType]:
    try:
        import hibari
        import onnx
    except ImportError as error:
        raise MoDAError(
            f"Training the starter needs the package {error.name}. "
            "Run 'pip install -r requirements-train.txt'."
        ) from error
    return hibari, onnx


def _warp_bins(spectrum: np.ndarray, factor: float) -> np.ndarray:
    """Multiply the frequencies of a spectrum's features (bins, steps) by a factor."""
    if factor == 1:
        return spectrum
    position = np.minimum(np.arange(len(spectrum)) / factor, len(spectrum) - 1)
    lower = position.astype(int)
    upper = np.minimum(lower + 1, len(spectrum) - 1)
    weight = (position - lower)[:, None].astype(np.float32)
    return np.ascontiguousarray(spectrum[lower] * (1 - weight) + spectrum[upper] * weight)


def _move_pitch(f0: np.ndarray, manner: Manner) -> np.ndarray:
    voiced = f0 > VOICED_HZ
    if not voiced.any():
        return f0
    mean = np.exp(np.log(f0[voiced]).mean())
    moved = manner.pitch * mean * (f0.clip(1) / mean) ** manner.liveliness
    return np.where(voiced, np.clip(moved, *PITCH_LIMITS_HZ), f0).astype(np.float32)


def _phones(symbols: list[str], edges_s: np.ndarray) -> list[Phone]:
    """Turn symbols and the edges of their times, silence before and after them, into sounds."""
    spans: list[list] = []
    stressed_s = None  # a mark of stress takes time that belongs to the sound after it
    for index, symbol in enumerate(["", *symbols, ""]):
        start, end = edges_s[index : index + 2]
        if symbol and symbol in STRESS:
            stressed_s = start if stressed_s is None else stressed_s
            continue
        start, stressed_s = start if stressed_s is None else stressed_s, None
        if symbol and symbol in LENGTHENING and spans:
            spans[-1][2] = end
            continue
        name = "" if not symbol or symbol in PAUSES else TO_IPA.get(symbol, symbol)
        after_pause = bool(name) and len(spans) > 1 and not spans[-1][0]
        if after_pause and spans[-1][2] - spans[-1][1] < SHORTEST_PAUSE_S:
            start = spans.pop()[1]
        spans.append([name, start, end])
    return [Phone(name, max(start, 0.0), end) for name, start, end in spans if end > max(start, 0)]
