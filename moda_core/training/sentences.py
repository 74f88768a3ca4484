"""Texts to speak: three sets of words and sentences that share only function words."""

import numpy as np

# Content words of the grammar's sentences.
_WORDS = {
    "train": {
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
    },
    "validation": {
        "noun": "bucket ocean museum pocket sofa basket planet turkey soldier chimney",
        "adjective": "muddy brilliant shallow peaceful yellow boring lovely",
        "verb": "washes breaks polishes forgives describes moves",
        "opening": "by midnight|honestly|in my view|after a while",
    },
}

# Spoken as they are; whole sentences, so that no part of them occurs in training.
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


def sentence(random: np.random.Generator, split: str) -> str:
    """Return an English sentence of a small grammar."""
    words = _WORDS[split]

    def pick(kind: str) -> str:
        separator = "|" if kind == "opening" else None
        return str(random.choice(words[kind].split(separator)))

    article = "a" if random.random() < 0.5 else "my"
    text = f"the {pick('adjective')} {pick('noun')} {pick('verb')} {article} "
    text += f"{pick('adjective')} {pick('noun')}"
    if random.random() < 0.5:
        text = f"{pick('opening')}, {text}"
    if random.random() < 0.4:
        text += f", and the {pick('noun')} {pick('verb')} the {pick('noun')}"
    return text + str(random.choice([".", "!", "?"]))


def passage(random: np.random.Generator, language: str, split: str) -> str:
    """Return one to three sentences to speak in one go."""
    foreign = not language.startswith("en")
    texts = []
    for _ in range(random.integers(1, 4)):
        made_up = foreign or random.random() < 0.25
        texts.append(nonsense(random, foreign) if made_up else sentence(random, split))
    return " ".join(texts)
