"""Reading of motion from JSON."""

import json
from itertools import chain

import numpy as np
import torch

from ..motion import Motion
from .layout import FORMAT, check_version


def read_json(content: bytes) -> Motion:
    """Read what `save_motion` wrote."""
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
