"""Saving and loading of motion."""

import contextlib
import json
import secrets
from pathlib import Path

import safetensors.torch
import torch

from ..checkpoint import read_safetensors
from ..errors import InputFileError, OutputError
from ..file_format import HEAD_SIZE, foreign_content
from ..input_file import check_input_file
from ..motion import Motion
from ..safetensors_header import read_header
from .json_motion import read_json, write_json
from .layout import FORMAT, LAYOUT, UNITS, VERSION, check_version
from .template import read_template

SAFETENSORS, JSON = ".safetensors", ".json"
KINDS = f"a {SAFETENSORS} or {JSON} file of motion, or a LivePortrait template (.pkl)"
MAX_BYTES = 1 << 28  # of JSON and templates, hours of motion
MIN_FPS, MAX_FPS = 0.01, 1000.0


def save_motion(path: str | Path, motion: Motion) -> None:
    """Write motion to a file.

    Parameters
    ----------
    path : str or Path
        Ends in ``.safetensors`` or ``.json``. A file that exists is replaced when the new one is
        complete.
    motion : Motion

    Raises
    ------
    OutputError
        If the ending is another one, or the file can't be written.
    ValueError
        If the motion holds NaN or infinite values, or its frame rate is out of all reason.
    """
    path = Path(path)
    if path.suffix.lower() not in (SAFETENSORS, JSON):
        raise OutputError(
            f"'{path}' does not end in a known kind of motion file. Use {SAFETENSORS} or {JSON}."
        )
    problem = _problem(motion)
    if problem is not None:
        raise ValueError(f"The motion can't be saved: {problem}. Make it again.")
    content = write_json(motion) if path.suffix.lower() == JSON else _safetensors(motion)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        if path.is_dir():
            raise OutputError(f"'{path}' is a folder. Name a file in it.")
        if not path.parent.is_dir():
            raise OutputError(f"The folder '{path.parent}' does not exist. Create it first.")
        part.write_bytes(content)
        part.replace(path)
    except (OSError, ValueError) as error:  # a name may hold what no name can
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"'{path}' can't be written ({reason}). Choose another folder."
        ) from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def load_motion(path: str | Path) -> Motion:
    """Read motion from a file of this project, or from a LivePortrait motion template.

    Parameters
    ----------
    path : str or Path
        Of any suffix: the content decides. For templates see `read_template`.

    Returns
    -------
    Motion

    Raises
    ------
    InputFileError
        If the file is missing, damaged or something else. Nothing in it is ever run.
    """
    path = Path(path)
    try:
        check_input_file(path, "motion")
        with path.open("rb") as file:
            head = file.read(HEAD_SIZE)
        size = path.stat().st_size
        if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
            motion = _read_safetensors(path)
        elif head[:1] == b"\x80" or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            if size > MAX_BYTES:
                raise ValueError(f"it has {size} bytes, and at most {MAX_BYTES} are read")
            content = path.read_bytes()
            motion = read_template(content) if head[:1] == b"\x80" else read_json(content)
        else:
            raise ValueError(f"it is {(foreign_content(head) or ['something else'])[0]}")
        problem = _problem(motion)
        if problem is not None:
            raise ValueError(problem)
        return motion
    except OSError as error:
        raise InputFileError(f"'{path}' cannot be read ({error}). Check its disk.") from error
    except (ValueError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise InputFileError(f"'{path}' is no motion: {reason}. Use {KINDS}.") from error


def _safetensors(motion: Motion) -> bytes:
    tensors = {
        "values": motion.values.detach().cpu().float().contiguous(),
        "rest": motion.rest.detach().cpu().float().clone(),
    }
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "fps": repr(float(motion.fps)),
        "units": UNITS,
        "layout": json.dumps(LAYOUT),
    }
    return safetensors.torch.save(tensors, metadata)


def _read_safetensors(path: Path) -> Motion:
    header = read_header(path)
    if header.metadata.get("format") != FORMAT or not {"values", "rest"} <= header.shapes.keys():
        raise ValueError("it is a safetensors file of something else")
    check_version(header.metadata.get("version"))
    tensors, _ = read_safetensors(path)
    # Copies, so that the file can be replaced while the motion is in use.
    values, rest = (tensors[key].to(torch.float32, copy=True) for key in ("values", "rest"))
    return Motion(values, rest, float(header.metadata.get("fps", "")))


def _problem(motion: Motion) -> str | None:
    """Return a clause about what no motion should have."""
    if not (motion.values.isfinite().all() and motion.rest.isfinite().all()):
        return "it holds NaN, infinite or too large values"
    if not MIN_FPS <= motion.fps <= MAX_FPS:
        return f"its frame rate is {motion.fps:g}, not from {MIN_FPS:g} to {MAX_FPS:g}"
    return None
