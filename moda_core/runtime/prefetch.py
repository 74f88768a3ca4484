"""Make items in a background thread, ahead of their use."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

AHEAD = 3  # items in memory at once, besides the one in use
_END = object()


def prefetched(items: Iterator[Item], ahead: int = AHEAD) -> Iterator[Item]:
    """Yield items that a background thread makes, such as a decoder's frames.

    What making an item raises is raised when it would be yielded. Closing this iterator closes
    `items`, if it can be closed.
    """
    with ThreadPoolExecutor(1) as thread:
        pending = deque(thread.submit(next, items, _END) for _ in range(ahead))
        try:
            while (item := pending.popleft().result()) is not _END:
                pending.append(thread.submit(next, items, _END))
                yield item
        finally:
            for each in pending:
                each.cancel()
            thread.submit(getattr(items, "close", lambda: None)).result()
