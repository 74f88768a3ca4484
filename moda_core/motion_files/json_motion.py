"""Motion as JSON, for people and for other programs."""

import json

import numpy as np
import torch

from ..motion import MOTION_DIM, Motion
from .layout import FORMAT, LAYOUT, VERSION, check_version


def write_json(motion: Motion) -> bytes:
    """Return motion as JSON, one frame a line.

    Parameters
    ----------
    motion : Motion
        Finite.

    Returns
    -------
    bytes
        UTF-8; every number has the fewest digits that give the same float32 again.
    """
    head = {"format": FORMAT, "version": VERSION, "fps": float(motion.fps), "layout": LAYOUT}
    rest, *frames = _rows(torch.cat([_padded(motion.rest), motion.values.cpu().float()]))
    rest = rest[: motion.rest.numel()]
    lines = ",\n".join(f"[{', '.join(frame)}]" for frame in frames)
    text = json.dumps(head, indent=1)[:-2]
    return f'{text},\n "rest": [{", ".join(rest)}],\n "values": [\n{lines}\n]\n}}\n'.encode()


def read_json(content: bytes) -> Motion:
    """Read what `write_json` wrote.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    Motion

    Raises
    ------
    ValueError
        If it is something else; the text is a clause.
    """
    try:
        stored = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "no JSON text"
        raise ValueError(f"it is damaged ({reason})") from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise ValueError(f'it does not say "format": "{FORMAT}"')
    check_version(stored.get("version"))
    values, rest = _array(stored, "values"), _array(stored, "rest")
    fps = stored.get("fps")
    if isinstance(fps, bool) or not isinstance(fps, int | float):
        raise ValueError("its frame rate 'fps' is missing, or no number")
    return Motion(values, rest, float(fps))


def _padded(rest: torch.Tensor) -> torch.Tensor:
    padding = torch.zeros(MOTION_DIM - rest.numel())
    return torch.cat([rest.cpu().float(), padding])[None]


def _rows(values: torch.Tensor) -> list[list[str]]:
    # numpy writes a float32 with the fewest digits that give it again.
    return values.numpy().astype(np.float32).astype("U16").tolist()


def _array(stored: dict, key: str) -> torch.Tensor:
    try:
        array = np.asarray(stored.get(key), dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"its '{key}' are not rows of numbers") from error
    return torch.from_numpy(array).float()
