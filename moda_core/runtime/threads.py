"""Which work is shared among threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL_WIDTH = 256  # of a network whose products are too small to share among threads


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch's operators in one thread; also a decorator.

    To share thousands of small products among threads costs more than it saves, a hundredfold on a
    busy machine.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def threads_for(width: int) -> Iterator[int]:
    """Give a network the threads that suit it: to a narrow one's operators one.

    Parameters
    ----------
    width : int
        Of the network.

    Yields
    ------
    int
        How many of its calls may run at the same time.
    """
    threads = torch.get_num_threads()
    if width > SMALL_WIDTH:
        yield 1
        return
    with one_thread():
        yield threads
