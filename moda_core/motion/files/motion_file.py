"""Loading of motion, from files of this project and from LivePortrait's templates."""

from pathlib import Path

import torch

from ...errors import InputFileError
from ...weights.checkpoint import read_safetensors
from ...weights.file_format import HEAD_SIZE, foreign_content
from ...weights.input_file import check_input_file
from ...weights.safetensors_header import read_header
from ..checks import MAX_FPS, MIN_FPS
from ..motion import Motion
from .json_motion import read_json
from .layout import FORMAT, check_version
from .save import JSON, SAFETENSORS
from .template import read_template

KINDS = f"a {SAFETENSORS} or {JSON} file of motion, or a LivePortrait template (.pkl)"
MAX_BYTES = 1 << 28  # of JSON and templates, hours of motion


def load_motion(path: str | Path) -> Motion:
    """Read motion from a file of this project, or from a LivePortrait motion template.

    Parameters
    ----------
    path : str or Path
        Of any suffix: the content decides. For templates see `read_template`.

    Raises
    ------
    InputFileError
        If the file is missing, damaged or something else, or its frame rate is not from 1 to 240.
        Nothing in it is ever run.
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
            f"'{path}' states a frame rate of {motion.fps:g}, and {MIN_FPS:g} to {MAX_FPS:g} can "
            "be played. Correct it in the file, or make the file again at another rate."
        )
    return motion


def _read(path: Path) -> Motion:
    """Read a file by its content; a ValueError with a clause if it is not a motion file."""
    with path.open("rb") as file:
        head = file.read(HEAD_SIZE)
    size = path.stat().st_size
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return _read_safetensors(path)
    is_template = head[:1] == b"\x80"
    if is_template or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        if size > MAX_BYTES:
            raise ValueError(f"it has {size} bytes, and at most {MAX_BYTES} are read")
        return (read_template if is_template else read_json)(path.read_bytes())
    kind = foreign_content(head)
    raise ValueError(f"it is {kind[0]}" if kind else "its type is not recognised")


def _read_safetensors(path: Path) -> Motion:
    header = read_header(path)
    if header.metadata.get("format") != FORMAT or not {"values", "rest"} <= header.shapes.keys():
        raise ValueError("it is a safetensors file of something else")
    check_version(header.metadata.get("version"))
    tensors, _ = read_safetensors(path)
    # Copies, so that the file can be replaced while the motion is in use.
    values, rest = (tensors[key].to(torch.float32, copy=True) for key in ("values", "rest"))
    return Motion(values, rest, float(header.metadata.get("fps", "")))


def _is_finite(motion: Motion) -> bool:
    return bool(motion.values.isfinite().all() and motion.rest.isfinite().all())
