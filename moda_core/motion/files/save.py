"""Saving of motion as safetensors or JSON."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import safetensors.torch
from torch import Tensor

from ...errors import OutputError
from ..checks import MAX_FPS, MIN_FPS
from .layout import FORMAT, LAYOUT, UNITS, VERSION

SAFETENSORS, JSON = ".safetensors", ".json"
WHOLE = 10_000  # numbers from here on are written one by one


def save_motion(path: str | Path, values: Tensor, rest: Tensor, fps: float) -> None:
    """Write motion to a file, see `Motion.save`."""
    path = Path(path)
    check_motion_suffix(path)
    if not (values.isfinite().all() and rest.isfinite().all()):
        raise ValueError("The motion can't be saved: it holds NaN or infinite values. Repair it.")
    if not MIN_FPS <= fps <= MAX_FPS:
        raise ValueError(
            f"Expected {MIN_FPS:g} to {MAX_FPS:g} frames a second, got {fps:g}. Retime the motion."
        )
    to_bytes = _json if path.suffix.lower() == JSON else _safetensors
    with _part_of(path) as part:
        part.write_bytes(to_bytes(values, rest, fps))
        part.replace(path)


def check_motion_output(path: str | Path) -> None:
    """Raise OutputError unless motion can be saved to `path`, before it is made."""
    path = Path(path)
    check_motion_suffix(path)
    with _part_of(path) as part:
        part.touch()


def check_motion_suffix(path: Path) -> None:
    """Raise OutputError for a name that is not of a motion file."""
    if path.suffix.lower() not in (SAFETENSORS, JSON):
        raise OutputError(
            f"Unrecognised suffix of a motion file: '{path}'. Use {SAFETENSORS} or {JSON}."
        )


@contextlib.contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    """Give the name of a file while it is incomplete, and remove what is left under it."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        if path.is_dir():
            raise OutputError(f"'{path}' is a folder. Name a file in it.")
        if not path.parent.is_dir():
            raise OutputError(f"The folder '{path.parent}' does not exist. Create it first.")
        yield part
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"'{path}' can't be written ({reason}). Choose another folder."
        ) from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def _safetensors(values: Tensor, rest: Tensor, fps: float) -> bytes:
    tensors = {
        "values": values.detach().cpu().float().contiguous(),
        "rest": rest.detach().cpu().float().clone(),
    }
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "fps": repr(float(fps)),
        "units": UNITS,
        "layout": json.dumps(LAYOUT),
    }
    return safetensors.torch.save(tensors, metadata)


def _json(values: Tensor, rest: Tensor, fps: float) -> bytes:
    """Return motion as JSON, one frame per line."""
    head = {"format": FORMAT, "version": VERSION, "fps": float(fps), "layout": LAYOUT}
    rest, values = (x.cpu().double().numpy() for x in (rest, values))
    beginning = json.dumps(head, indent=1).removesuffix("\n}")
    text = f'{beginning},\n "rest": {json.dumps(rest.tolist())},\n "values": [\n'
    return text.encode() + _lines(values) + b"\n]\n}\n"


def _lines(values: np.ndarray) -> bytes:
    """Return rows of numbers (N, C) as JSON, one row per line.

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
    """Return four digits each, (10000, 4)."""
    texts = "".join(f"{number:04d}" for number in range(10_000))
    return np.frombuffer(texts.encode(), np.uint8).reshape(-1, 4)
