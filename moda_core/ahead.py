"""Work on one item while the next ones are made."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
DONE = object()


def ahead(items: Iterator[Item], depth: int = 1) -> Iterator[Item]:
    """Pass items on, while a thread already makes those that follow.

    Parameters
    ----------
    items : iterator
        Advanced in a thread of its own, one item at a time.
    depth : int
        How many items may wait, at least 1.

    Yields
    ------
    Item
        As `items` gives them. What it raises is raised here, after the items before it.
    """
    with ThreadPoolExecutor(1) as maker:
        waiting = deque(maker.submit(next, items, DONE) for _ in range(depth))
        while (item := waiting.popleft().result()) is not DONE:
            waiting.append(maker.submit(next, items, DONE))
            yield item
