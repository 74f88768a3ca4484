"""Read and write weights: strictly, and without executing anything."""

import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import InputFileError, OutputError
from .file_format import SAFETENSORS, TORCH_ZIP, is_stored, weights_format
from .state_layout import flatten_state, join_problems, list_problems

MAX_REASON = 160


def read_checkpoint(path: Path, mapped: bool = True) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file or a torch checkpoint.

    Parameters
    ----------
    path : Path
        The format is detected from the content, whatever the suffix.
    mapped : bool
        Leave the values in the file until they are used, where the format allows that; else copy
        them into memory, never two times at once.

    Returns
    -------
    dict
        Tensors on the CPU by key, see `flatten_state`.

    Raises
    ------
    InputFileError
        If the file is missing, damaged, not a checkpoint, without tensors, or could run code.
    """
    path = Path(path)
    kind = weights_format(path)
    if kind == SAFETENSORS:
        content = read_safetensors(path)[0] if mapped else _copy_safetensors(path)
    else:
        content = _read_torch(path, mapped=mapped and kind == TORCH_ZIP)
    return flatten_state(content, str(path))


def _read_torch(path: Path, mapped: bool) -> Any:
    try:
        # Mapping needs a file name, and newer torch trusts the suffix of a file name.
        mapped = mapped and path.suffix != ".safetensors" and is_stored(path)
        with path.open("rb") as file:
            source = str(path) if mapped else file
            return torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # a damaged pickle fails in any way
        raise InputFileError(_torch_problem(path, error)) from error


def _torch_problem(path: Path, error: Exception) -> str:
    """Return the message for a file that torch refuses."""
    reason = str(error)
    if "TorchScript" in reason:
        return f"'{path}' holds a TorchScript program, not plain weights. Use the original file."
    foreign = re.search(r"GLOBAL (\S+)", reason)
    if foreign or reason.startswith("Weights only load failed"):  # torch adds bad advice
        name = _first_line(foreign[1]) if foreign else None
        what = f"more than weights ({name})" if name else "other objects than weights"
        return (
            f"'{path}' is damaged, or holds {what} and could run code, so it is not opened. "
            "Use a .safetensors file, or one that holds tensors only."
        )
    return (
        f"'{path}' is damaged or not a torch checkpoint ({type(error).__name__}: "
        f"{_first_line(reason)}). Download it again."
    )


def _copy_safetensors(path: Path) -> dict[str, Tensor]:
    """Return copies of all tensors; reopens the file for each, to release its mapped pages."""
    state = {}
    try:
        with safe_open(path, framework="pt") as file:
            keys = list(file.keys())
        for key in keys:
            with safe_open(path, framework="pt") as file:
                state[key] = file.get_tensor(key).clone()
    except Exception as error:  # memory that cannot be mapped is a RuntimeError
        raise InputFileError(_safetensors_problem(path, error)) from error
    return state


def _safetensors_problem(path: Path, error: Exception) -> str:
    reason = _first_line(str(error))
    return f"'{path}' cannot be read as safetensors ({reason}). Restore the file and try again."


def _first_line(text: str) -> str:
    """Return the printable first line of a text that may quote the file's bytes."""
    first = (text.strip().splitlines() or ["no reason given"])[0][:MAX_REASON]
    return "".join(letter if letter.isprintable() else "?" for letter in first)


def cast_finite(key: str, tensor: Tensor, dtype: torch.dtype, source: str) -> Tensor:
    """Cast a floating-point weight to a contiguous one, without a copy where possible.

    Raises InputFileError, naming `key` and `source`, for NaN, infinite values, and values too large
    for `dtype`.
    """
    value = tensor.to(dtype).contiguous()
    if not value.numel() or torch.stack(torch.aminmax(value)).isfinite().all():
        return value
    if tensor.to(torch.float64).isfinite().all():
        raise InputFileError(f"'{source}': {key} holds values too large for {dtype}. Use float32.")
    raise InputFileError(
        f"'{source}': {key} holds NaN or infinite values. Download the file again."
    )


def load_strict(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Assign weights to a module, without copying them; every key and shape must match.

    The module may be on the meta device. Raises InputFileError, naming `source`, if a key is
    missing, unexpected or of another shape.
    """
    check_layout(module, state, source)
    module.load_state_dict(state, assign=True)


def check_layout(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Check weights as `load_strict` does, without assigning them."""
    expected = module.state_dict()
    problems = list_problems(state, {key: tensor.shape for key, tensor in expected.items()})
    if problems:
        raise InputFileError(
            f"'{source}' does not hold weights for {type(module).__name__}: "
            f"{join_problems(problems)}. Use the file that belongs to this model."
        )


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return all tensors, on the CPU, and the metadata of a safetensors file, by name.

    Raises InputFileError if the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except Exception as error:  # memory that cannot be mapped is a RuntimeError
        raise InputFileError(_safetensors_problem(path, error)) from error


def save_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors and metadata; OutputError if the file can't be written."""
    contiguous = {key: tensor.detach().contiguous() for key, tensor in tensors.items()}
    try:
        save_file(contiguous, path, metadata=metadata)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"'{path}' can't be written ({error}). Choose another folder.") from error


def cast_floats(state: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Return a new state with its floating-point tensors cast to `dtype`."""
    return {
        key: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }
