"""Arrays as pickles describe them: a type, a shape and bytes, which must agree."""

import math
from typing import Any

import numpy as np

# Plain numbers only: numpy's short names, without the byte order.
TYPES = {f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)} - {"f1"} | {"b1"}
MAX_DIMS = 8
MAX_SIZE = 1 << 40  # so that their product is computed quickly
NOT_NUMBERS = "it holds an array of values that are not numbers"


class ForeignPickleError(ValueError):
    """A pickle that holds more than arrays and containers; the text is a clause."""


class PickledType:
    """A plain type of numbers, from numpy's short name such as ``f4`` or ``<f4``."""

    __slots__ = ("order", "text")

    def __init__(self, text: Any):
        self.text = text[1:] if isinstance(text, str) and text[:1] in "<>|=" else text
        if not isinstance(text, str) or self.text not in TYPES:
            raise ForeignPickleError(NOT_NUMBERS)
        self.order = ">" if text[0] == ">" else "<"

    def build(self, state: Any) -> None:
        """Set the byte order from ``(version, order, None, None, None, ...)``."""
        plain = isinstance(state, tuple) and len(state) >= 5 and state[2:5] == (None,) * 3
        if not plain or state[1] not in ("<", ">", "|", "="):
            raise ForeignPickleError(NOT_NUMBERS)
        self.order = ">" if state[1] == ">" else "<"

    def array(self, content: Any, shape: Any, fortran: bool) -> np.ndarray:
        """Return the array of the given bytes."""
        if not isinstance(content, bytes | bytearray):
            raise ForeignPickleError("an array in it has no bytes")
        sizes = isinstance(shape, tuple) and len(shape) <= MAX_DIMS
        if not sizes or not all(type(size) is int and 0 <= size <= MAX_SIZE for size in shape):
            raise ForeignPickleError("an array in it has an invalid shape")
        dtype = np.dtype(self.order + self.text)
        if math.prod(shape) * dtype.itemsize != len(content):
            raise ForeignPickleError(
                f"an array in it claims the shape {shape!s:.60}, but has {len(content)} bytes"
            )
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


class PickledArray:
    """An array of a pickle; None until its state is set."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray | None = None):
        self.array = array

    def build(self, state: Any) -> None:
        """Set the array from ``(version, shape, type, fortran, bytes)``."""
        known = isinstance(state, tuple) and len(state) == 5 and isinstance(state[2], PickledType)
        if not known:
            raise ForeignPickleError(NOT_NUMBERS)
        self.array = state[2].array(state[4], state[1], state[3] is True)


def begin_array(*arguments: Any) -> PickledArray:
    """Return the array of ``_reconstruct(ndarray, (0,), b"b")``, whose state follows."""
    return PickledArray()


def array_of_bytes(content: Any, dtype: Any, shape: Any, order: Any) -> PickledArray:
    """Return the array of ``_frombuffer(bytes, dtype, shape, order)``, used by protocol 5."""
    if not isinstance(dtype, PickledType):
        raise ForeignPickleError(NOT_NUMBERS)
    return PickledArray(dtype.array(content, shape, order == "F"))


def number(dtype: Any, content: Any) -> PickledArray:
    """Return the 0-dim array of ``scalar(dtype, bytes)``."""
    return array_of_bytes(content, dtype, (), "C")


def type_of_numbers(text: Any, *flags: Any) -> PickledType:
    """Return the type of ``dtype(text, align, copy)``."""
    return PickledType(text)


def encoded(text: Any = "", encoding: Any = "latin1") -> bytes:
    """Return the bytes of ``encode(text, "latin1")`` or ``bytes()``, used before protocol 3."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ForeignPickleError("it encodes something other than bytes")
    return text.encode("latin1")


def begin_dict() -> dict:
    """Return the dict of ``OrderedDict()``, whose items follow."""
    return {}


def items_of(items: Any) -> list:
    """Return the items of ``set(list)``, used before protocol 4."""
    if type(items) is not list:
        raise ForeignPickleError("a set in it is made of something other than a list")
    return items


def tensor_of_storage(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> PickledArray:
    """Return the array of torch's ``_rebuild_tensor_v2``; offset and strides count values."""
    values = storage.array if isinstance(storage, PickledArray) else None
    lengths = (shape, strides, (offset,))
    whole = all(isinstance(each, tuple) and len(each) <= MAX_DIMS for each in lengths) and all(
        type(number) is int and 0 <= number <= MAX_SIZE for each in lengths for number in each
    )
    if values is None or not whole or len(shape) != len(strides):
        raise ForeignPickleError("a tensor in it has an invalid shape")
    reach = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    size = math.prod(shape)
    if size > values.size or (size and offset + reach >= values.size):
        raise ForeignPickleError(
            f"a tensor in it claims the shape {shape!s:.60}, but has {values.size} numbers"
        )
    steps = tuple(stride * values.itemsize for stride in strides)
    array = np.lib.stride_tricks.as_strided(values[offset:], shape, steps, writeable=False)
    return PickledArray(np.ascontiguousarray(array).reshape(shape))
