"""Motion as JSON, for people and for other programs."""

import json
from functools import cache
from itertools import chain

import numpy as np
import torch

from ..motion import Motion
from .layout import FORMAT, LAYOUT, VERSION, check_version

WHOLE = 10_000  # numbers from here on are written one by one


def write_json(motion: Motion) -> bytes:
    """Return motion as JSON, one frame a line."""
    head = {"format": FORMAT, "version": VERSION, "fps": float(motion.fps), "layout": LAYOUT}
    rest, values = (x.cpu().double().numpy() for x in (motion.rest, motion.values))
    text = json.dumps(head, indent=1)[:-2].encode()
    return (
        text
        + b',\n "rest": '
        + json.dumps(rest.tolist()).encode()
        + b',\n "values": [\n'
        + _lines(values)
        + b"\n]\n}\n"
    )


def _lines(values: np.ndarray) -> bytes:
    """Return rows of numbers, shape (N, C), as JSON, a line each.

    A million numbers take a second one by one; here their digits are looked up four at a time.
    """
    scaled = np.rint(np.abs(values) * 1e8)
    if scaled.max() >= WHOLE * 1e8:
        return b",\n".join(json.dumps(row).encode() for row in values.tolist())
    whole, decimals = (part.astype(np.int32) for part in np.divmod(scaled, 1e8))
    negative = (values < 0) & (scaled > 0)
    text = np.empty((*values.shape, 16), np.uint8)
    text[..., :5] = _whole_table()[whole + WHOLE * negative]
    text[..., 5] = ord(".")
    text[..., 6:10] = _decimal_table()[decimals // 10_000]
    text[..., 10:14] = _decimal_table()[decimals % 10_000]
    text[..., 14:] = np.frombuffer(b", ", np.uint8)
    rows = [b"[" + row.tobytes()[:-2].lstrip() + b"]" for row in text]
    return b",\n".join(rows)


@cache
def _whole_table() -> np.ndarray:
    """Return the text before the point, (2 * WHOLE, 5); the second half has a minus."""
    texts = [f"{sign}{number}".rjust(5) for sign in ("", "-") for number in range(WHOLE)]
    return np.frombuffer("".join(texts).encode(), np.uint8).reshape(-1, 5)


@cache
def _decimal_table() -> np.ndarray:
    """Return four digits, (10000, 4)."""
    texts = "".join(f"{number:04d}" for number in range(10_000))
    return np.frombuffer(texts.encode(), np.uint8).reshape(-1, 4)


def read_json(content: bytes) -> Motion:
    """Read what `write_json` wrote."""
    try:
        stored = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "no JSON text"
        raise ValueError(f"it is damaged ({reason})") from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise ValueError(f'it does not say "format": "{FORMAT}"')
    check_version(stored.get("version"))
    values, rest = _numbers(stored, "values", 2), _numbers(stored, "rest", 1)
    fps = _numbers(stored, "fps", 0)
    return Motion(torch.from_numpy(values).float(), torch.from_numpy(rest).float(), float(fps))


def _numbers(stored: dict, key: str, depth: int) -> np.ndarray:
    """Return the numbers that lie so many lists deep; a number's text is none."""
    numbers = [stored.get(key)]
    try:
        for _ in range(depth):
            numbers = chain.from_iterable(numbers)
        # Asked first: an array of texts would be as wide as the longest of them.
        if not set(map(type, numbers)) <= {int, float}:
            raise TypeError("not only numbers")
        return np.asarray(stored[key], dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"its '{key}' is missing, or holds other things than numbers") from error
