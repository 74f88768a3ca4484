"""Loading of libraries that stay as long as the process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Keep the garbage collector from what is imported in the block, which is never garbage.

    It would look at all of it again and again, which takes an eighth of the time of loading torch
    and the pack; later on it would do so in each process that is forked, and when the process ends.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
