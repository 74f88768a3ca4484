import threading

import pytest
import torch

from moda_core.runtime.threads import one_thread


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_one_thread_inside_and_as_many_as_before_after_it():
    with one_thread():
        inside = torch.get_num_threads()

    assert (inside, torch.get_num_threads()) == (1, 3)


def test_an_inner_block_leaves_the_outer_one_with_one_thread():
    with one_thread():
        with one_thread():
            pass
        after_inner = torch.get_num_threads()

    assert (after_inner, torch.get_num_threads()) == (1, 3)


def test_runs_that_overlap_leave_later_threads_as_many_as_before():
    entered, leave, later = threading.Event(), threading.Event(), []

    def long_run():
        with one_thread():
            entered.set()
            leave.wait(30)

    run = threading.Thread(target=long_run)
    run.start()
    entered.wait(30)
    with one_thread():  # begins inside the other and ends after it
        leave.set()
        run.join()
    last = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    last.start()
    last.join()

    assert later == [3]
    assert torch.get_num_threads() == 3
