"""Texts to speak: random sentences of a small grammar, and made-up words."""

import numpy as np

# Content words of the grammar's sentences.
_WORDS = {
    "noun": "boat map home fish moon valley window paper summer bottle river puppy flower "
    "engine camera family teacher bridge beach hospital market voice garden mirror shadow "
    "thunder village zebra measure treasure church cheese orange weather feather pepper "
    "coffee problem people apple button cable dinner effort finger gravel hammer island "
    "jacket kitchen ladder magic number office pilot queen rabbit sugar tunnel uncle visit "
    "wheel yard boy girl joke thumb mouth tooth father booth bird worm wood cook foot house "
    "cloud owl law door storm coin toy bear chair hair idea year beer tour poem lion fire",
    "adjective": "big pale warm small beautiful purple slow quiet awful happy famous golden "
    "broken modern simple empty heavy wooden foggy vivid smooth rough loose young old brave "
    "cheap deep early fair green huge jolly kind long narrow odd poor rare sharp thick usual "
    "wide blue pink round proud strange wild fresh bitter",
    "verb": "makes moves opens pushes follows watches believes throws brings buys shows wipes "
    "chews joins fixes pulls loves changes observes finds weighs promises answers borrows "
    "carries drops enjoys feeds gathers hates improves judges keeps lifts misses needs "
    "offers paints quotes reaches saves takes uses visits wants",
    "opening": "well|maybe|please|I think|you know|of course|why do you say|before we go|"
    "oh my|to be fair|when I was young|above all|on Friday|if you want|my mother said|"
    "in the morning|what a pity|by the way|as far as I know|yesterday|who knows|"
    "for five years|we often say|would you believe that",
}

# Onsets, vowels and ends of made-up syllables; the second set reads alike in any language.
_SYLLABLES = {
    False: (
        "p b m f v t d n l s k g r sh ch w y z th j h pr bl st sp",
        "a e i o u oo ee ai",
        "n m l s t p k f b v",
    ),
    True: ("p b m f v t d n l s k g r", "a e i o u", "n m l s t p k f b v"),
}


def nonsense(random: np.random.Generator, foreign: bool) -> str:
    """Return a sentence of made-up words, which covers rare neighbours of sounds."""
    onsets, vowels, ends = (letters.split() for letters in _SYLLABLES[foreign])
    words = []
    for _ in range(random.integers(4, 10)):
        syllables = []
        for _ in range(random.integers(1, 4)):
            end = random.choice(ends) if random.random() < 0.35 else ""
            syllables.append(str(random.choice(onsets)) + str(random.choice(vowels)) + str(end))
        words.append("".join(syllables))
    return " ".join(words) + str(random.choice([".", "?", "!"]))


def sentence(random: np.random.Generator) -> str:
    """Return an English sentence of a small grammar."""

    def pick(kind: str) -> str:
        separator = "|" if kind == "opening" else None
        return str(random.choice(_WORDS[kind].split(separator)))

    article = "a" if random.random() < 0.5 else "my"
    text = f"the {pick('adjective')} {pick('noun')} {pick('verb')} {article} "
    text += f"{pick('adjective')} {pick('noun')}"
    if random.random() < 0.5:
        text = f"{pick('opening')}, {text}"
    if random.random() < 0.4:
        text += f", and the {pick('noun')} {pick('verb')} the {pick('noun')}"
    return text + str(random.choice([".", "!", "?"]))


def passage(random: np.random.Generator, language: str) -> str:
    """Return one to three sentences to speak in one go."""
    foreign = not language.startswith("en")
    texts = []
    for _ in range(random.integers(1, 4)):
        made_up = foreign or random.random() < 0.25
        texts.append(nonsense(random, foreign) if made_up else sentence(random))
    return " ".join(texts)
