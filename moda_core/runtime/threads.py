"""Choose the number of threads for a network."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL_WIDTH = 256  # up to it, products are too small to share among threads


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch's operators in one thread; also a decorator.

    Sharing thousands of small products among threads costs more than it saves, a hundredfold on a
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
    """Set the number of threads that suits a network's width: one for a narrow network.

    Yields how many calls of the network may run at the same time.
    """
    threads = torch.get_num_threads()
    if width > SMALL_WIDTH:
        yield 1
        return
    with one_thread():
        yield threads
