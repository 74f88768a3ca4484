"""Work on one item in a thread, while the next one is made."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def beside(work: Callable[[Item], object]) -> Iterator[Callable[[Item], None]]:
    """Do some work in a thread of its own, one item at a time and in order.

    What makes the items stays in the caller's thread: torch computes slower in others on a CPU.

    Parameters
    ----------
    work : callable (item)
        What is done to every item.

    Yields
    ------
    callable (item)
        Hands an item over. It first waits until the thread is done with the one before, so no more
        than one is in hand there, and raises what `work` raised on that.

    Raises
    ------
    Exception
        What `work` raised on the last item, at the end of the context.
    """
    with ThreadPoolExecutor(1) as thread:
        pending = None

        def hand_over(item: Item) -> None:
            nonlocal pending
            if pending is not None:
                pending.result()
            pending = thread.submit(work, item)

        yield hand_over
        if pending is not None:
            pending.result()
