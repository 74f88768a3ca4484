"""Making items ahead of their use."""

import threading

import pytest

from moda_core.ahead import ahead


def test_items_come_in_order_and_end():
    assert list(ahead(iter(range(20)), depth=3)) == list(range(20))


def test_the_next_item_is_made_while_one_is_used():
    made = threading.Event()

    def items():
        yield 1
        made.set()
        yield 2

    first = next(ahead(items()))

    assert first == 1
    assert made.wait(5)


def test_no_more_than_the_depth_is_made_ahead():
    made = []

    def items():
        for index in range(100):
            made.append(index)
            yield index

    stream = ahead(items(), depth=2)
    for _ in range(3):
        next(stream)
    stream.close()

    assert len(made) <= 5


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise OSError("broken")

    stream = ahead(items())

    assert next(stream) == 1
    with pytest.raises(OSError, match="broken"):
        next(stream)
