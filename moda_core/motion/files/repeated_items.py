"""Items of a pickled list that differ only in the bytes of their arrays, read all at once.

A motion template is a list of thousands of frames of some 200 instructions each, which are equal
byte for byte but for the content of the arrays. So once two items of one length have been followed,
the following bytes are compared with the second; those that match become views on the file.
Ten minutes take 0.06 s of CPU time this way, and 4 s instruction by instruction.
"""

from typing import Any

import numpy as np

from .pickled_array import PickledArray, PickledType

CHUNK = 1000  # items, as many as Python writes before it marks a new batch
REPEATABLE = (dict, PickledArray)
Span = tuple[int, int]


class ItemTracker:
    """Where the items after a mark begin; `base` is the height of the stack at the mark."""

    def __init__(self, base: int):
        self.base = base
        self.starts: list[Span] = []  # of each item: its first byte, and the memo's size before it

    def update(self, height: int, position: int, memo_size: int) -> None:
        """Update the items from the height of the stack that an instruction left."""
        num_items = max(height - self.base, 0)
        if num_items > len(self.starts):
            self.starts.append((position, memo_size))
        else:
            del self.starts[num_items:]

    def size(self, position: int) -> int:
        """Return the bytes of the item that ends at `position`, if the last was as long; else 0."""
        if len(self.starts) < 2:
            return 0
        (before, _), (start, _) = self.starts[-2:]
        return position - start if position - start == start - before else 0


def is_repeatable(memoized: Any) -> bool:
    """Return whether an item that reads this entry of the memo can be repeated."""
    return isinstance(memoized, str | bytes | PickledType) or callable(memoized)


def repeated_items(
    content: bytes, start: int, size: int, item: Any, payloads: list[Span]
) -> list[Any]:
    """Return the items that follow one and have its bytes, except for those of its arrays."""
    arrays = _arrays_of(item)
    if arrays is None or [array.tobytes("A") for array in arrays] != [
        content[first:end] for first, end in payloads
    ]:
        return []
    count = _count_repeats(content, start, size, [(a - start, b - start) for a, b in payloads])
    if not count:
        return []
    columns = [
        _column(content, first + size, size, count, array)
        for array, (first, _) in zip(arrays, payloads, strict=True)
    ]
    if type(item) is not dict:
        return columns[0]
    return [dict(zip(item, row, strict=True)) for row in zip(*columns, strict=True)]


def _arrays_of(item: Any) -> list[np.ndarray] | None:
    values = list(item.values()) if type(item) is dict else [item]
    if not values or not all(type(value) is PickledArray for value in values):
        return None
    if type(item) is dict and not all(type(key) is str for key in item):
        return None
    arrays = [value.array for value in values]
    return None if any(array is None for array in arrays) else arrays


def _count_repeats(content: bytes, start: int, size: int, payloads: list[Span]) -> int:
    """Return how many items right after one have its bytes outside of `payloads`."""
    fixed = np.ones(size, dtype=bool)
    for first, end in payloads:
        fixed[first:end] = False
    places = np.flatnonzero(fixed)
    pattern = np.frombuffer(content, np.uint8, size, start)[places]
    count, rows = 0, 1
    while True:
        following = start + (count + 1) * size
        rows = min(rows, (len(content) - following) // size)
        if rows <= 0:
            return count
        block = np.frombuffer(content, np.uint8, rows * size, following).reshape(rows, size)
        differs = (block[:, places] != pattern).any(axis=1)
        if differs.any():
            return count + int(differs.argmax())
        count += rows
        rows = min(2 * rows, CHUNK)  # so that an item that differs costs little


def _column(
    content: bytes, start: int, size: int, count: int, array: np.ndarray
) -> list[np.ndarray]:
    """Return the arrays like one in each of `count` items, the first at `start`."""
    strides = (size, *array.strides)
    stacked = np.ndarray((count, *array.shape), array.dtype, content, start, strides)
    return list(stacked) if array.ndim else [stacked[index, ...] for index in range(count)]
