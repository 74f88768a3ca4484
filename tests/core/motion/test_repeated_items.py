"""Lists of like items in pickles, read all at once."""

import pickle
import random
import time

import numpy as np
import pytest

from moda_core.motion.files.array_pickle import read_array_pickle
from moda_core.motion.files.repeated_items import ItemTracker

from .pickle_contents import plain

NUM_ITEMS = 2500  # more than two of the batches that lists are written in
WITHOUT_PUT = (4, 5)  # protocol 3 numbers every entry of the memo, so that no item is like another


def frames(count=NUM_ITEMS):
    """Frames as a template has them; a turned matrix lies in the other order."""
    draw = np.random.default_rng(0).normal
    turned = draw(size=(count, 3, 3)).astype(np.float32)
    return [
        {
            "scale": draw(size=(1, 1)).astype(np.float32),
            "R": np.asfortranarray(turned[index])[None],
            "exp": draw(size=(1, 21, 3)).astype(np.float32),
            "large": draw(size=100),  # above 255 bytes, another instruction
        }
        for index in range(count)
    ]


@pytest.fixture
def followed(monkeypatch):
    """A reader that follows every item."""

    def read(raw):
        with monkeypatch.context() as patch:
            patch.setattr(ItemTracker, "size", lambda self, position: 0)
            return plain(read_array_pickle(raw))

    return read


def read_at_once(raw):
    """What was read, and how many of its arrays were not followed."""
    content = read_array_pickle(raw)
    items = [item for item in content if isinstance(item, dict | np.ndarray)]
    values = [
        value for item in items for value in (item.values() if type(item) is dict else [item])
    ]
    return plain(content), sum(isinstance(value, np.ndarray) for value in values)


@pytest.mark.parametrize("protocol", WITHOUT_PUT)
def test_like_frames_are_read_at_once_and_as_they_are(protocol):
    content = frames()

    found, num_at_once = read_at_once(pickle.dumps(content, protocol))

    np.testing.assert_equal(found, content)
    assert num_at_once > 0.95 * NUM_ITEMS * 4


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_like_arrays_are_read_at_once(shape):
    content = [np.full(shape, index, np.float32) for index in range(NUM_ITEMS)]

    found, num_at_once = read_at_once(pickle.dumps(content, 4))

    np.testing.assert_equal(found, content)
    assert num_at_once > 0.95 * NUM_ITEMS


def unlike(change):
    content = frames(40)
    shared = np.ones(3)
    if change == "shape":
        content[20]["exp"] = np.zeros((1, 7, 3), np.float32)
    elif change == "key":
        content[20]["other"] = content[20].pop("exp")
    elif change == "type":
        content[20]["exp"] = content[20]["exp"].view(np.int32)
    elif change == "number":
        content = [item | {"number": index} for index, item in enumerate(content)]
    elif change == "shared":
        content = [item | {"shared": shared} for item in content]
    elif change == "earlier":
        content = [
            item | {"before": content[max(0, i - 1)]["exp"]} for i, item in enumerate(content)
        ]
    elif change == "again":
        content = [*content, content[20], content[30]["exp"], content[0]]
    elif change == "bytes":
        content = [item | {"bytes": bytes([index])} for index, item in enumerate(content)]
    return content


@pytest.mark.parametrize("protocol", [3, *WITHOUT_PUT])
@pytest.mark.parametrize(
    "change", ["shape", "key", "type", "number", "shared", "earlier", "again", "bytes"]
)
def test_items_that_differ_are_read_as_they_are(change, protocol):
    content = unlike(change)

    found = plain(read_array_pickle(pickle.dumps(content, protocol)))

    np.testing.assert_equal(found, content)


def test_after_an_item_that_differs_items_are_read_at_once_again():
    content = [np.full(3, index, np.float32) for index in range(921)]
    content[20] = np.zeros(7)

    found, num_at_once = read_at_once(pickle.dumps(content, 4))

    np.testing.assert_equal(found, content)
    assert num_at_once == 921 - 6  # two before each run, its batch's start, and the other one


def test_items_of_megabytes_that_differ_are_compared_one_by_one():
    # Of one length each, so that every item could be followed by its like.
    content = [{f"{index:06d}" * 10_000: np.zeros(1)} for index in range(150)]
    raw = pickle.dumps(content, 4)
    start = time.process_time()

    found = plain(read_array_pickle(raw))

    assert time.process_time() - start < 0.5
    np.testing.assert_equal(found, content)


# In the memo: an array's constructor as 0, its type as 1, an array as 2.
STATE = b"(K\x01K\x01\x85h\x01\x89C\x01%ctb"  # of an array of one byte
BEGINNING = (
    b"\x80\x04](](cnumpy.core.multiarray\n_reconstruct\nq\x00"
    b"cnumpy\ndtype\nX\x02\x00\x00\x00i1\x85Rq\x01h\x00)R" + STATE % 99 + b"q\x02e]("
)


@pytest.mark.parametrize(
    ("item", "values", "again"),
    [
        (b"h\x00)R" + STATE, range(9), 99),
        (b"h\x00)R" + STATE + b"q\x02", range(9), 8),  # the entry becomes the last of them
        (b"h\x02" + STATE, [8] * 9, 8),  # one array, changed again and again
    ],
)
def test_items_that_change_the_memo_are_followed(item, values, again):
    items = b"".join(item % number for number in range(9))

    _, found, memoized = plain(read_array_pickle(BEGINNING + items + b"eh\x02e."))

    assert [array.tolist() for array in found] == [[value] for value in values]
    assert memoized.tolist() == [again]


def test_memo_entries_of_items_read_at_once_are_found():
    content = frames(40)

    found = read_array_pickle(pickle.dumps([content, content[30]], 4))

    assert found[0][30] is found[1]


def outcome(read, raw):
    try:
        return pickle.dumps(read(raw))
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("protocol", WITHOUT_PUT)
def test_changed_bytes_are_read_as_if_followed(protocol, followed):
    draw = random.Random(protocol)
    original = pickle.dumps(frames(12), protocol)
    found, expected = [], []

    for _ in range(400):
        raw = bytearray(original)
        for _ in range(draw.choice([1, 1, 2, 5])):
            raw[draw.randrange(len(raw))] = draw.randrange(256)
        found.append(outcome(lambda raw: plain(read_array_pickle(raw)), bytes(raw)))
        expected.append(outcome(followed, bytes(raw)))

    assert found == expected
    assert len(set(expected)) > 50
