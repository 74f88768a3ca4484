"""Words for the emotions, and blends of them."""

import torch
from torch import Tensor

from .labels import EMOTIONS
from .text_cursor import SHOWN_LETTERS, WORD, TextCursor, suggestion

MAX_INTENSITY = 2.0
SHORTEST_BEGINNING = 3  # letters of a shortened word
SYNONYMS = {
    word: label
    for label, words in {
        "anger": "angry mad furious",
        "contempt": "contemptuous scornful disdain",
        "disgust": "disgusted",
        "fear": "afraid scared fearful frightened",
        "happiness": "happy joy joyful",
        "neutral": "calm",
        "sadness": "sad unhappy",
        "surprise": "surprised amazed",
        "none": "off",
    }.items()
    for word in words.split()
}


def find_emotion(word: str) -> str | None:
    """Return the label for a word of any case, or None if it is unknown.

    The word is a label of `EMOTIONS`, a synonym, or the first three or more letters of one; labels
    take precedence over synonyms.
    """
    word, names = word.lower(), (*EMOTIONS, *SYNONYMS)
    if word not in names and len(word) >= SHORTEST_BEGINNING:
        word = next((name for name in names if name.startswith(word)), word)
    return SYNONYMS.get(word, word if word in EMOTIONS else None)


def take_blend(cursor: TextCursor) -> tuple[Tensor, float]:
    """Take one emotion or a blend, such as ``happiness 0.6 + surprise 0.4``.

    Returns the weights (9,) and the intensity, their sum. Amounts left out share the rest of 1.
    """
    amounts: list[tuple[str, float | None]] = []
    cursor.skip_spaces()
    start = cursor.position
    while True:
        label = take_emotion(cursor)
        cursor.skip_spaces()
        amount = None
        if cursor.take(r"(?=[-+]?\.?\d)") is not None:
            amount = cursor.take_number("the intensity", 0, MAX_INTENSITY)
        amounts.append((label, amount))
        cursor.skip_spaces()
        if not cursor.take(r"\+"):
            break
        cursor.skip_spaces()
    return _blend(amounts, cursor, start)


def take_emotion(cursor: TextCursor) -> str:
    """Take the name of an emotion."""
    cursor.skip_spaces()
    start, word = cursor.position, cursor.take(WORD)
    names = ", ".join(EMOTIONS)
    if word is None:
        raise cursor.error(f"expected an emotion, got {cursor.found()}. Use one of: {names}")
    label = find_emotion(word)
    if label is None:
        guess = suggestion(word, (*EMOTIONS, *SYNONYMS))
        raise cursor.error(
            f"unknown emotion {word[:SHOWN_LETTERS]!r}{guess}. Use one of: {names}", start
        )
    return label


def _blend(
    amounts: list[tuple[str, float | None]], cursor: TextCursor, start: int
) -> tuple[Tensor, float]:
    """Turn amounts, some of them left out, into weights and their sum."""
    given = [amount for _, amount in amounts if amount is not None]
    share = max(0.0, 1.0 - sum(given)) / max(1, len(amounts) - len(given))
    filled = [share if amount is None else amount for _, amount in amounts]
    total = sum(filled)
    if total > MAX_INTENSITY + 1e-6:
        raise cursor.error(
            f"the intensities of the blend sum to {total:g}. Use at most {MAX_INTENSITY:g}", start
        )
    # A rounding remainder would make "none" one of the active emotions.
    weights = torch.zeros(len(EMOTIONS), dtype=torch.float64)
    for (label, _), amount in zip(amounts, filled, strict=True):
        weights[EMOTIONS.index(label)] += amount / total if total > 0 else 1 / len(amounts)
    return weights.float(), min(total, MAX_INTENSITY)
