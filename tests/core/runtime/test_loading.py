import gc

import pytest

from moda_core.runtime.loading import loading


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_while_loading_and_what_was_loaded_is_never_looked_at():
    with loading():
        collects = gc.isenabled()
        loaded = [[] for _ in range(1000)]

    frozen = gc.get_freeze_count()
    assert not collects
    assert gc.isenabled()
    assert frozen > len(loaded)


def test_what_fails_to_load_leaves_the_collector_as_it_was():
    with pytest.raises(ImportError), loading():
        raise ImportError

    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with loading():
        pass

    assert not gc.isenabled()
