"""Speech that the starter was not trained on: held-out sentences with held-out voices."""

import logging

import numpy as np

from moda_core.errors import MoDAError
from moda_core.training import flite
from moda_core.training.dataset import (
    Clip,
    draw_prosody,
    flite_clip,
    make_clip,
    to_16_khz,
)
from moda_core.training.espeak import Espeak

logger = logging.getLogger(__name__)

VARIANTS = "m8 Annie Denis grandma victor anika klatt3 grandpa"  # none of them trained
FLITE_VOICES = ("rms", "slt")
TEST_LANGUAGES = ("en-us", "en", "en-gb-scotland")
# Whole sentences, so that no part of them occurs in training but for function words.
TEST_SENTENCES = (
    "Good morning, and thank you all for joining us here today.",
    "The bakery opens before sunrise, but the bread is gone by half past eight.",
    "Could you move that chair a bit, so that we can both see the screen?",
    "My brother phoned from Vienna about a violin that he wants to sell.",
    "It was warm enough to swim, although most of the visitors stayed on the shore.",
    "We shipped twelve boxes of books by train and kept the best ones for ourselves.",
    "Please remember to water the tomatoes while we are away.",
    "Nobody expected the bus to be full on a rainy Wednesday afternoon.",
    "She poured a cup of tea, opened the newspaper, and began to laugh.",
    "A portrait that speaks should close its lips whenever it says map, boom or pepper.",
    "How much wood would we have to chop to keep the whole cabin warm?",
    "The museum shows five blue vases and a portrait of a very tall woman.",
    "If you ask me, the problem is not the money but the time.",
    "Few people know that owls can turn their heads almost all the way around.",
    "We will be landing in about twenty minutes, so fasten your seat belts.",
    "Both goalkeepers played badly, and the match ended four to four.",
    "Every evening the old fisherman repaired his nets beside the harbour.",
    "I would rather walk through the park than wait for a taxi.",
    "The recipe needs a pinch of salt, two eggs and a spoonful of brown sugar.",
    "Somebody left a purple umbrella on the bench above the waterfall.",
    "You were right about the bridge, it moves when the wind is strong enough.",
    "Zoe promised to bring the photographs of our journey through Mongolia.",
    "Quiet please, the baby has finally fallen asleep.",
    "What would you do with a million pounds and a whole month of holiday?",
)

# Ten languages, of which Turkish and Russian are not trained on.
LANGUAGE_SENTENCES = {
    "es": "Buenos días, el pueblo celebra una fiesta muy bonita con música y fuegos.",
    "fr": "Bonjour, ma mère prépare une bonne soupe pour toute la famille ce soir.",
    "de": "Guten Morgen, meine Freunde bauen im Sommer ein kleines Boot aus Papier.",
    "it": "Buongiorno, la mamma compra pane, pomodori e vino bianco al mercato.",
    "pt-br": "Bom dia, o menino bebe um copo de água e brinca com a bola vermelha.",
    "pl": "Dzień dobry, moja babcia piecze pyszny chleb i opowiada piękne bajki.",
    "nl": "Goedemorgen, mijn broer fietst vandaag met een vriend naar het museum.",
    "sv": "God morgon, min pappa bygger en liten båt av papper och färg på sommaren.",
    "tr": "Günaydın, bu sabah pazardan ekmek, peynir, biber ve üzüm aldım.",
    "ru": "Доброе утро, моя бабушка живёт в большом белом доме у моря.",
}


def language_test_clips(seed: int = 4713) -> dict[str, list[Clip]]:
    """Speak a sentence of each language with all held-out voices."""
    espeak = Espeak()
    return {
        language: [
            espeak_clip(espeak, text, f"{language}+{variant}", np.random.default_rng([seed, index]))
            for index, variant in enumerate(VARIANTS.split())
        ]
        for language, text in LANGUAGE_SENTENCES.items()
    }


def espeak_clip(espeak: Espeak, text: str, voice: str, random: np.random.Generator) -> Clip:
    """Speak a text with a voice of espeak-ng and random prosody, and perform it."""
    waveform, phones = espeak.say(text, voice, *draw_prosody(random))
    waveform, phones = to_16_khz(waveform, espeak.sample_rate, phones)
    return make_clip(voice, waveform, phones, random)


def espeak_test_clips(seed: int = 4711, repeats: int = 2) -> list[Clip]:
    """Speak the held-out sentences, each with `repeats` held-out voices."""
    espeak, variants = Espeak(), VARIANTS.split()
    clips = []
    for index, text in enumerate(TEST_SENTENCES * repeats):
        random = np.random.default_rng([seed, index])
        variant = variants[(index + index // len(TEST_SENTENCES)) % len(variants)]
        voice = f"{TEST_LANGUAGES[index % len(TEST_LANGUAGES)]}+{variant}"
        clips.append(espeak_clip(espeak, text, voice, random))
    return clips


def flite_test_clips(per_voice: int = 12) -> list[Clip]:
    """Speak held-out sentences with flite's voices; return none if flite is missing."""
    if not flite.available():
        logger.warning("flite is not installed: its voices are left out of the evaluation")
        return []
    random = np.random.default_rng(4712)
    clips = []
    for voice in FLITE_VOICES:
        for text in TEST_SENTENCES[:per_voice]:
            try:
                clips.append(flite_clip(text, voice, random))
            except MoDAError as error:
                logger.warning("Left out: %s", error)
    return clips
