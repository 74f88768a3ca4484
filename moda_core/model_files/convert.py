"""Turning released torch checkpoints into safetensors files next to them."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..audio.encoder_config import read_encoder_config
from ..audio.encoder_file import identify_encoder
from ..audio.encoder_folder import WEIGHT_NORM, read_encoder
from ..errors import InputFileError, OutputError
from ..weights.checkpoint import cast_finite, read_checkpoint
from ..weights.converted import (
    HALF_SUFFIX,
    SHA256,
    conversion_metadata,
    conversion_path,
    is_current,
    state_of,
)
from ..weights.input_file import check_input_file
from ..weights.released_files import read_released
from .digest import Progress, Stopped, file_digest, stoppable
from .model_folder import PARTS
from .tensor_file import DTYPES, Layout, differs, write_header, write_tensor

# Parts whose error in float16 the precision benchmark measured and found small enough, and that are
# chosen by the name of their file. The renderer's are halved while they are loaded.
HALF_PARTS = ("motion_model", "encoder")
KINDS = {"motion_model": "motion model"}  # `released_files` names the others as the parts
# Weight norm is worked out in float32 whatever the precision.
KEPT_IN_FLOAT32 = tuple(name for names in WEIGHT_NORM.items() for name in names)

Report = Callable[[int], None]


def convert_file(
    path: Path, part: str, half: bool = False, progress: Progress | None = None
) -> Path:
    """Write the tensors of a released file as safetensors next to it.

    The original stays. The new file gets its name, see `conversion_path`, only when it is whole
    and was read again. Nothing is done if it is there already and current.

    Parameters
    ----------
    path : Path
        Torch checkpoint; in float16 also safetensors.
    part : str
        What it must be: one of `PARTS`.
    half : bool
        Store floating-point values in float16; else all values stay as they are, bit for bit.
    progress : callable (done, total), optional
        Called with bytes of work; may raise to cancel.

    Returns
    -------
    Path
        The conversion.

    Raises
    ------
    InputFileError
        If the file is damaged or of another network, is safetensors already, or float16 is not
        good enough for it; or if it changed meanwhile.
    OutputError
        If the conversion can't be written, does not come back as it was written, or another file
        is in its place.
    ValueError
        If there is no such part.
    """
    if part not in PARTS:
        raise ValueError(f"Expected a part among {', '.join(PARTS)}, got {part!r}.")
    path = Path(path)
    target = conversion_path(path, half)
    check_input_file(path, "checkpoint")
    _refuse(path, target, part, half)
    if is_current(target, path):
        return target
    origin = state_of(path)
    check_part(path, part)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        _write_conversion(path, unfinished, origin, half, progress)
        _refuse(path, target, part, half)  # minutes may have passed
        os.replace(unfinished, target)
    except Stopped as stopped:
        raise stopped.reason from stopped.reason.__cause__
    except (OSError, RuntimeError, SafetensorError) as error:
        raise OutputError(
            f"'{target}' can't be written ({error}). Free some space, or copy '{path.name}' to a "
            "folder that can be written."
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return target


def check_part(path: Path, part: str) -> None:
    """Judge a file by its contents, as loading does.

    Parameters
    ----------
    path : Path
        Weights in any format.
    part : str
        What it must be: one of `PARTS`.

    Raises
    ------
    InputFileError
        If it is damaged or of another network, or holds NaN or infinite values.
    """
    if part != "encoder":
        read_released(path, KINDS.get(part, part), _common_type(read_checkpoint(path)))
        return
    if (path.parent / "config.json").exists():
        config = read_encoder_config(path.parent)
    else:
        shapes = {key: tuple(tensor.shape) for key, tensor in read_checkpoint(path).items()}
        config = identify_encoder(shapes, str(path))
    read_encoder(path, config)


def _common_type(state: dict[str, Tensor]) -> torch.dtype:
    """Return the type that all values can be judged in without a copy, else float32."""
    found = {tensor.dtype for tensor in state.values() if tensor.is_floating_point()}
    return found.pop() if found in ({torch.float16}, {torch.bfloat16}) else torch.float32


def _refuse(path: Path, target: Path, part: str, half: bool) -> None:
    """Raise if a conversion is not needed, not wanted, or in the way of another file."""
    if target == path:
        raise InputFileError(f"'{path}' is a safetensors file already. Use it as it is.")
    if half and part not in HALF_PARTS:
        raise InputFileError(
            f"'{path}' is not converted to float16: the {part} stays in float32. Convert it "
            "without --fp16."
        )
    if half and path.name.lower().endswith(HALF_SUFFIX):
        raise InputFileError(f"'{path}' is in float16 already. Use it as it is.")
    if target.exists() and not conversion_metadata(target, path):
        raise OutputError(
            f"'{target}' exists and was not converted from '{path.name}'. Move it away to convert."
        )


def _write_conversion(
    path: Path, target: Path, origin: dict[str, str], half: bool, progress: Progress | None
) -> None:
    state = read_checkpoint(path)
    layout = {key: (_stored_type(key, tensor, half), tensor.shape) for key, tensor in state.items()}
    unknown = [f"{key} holds {dtype}" for key, (dtype, _) in layout.items() if dtype not in DTYPES]
    if unknown:
        raise InputFileError(f"'{path}': {unknown[0]}. Convert a file of plain floats instead.")
    written = sum(dtype.itemsize * shape.numel() for dtype, shape in layout.values())
    report = _counter(progress, path.stat().st_size + 2 * written)
    metadata = {"format": "pt", **origin, SHA256: _digest(path, report)}
    with target.open("wb") as file:
        for key in write_header(file, layout, metadata):
            write_tensor(file, _stored(key, state[key], layout[key][0], path), report)
        file.flush()
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):  # so that it is read again from the disk
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    _compare(target, layout, state, path, report)
    if state_of(path) != origin:
        raise InputFileError(f"'{path}' changed while it was converted. Convert it again.")


def _compare(
    target: Path, layout: Layout, state: dict[str, Tensor], path: Path, report: Report
) -> None:
    """Read a new file again; raise unless it holds what was meant."""
    with safe_open(target, framework="pt") as file:
        wrong = sorted(layout.keys() ^ set(file.keys()))
    for key, (dtype, _) in layout.items():
        value = _stored(key, state[key], dtype, path)
        if wrong or differs(target, key, value):
            raise OutputError(
                f"'{target}' was written, but {[*wrong, key][0]} did not come back as it was. "
                "Check the disk, then convert again."
            )
        report(value.nbytes)


def _stored_type(key: str, tensor: Tensor, half: bool) -> torch.dtype:
    if half and tensor.is_floating_point() and not key.endswith(KEPT_IN_FLOAT32):
        return torch.float16
    return tensor.dtype


def _stored(key: str, tensor: Tensor, dtype: torch.dtype, path: Path) -> Tensor:
    return tensor if tensor.dtype == dtype else cast_finite(key, tensor, dtype, str(path))


def _digest(path: Path, report: Report) -> str:
    """Return the SHA-256 of a file, with reports of how many bytes more were read."""
    done = 0

    def advance(now: int, total: int) -> None:
        nonlocal done
        report(now - done)
        done = now

    return file_digest(path, advance)


def _counter(progress: Progress | None, total: int) -> Report:
    """Return a function that adds to what was done and tells `progress`."""
    done, tell = 0, stoppable(progress)

    def report(num_bytes: int) -> None:
        nonlocal done
        done += num_bytes
        tell(done, total)

    return report
