"""Choose the number of threads for a network, and call something in several."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

SMALL_WIDTH = 256  # up to it, products are too small to share among threads


_lock, _inside = threading.Lock(), threading.local()
_holders, _usual = 0, 1  # threads inside `one_thread`, and the number to restore


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch's operators in one thread; also a decorator.

    Sharing thousands of small products among threads costs more than it saves, a hundredfold on a
    busy machine. Several threads may be inside at once: a new thread takes torch's number from the
    last one that set it, so the number before the first of them is restored.
    """
    global _holders, _usual
    if getattr(_inside, "held", False):
        yield
        return
    with _lock:
        _usual = _usual if _holders else torch.get_num_threads()
        _holders += 1
    _inside.held = True
    torch.set_num_threads(1)
    try:
        yield
    finally:
        _inside.held = False
        with _lock:
            _holders -= 1
            torch.set_num_threads(_usual)


@contextmanager
def threads_for(width: int) -> Iterator[int]:
    """Set the number of threads that suits a network's width: one for a narrow network.

    Yields how many calls of the network may run at the same time; 1 inside another such block.
    """
    threads = torch.get_num_threads()
    if width > SMALL_WIDTH:
        yield 1
        return
    with one_thread():
        yield threads


@contextmanager
def ordered_map(threads: int) -> Iterator[Callable]:
    """Give a `map` whose calls run in several threads; leaving drops those not yet begun."""
    if threads <= 1:
        yield map
        return
    inference = torch.is_inference_mode_enabled()  # threads do not inherit it
    pool = ThreadPoolExecutor(threads)

    def mapped(call: Callable, values: Sequence) -> Iterator:
        def work(value):
            with torch.inference_mode(inference):
                return call(value)

        return pool.map(work, values)

    try:
        yield mapped
    finally:
        pool.shutdown(cancel_futures=True)
