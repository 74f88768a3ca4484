"""Items made in a background thread."""

import threading
from itertools import count, islice

import pytest

from moda_core.runtime.prefetch import prefetched


def test_items_come_in_order():
    assert list(prefetched(iter(range(20)))) == list(range(20))
    assert list(prefetched(iter(()))) == []


def test_items_are_made_elsewhere_and_not_far_ahead():
    made, threads = [], set()

    def items():
        for index in range(100):
            made.append(index)
            threads.add(threading.current_thread())
            yield index

    first = list(islice(prefetched(items(), 3), 2))

    assert first == [0, 1]
    assert len(made) <= 5
    assert threading.current_thread() not in threads


def test_an_error_is_raised_where_its_item_would_come():
    def items():
        yield 1
        raise OSError("torn off")

    prefetch = prefetched(items())

    assert next(prefetch) == 1
    with pytest.raises(OSError, match="torn off"):
        next(prefetch)


def test_closing_closes_the_items():
    closed = []

    def items():
        try:
            yield from count()
        finally:
            closed.append(True)

    prefetch = prefetched(items())
    next(prefetch)
    prefetch.close()

    assert closed == [True]
