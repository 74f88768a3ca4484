"""Loading of motion from files of this project and LivePortrait's templates."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from ...errors import InputFileError
from ...weights.checkpoint import read_safetensors
from ...weights.file_format import HEAD_SIZE, foreign_content
from ...weights.input_file import check_input_file
from ...weights.safetensors_header import read_header
from ..checks import MAX_FPS, MIN_FPS
from ..motion import Motion
from .layout import FORMAT, check_version
from .save import JSON, SAFETENSORS
from .template import read_template

KINDS = f"a {SAFETENSORS} or {JSON} file of motion, or a LivePortrait template (.pkl)"
# Of protocols 2 to 5; then a dict, an OrderedDict and a list of the protocols 0 and 1.
PICKLE_STARTS = (b"\x80", b"(dp", b"}q", b"ccollections\nOrderedDict\n", b"(lp", b"]q")
MAX_BYTES = 1 << 28  # of JSON and templates, hours of motion


def load_motion(path: str | Path) -> Motion:
    """Read motion from a file of this project or a LivePortrait motion template.

    The content decides, not the suffix. Nothing in the file is ever run.

    Raises
    ------
    InputFileError
        If the file is missing, damaged or of another kind, or its frame rate is not from 1 to 240.
    """
    path = Path(path)
    try:
        check_input_file(path, "motion")
        motion = _read(path)
        if not _is_finite(motion):
            raise ValueError("it holds NaN, infinite or too large values")
    except OSError as error:
        raise InputFileError(f"'{path}' cannot be read ({error}). Check its disk.") from error
    except (ValueError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise InputFileError(f"'{path}' is not a motion file: {reason}. Use {KINDS}.") from error
    if not MIN_FPS <= motion.fps <= MAX_FPS:
        raise InputFileError(
            f"'{path}' states a frame rate of {motion.fps:g}, outside the range {MIN_FPS:g} to "
            f"{MAX_FPS:g}. Correct it in the file, or make the file again at another rate."
        )
    return motion


def _read(path: Path) -> Motion:
    """Read a file by its content; a ValueError with a clause if it is not motion."""
    with path.open("rb") as file:
        head = file.read(HEAD_SIZE)
    size = path.stat().st_size
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return _read_safetensors(path)
    is_template = head.startswith(PICKLE_STARTS)
    if is_template or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        if size > MAX_BYTES:
            raise ValueError(f"it has {size} bytes, and at most {MAX_BYTES} are read")
        return (read_template if is_template else _read_json)(path.read_bytes())
    kind = foreign_content(head)
    raise ValueError(f"it is {kind[0]}" if kind else "it is of an unrecognised file type")


def _read_safetensors(path: Path) -> Motion:
    header = read_header(path)
    if header.metadata.get("format") != FORMAT or not {"values", "rest"} <= header.shapes.keys():
        raise ValueError("it is a safetensors file, but not of motion")
    check_version(header.metadata.get("version"))
    tensors, _ = read_safetensors(path)
    # Copies, so that the file can be replaced while the motion is in use.
    values, rest = (tensors[key].to(torch.float32, copy=True) for key in ("values", "rest"))
    return Motion(values, rest, float(header.metadata.get("fps", "")))


def _read_json(content: bytes) -> Motion:
    """Read motion that `save_motion` wrote."""
    try:
        stored = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "not JSON"
        raise ValueError(f"it is damaged ({reason})") from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise ValueError(f'it does not say "format": "{FORMAT}"')
    check_version(stored.get("version"))
    values, rest = _numbers(stored, "values", 2), _numbers(stored, "rest", 1)
    fps = _numbers(stored, "fps", 0)
    return Motion(torch.from_numpy(values).float(), torch.from_numpy(rest).float(), float(fps))


def _numbers(stored: dict, key: str, depth: int) -> np.ndarray:
    """Return the array under a key, nested `depth` lists deep; numbers as text are refused."""
    numbers = [stored.get(key)]
    try:
        for _ in range(depth):
            numbers = chain.from_iterable(numbers)
        # Checked first: an array of strings would be as wide as the longest of them.
        if not set(map(type, numbers)) <= {int, float}:
            raise TypeError("not only numbers")
        return np.asarray(stored[key], dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"its '{key}' is missing, or not all numbers") from error


def _is_finite(motion: Motion) -> bool:
    return bool(motion.values.isfinite().all() and motion.rest.isfinite().all())
