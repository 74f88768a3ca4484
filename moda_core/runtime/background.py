"""Run work on one item in a background thread while the next item is made."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def run_in_background(work: Callable[[Item], object]) -> Iterator[Callable[[Item], None]]:
    """Call `work` in a background thread, on one item at a time and in order.

    Make the items in the caller's thread: on a CPU, torch is slower in other threads.

    Yields
    ------
    callable (item)
        Submits an item. Waits until the item before it is done, so that at most one is in
        progress, and raises what `work` raised on that one. What `work` raises on the last item
        is raised at the end of the context.
    """
    with ThreadPoolExecutor(1) as thread:
        pending = None

        def submit(item: Item) -> None:
            nonlocal pending
            if pending is not None:
                pending.result()
            pending = thread.submit(work, item)

        yield submit
        if pending is not None:
            pending.result()
