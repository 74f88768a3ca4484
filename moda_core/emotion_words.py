"""The words that users have for the emotions, and blends of them."""

import torch
from torch import Tensor

from .config import EMOTIONS
from .text_cursor import SHOWN_LETTERS, WORD, TextCursor

MAX_INTENSITY = 2.0
SYNONYMS = {
    "angry": "anger",
    "mad": "anger",
    "furious": "anger",
    "contemptuous": "contempt",
    "scornful": "contempt",
    "disdain": "contempt",
    "disgusted": "disgust",
    "afraid": "fear",
    "scared": "fear",
    "fearful": "fear",
    "frightened": "fear",
    "happy": "happiness",
    "joy": "happiness",
    "joyful": "happiness",
    "calm": "neutral",
    "sad": "sadness",
    "unhappy": "sadness",
    "surprised": "surprise",
    "amazed": "surprise",
    "off": "none",
}


def find_emotions(word: str) -> tuple[str, ...]:
    """Return the labels that a word may stand for.

    Parameters
    ----------
    word : str
        A label of `EMOTIONS`, a synonym, or the beginning of one; of any case. The beginning of
        a label goes before that of a synonym.

    Returns
    -------
    tuple of str
        One label if the word is clear, several if it is the beginning of several, none if it is
        unknown; in the order of `EMOTIONS`.
    """
    word = word.lower()
    if word in SYNONYMS:
        return (SYNONYMS[word],)
    if word in EMOTIONS:
        return (word,)
    labels = {label for label in EMOTIONS if label.startswith(word)}
    labels = labels or {label for name, label in SYNONYMS.items() if name.startswith(word)}
    return tuple(label for label in EMOTIONS if label in labels)


def take_blend(cursor: TextCursor) -> tuple[Tensor, float]:
    """Take one emotion or a blend, such as ``happiness 0.6 + surprise 0.4``.

    Amounts that are left out share what the others leave of 1.

    Parameters
    ----------
    cursor : TextCursor
        Where the first emotion is expected.

    Returns
    -------
    weights : Tensor, shape (9,)
    intensity : float

    Raises
    ------
    ValueError
        If it can't be read; the text begins with the line and the column.
    """
    amounts: list[tuple[str, float | None]] = []
    cursor.skip_spaces()
    start = cursor.position
    while True:
        label = take_emotion(cursor)
        cursor.skip_spaces()
        numeric = cursor.take(r"(?=[-+]?[.\d])") is not None
        amounts.append(
            (label, cursor.take_number("the intensity", 0, MAX_INTENSITY) if numeric else None)
        )
        cursor.skip_spaces()
        if not cursor.take(r"\+"):
            break
        cursor.skip_spaces()
    return _blend(amounts, cursor, start)


def take_emotion(cursor: TextCursor) -> str:
    """Take the name of an emotion.

    Parameters
    ----------
    cursor : TextCursor
        Blanks are skipped.

    Returns
    -------
    str
        A label of `EMOTIONS`.

    Raises
    ------
    ValueError
        If there is none, or it is unknown or unclear.
    """
    cursor.skip_spaces()
    start, word = cursor.position, cursor.take(WORD)
    names = ", ".join(EMOTIONS)
    if word is None:
        raise cursor.error(f"expected an emotion, got {cursor.found()}. Use one of: {names}")
    labels = find_emotions(word)
    if len(labels) == 1:
        return labels[0]
    shown = repr(word[:SHOWN_LETTERS])
    if labels:
        message = f"{shown} may be {' or '.join(labels)}. Write more of the word"
    else:
        message = f"unknown emotion {shown}. Use one of: {names}"
    raise cursor.error(message, start)


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
