"""Items are processed in a background thread while others are made."""

import threading
import weakref

import pytest

from moda_core.runtime.background import run_in_background


def test_every_item_is_worked_on_in_order():
    done = []

    with run_in_background(done.append) as submit:
        for item in range(20):
            submit(item)

    assert done == list(range(20))


def test_work_goes_on_while_the_next_item_is_made():
    started, made = threading.Event(), threading.Event()

    def work(item):
        started.set()
        assert made.wait(60)

    with run_in_background(work) as submit:
        submit(1)
        assert started.wait(60)
        made.set()


def test_the_work_is_in_one_other_thread():
    threads = set()

    with run_in_background(lambda item: threads.add(threading.get_ident())) as submit:
        for item in range(5):
            submit(item)

    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_no_more_than_two_items_are_alive():
    class Item:
        pass

    items, alive = [], []

    def work(item):
        alive.append(sum(reference() is not None for reference in items))

    with run_in_background(work) as submit:
        for _ in range(10):
            item = Item()
            items.append(weakref.ref(item))
            submit(item)

    assert len(alive) == 10
    assert max(alive) <= 2


@pytest.mark.parametrize("broken", [1, 3])
def test_a_failure_is_raised_at_the_next_item_or_at_the_end(broken):
    submitted = []

    def work(item):
        if item == broken:
            raise OSError("broken")

    def run():
        with run_in_background(work) as submit:
            for item in range(4):
                submit(item)
                submitted.append(item)

    with pytest.raises(OSError, match="broken"):
        run()

    assert submitted == list(range(broken + 1))


def test_a_failure_of_the_caller_waits_for_the_work():
    done, go = [], threading.Event()

    def work(item):
        go.wait(60)
        done.append(item)

    def run():
        with run_in_background(work) as submit:
            submit(1)
            go.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()

    assert done == [1]
