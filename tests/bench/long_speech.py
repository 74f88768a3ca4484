"""Many minutes of speech without repetition: the bundled speech, then espeak-ng's voices."""

import logging
from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.audio.waveform import decode_blocks
from moda_core.errors import MoDAError
from moda_core.example import SPEECH
from moda_core.training.dataset import draw_prosody, to_16_khz
from moda_core.training.espeak import Espeak

from .held_out_speech import TEST_LANGUAGES, TEST_SENTENCES, VARIANTS

logger = logging.getLogger(__name__)

PAUSES_S = (0.3, 1.2)  # between sentences
LEVEL = 0.06  # root mean square of every part


def long_speech(seconds: float, seed: int = 0) -> np.ndarray:
    """Return speech (T,), float32, mono at 16 kHz, with pauses between its sentences.

    Without espeak-ng the bundled speech is repeated, each time after a pause of another length.
    """
    random, parts, missing = np.random.default_rng([seed, 31]), [], round(seconds * SAMPLE_RATE)
    for utterance in _utterances(random):
        pause = np.zeros(round(random.uniform(*PAUSES_S) * SAMPLE_RATE), np.float32)
        for part in (utterance * (LEVEL / np.sqrt(np.square(utterance).mean())), pause):
            parts.append(part[:missing])
            missing -= len(parts[-1])
        if not missing:
            break
    return np.concatenate(parts)


def _utterances(random: Generator) -> Iterator[np.ndarray]:
    """Yield what is said, without end."""
    bundled = np.concatenate(list(decode_blocks(SPEECH)))
    yield bundled
    try:
        espeak = Espeak()
    except MoDAError as error:
        logger.warning("The bundled speech is repeated, so that poses may repeat, too. %s", error)
        while True:
            yield bundled
    voices = [f"{language}+{name}" for language in TEST_LANGUAGES for name in VARIANTS.split()]
    while True:
        for index in random.permutation(len(TEST_SENTENCES) * len(voices)):
            text, voice = TEST_SENTENCES[index % len(TEST_SENTENCES)], index // len(TEST_SENTENCES)
            waveform, _ = espeak.say(text, voices[voice], *draw_prosody(random))
            yield to_16_khz(waveform, espeak.sample_rate, [])[0]
