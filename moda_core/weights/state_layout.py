"""The tensors of a checkpoint as one flat dict, and how it differs from the expected layout."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from ..errors import InputFileError

# Keys under which trainers store the weights, the usual one first.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "params")
# A remnant of data-parallel training in keys.
PARALLEL_PREFIX = re.compile(r"(^|\.)module\.")


def flatten_state(content: Any, source: str) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint's content by key, without the dicts wrapped around them.

    Those of an inner dict get the key ``group.key``. Drops a path component ``module``, and numbers
    and texts. Raises InputFileError, naming `source`, if there are no tensors, one is not a plain
    array in memory or has an unprintable key, or two get the same key.
    """
    state = {}
    for name, tensor in _named_tensors(_unwrap(content)):
        key = PARALLEL_PREFIX.sub(r"\1", name)
        if not key.isprintable():  # messages stay one line
            raise InputFileError(
                f"'{source}' is damaged: it names a tensor {key!a:.80}. Download it again."
            )
        if key in state:
            raise InputFileError(f"'{source}' holds {key} twice. Use the original checkpoint.")
        if str(tensor.layout) != "torch.strided" or tensor.device.type != "cpu":
            raise InputFileError(
                f"'{source}': {key} is not a plain array ({tensor.layout}, {tensor.device}). "
                "Use the original checkpoint."
            )
        state[key] = tensor.detach()
    if not state:
        raise InputFileError(
            f"'{source}' holds no tensors. Use a file that holds a model's weights."
        )
    return state


def _unwrap(content: Any) -> Mapping:
    """Return the dict inside the wrappers."""
    if not isinstance(content, Mapping):
        return {}
    if any(isinstance(value, Tensor) for value in content.values()):
        return content
    inner = (content.get(wrapper) for wrapper in WRAPPERS)
    return next((value for value in inner if isinstance(value, Mapping)), content)


def _named_tensors(content: Mapping) -> Iterator[tuple[str, Tensor]]:
    for key, value in content.items():
        inner = value.items() if isinstance(value, Mapping) else ()
        pairs = [(f"{key}.{part}", tensor) for part, tensor in inner] or [(str(key), value)]
        yield from ((name, tensor) for name, tensor in pairs if isinstance(tensor, Tensor))


def list_problems(state: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return how the keys and shapes of a state differ from `shapes`, one clause for each key."""
    problems = [
        f"{key} is missing (expected shape {tuple(shape)})"
        for key, shape in shapes.items()
        if key not in state
    ]
    problems += [
        f"{key} is unexpected (shape {tuple(tensor.shape)})"
        for key, tensor in state.items()
        if key not in shapes
    ]
    problems += [
        f"{key} has shape {tuple(state[key].shape)} instead of {tuple(shape)}"
        for key, shape in shapes.items()
        if key in state and tuple(state[key].shape) != tuple(shape)
    ]
    return problems


def join_problems(problems: list[str]) -> str:
    """Return the first three of some clauses, and the number of the others."""
    more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
    return f"{'; '.join(problems[:3])}{more}"
