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

# Onsets, vowels and ends of made-up syllables. All but Russian get the first row's letters.
_COMMON = ("p b m f v t d n l s k g r", "a e i o u", "n m l s t p k f b v")
_SYLLABLES = {
    "en": ("sh ch w y z th j h pr bl st sp", "oo ee ai", ""),
    "es": ("ch ll ñ j rr qu pl br", "ue ie á", "z d"),
    "fr": ("ch j qu gn pl br", "é è u eu ou an on oi in", "che r"),
    "de": ("sch z w pf h st br", "ä ö ü ei au ie eu", "ch sch ng"),
    "it": ("ci gi gli gn z pr", "è ò ia uo", "tto lla"),
    "pt": ("ch lh nh j br pr", "ã ão é ô ei ou", "r z"),
    "pl": ("sz cz ż ł w ś rz h pr", "y ą ę ó ie ia", "ć sz w"),
    "nl": ("sch w z h v br", "oe ui ij eu aa oo ee", "ng cht"),
    "sv": ("sj tj h j br st", "å ä ö y u", "ng r"),
    "tr": ("ş ç c h y z", "ü ö ı", "ş r z"),
    "ru": (
        "п б м ф в т д н л с к г р ш ж ч х з ц пр бл ст",
        "а о у э ы и е ё ю я",
        "н м л с т п к ф ш р ть",
    ),
}


def nonsense(random: np.random.Generator, language: str) -> str:
    """Return a sentence of made-up words, which covers rare neighbours of sounds."""
    own = _SYLLABLES[language[:2]]
    rows = own if language == "ru" else map(" ".join, zip(_COMMON, own, strict=True))
    onsets, vowels, ends = (row.split() for row in rows)
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
        texts.append(nonsense(random, language) if made_up else sentence(random))
    return " ".join(texts)
