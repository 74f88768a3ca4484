"""Pickles that are read without being run."""

import os
import pickle
import pickletools
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from moda_core.motion.files import array_pickle
from moda_core.motion.files.array_pickle import read_array_pickle

from .pickle_contents import plain

PROTOCOLS = range(6)
DTYPES = (*"?bBhHiIqQefd", ">f4", ">i2")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_and_containers_are_read_as_they_were(protocol):
    shared = [1, 2]
    content = {
        "numbers": [0, 255, 256, -1, 2**40, -(2**70), 1.5, True, None, np.float32(0.1)],
        "types": [
            np.arange(2, dtype=t)
            for t in ["?", "b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d", ">f4", ">i2"]
        ],
        "shapes": [np.zeros(()), np.zeros((0, 3)), np.asfortranarray(np.arange(6.0).reshape(2, 3))],
        "strided": np.arange(24.0).reshape(2, 3, 4)[:, ::2, 1:].transpose(2, 0, 1),
        "text": ["", "a" * 300, "é\n", b"", b"b" * 300, bytearray(b"c")],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), shared, shared],
        "nested": {"": {}},
    }
    raw = pickle.dumps(content, protocol)
    if protocol < 5:
        raw = pickle.dumps(content | {"text": content["text"][:5]}, protocol)

    content = read_array_pickle(raw)

    found = plain(content)
    expected = pickle.loads(raw)  # our own bytes
    np.testing.assert_equal(found, expected)
    for ours, theirs in zip(found["types"], expected["types"], strict=True):
        assert ours.dtype.newbyteorder("=") == theirs.dtype.newbyteorder("=")
    assert content["tuples"][5] is content["tuples"][6]


class Runs:
    """Calls something when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class ArrayChild(np.ndarray):
    """An array of a class of its own."""


def payloads(trace):
    return {
        "call": Runs(os.system, f"echo > '{trace}'"),
        "method": Runs(Path.touch, trace),
        "evaluation": Runs(eval, f"open({str(trace)!r}, 'w')"),
        "import": Runs(__import__, "os"),
        "getattr": Runs(getattr, Path, "home"),
        "numpy": Runs(np.save, str(trace), np.zeros(1)),
        "frompyfunc": Runs(np.frompyfunc, "x", 1, 1),
    }


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", payloads("x"))
@pytest.mark.parametrize("place", ["alone", "beside arrays"])
def test_a_pickle_that_calls_anything_is_refused_and_nothing_runs(tmp_path, protocol, name, place):
    payload = payloads(tmp_path / "trace")[name]
    content = payload if place == "alone" else {"motion": [np.zeros(3)], "more": payload}
    raw = pickle.dumps(content, protocol)

    with pytest.raises(ValueError, match=r"could run code|protocol [12]"):
        read_array_pickle(raw)

    assert not (tmp_path / "trace").exists()
    if name in ("call", "method", "evaluation"):
        pickle.loads(pickle.dumps(payload))
        assert (tmp_path / "trace").exists()  # the payload does what it should not


def op(name):
    return next(o for o in pickletools.opcodes if o.name == name).code.encode("latin1")


def text(value):
    return op("SHORT_BINUNICODE") + bytes([len(value)]) + value.encode()


def named(module, attribute):
    return text(module) + text(attribute) + op("STACK_GLOBAL")


START = b"\x80\x04"
RECONSTRUCT = named("numpy.core.multiarray", "_reconstruct")
DTYPE = named("numpy", "dtype") + text("f4") + b"\x85R"
HUGE = op("BININT") + struct.pack("<i", 2**31 - 1)


@pytest.mark.parametrize(
    "program",
    {
        "instance": b"(S'x'\nios\nsystem\n.",
        "object": b"(" + text("x") + op("OBJ") + b".",
        "new object": named("numpy", "ndarray") + b")" + op("NEWOBJ") + b".",
        "new object with keywords": named("numpy", "ndarray") + b")}" + op("NEWOBJ_EX") + b".",
        "extension": op("EXT1") + b"\x01.",
        "persistent": text("x") + op("BINPERSID") + b".",
        "buffer": op("NEXT_BUFFER") + b".",
        "call of an array class": named("numpy", "ndarray") + b"N\x85R.",
        "call of a number": b"K\x01)R.",
        "call of a type": DTYPE + b")R.",
        "state of a word": RECONSTRUCT + b"}" + text("__code__") + b"NsNb.",
        "state of a list": b"]}b.",
        "state with attributes": RECONSTRUCT + b")RN}" + text("a") + b"K\x01s\x86b.",
        "dotted name": named("numpy.core.multiarray", "_reconstruct.__globals__") + b".",
        "name in a name": b"cnumpy\ncore.multiarray._reconstruct\n.",
        "object type": named("numpy", "dtype") + text("O") + b"\x85R.",
        "record type": named("numpy", "dtype") + text("V8") + b"\x85R.",
        "type that is no text": named("numpy", "dtype") + b"]\x85R.",
        "type with fields": DTYPE + b"(K\x03" + text("<") + b"N" + text("f") + b"NJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb.",
        "huge shape": named("numpy.core.numeric", "_frombuffer")
        + b"("
        + op("SHORT_BINBYTES")
        + b"\x04abcd"
        + DTYPE
        + HUGE
        + HUGE
        + b"\x86"
        + text("C")
        + b"tR.",
        "array without bytes": RECONSTRUCT + b")R(K\x01K\x01\x85" + DTYPE + b"\x89Ntb.",
        "tuple as a key": b"})NX\x00\x00\x00\x00\x86Ns.",
        "bytes of a number": b"c__builtin__\nbytes\n" + HUGE + b"\x85R.",
        "set of text": b"c__builtin__\nset\n" + text("ab") + b"\x85R.",
        "tensor of no storage": b"ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))tR.",
        "tensor of nested calls": b"ctorch.storage\n_load_from_bytes\n"
        + op("SHORT_BINBYTES")
        + b"\x0ecos\nsystem\n)R."
        + b"\x85R.",
        "array as a key": b"}" + RECONSTRUCT + b")RNs.",
        "number as a key": b"}K\x01Ns.",
        "huge number": op("LONG4") + b"\x02\x00\x00\x00\x01\x01.",
        "huge numbers as a shape": RECONSTRUCT
        + b")R(K\x01"
        + 2 * (op("LONG1") + b"\xff" + b"\x7f" * 255)
        + b"\x86"
        + DTYPE
        + b"\x89"
        + op("SHORT_BINBYTES")
        + b"\x01atb.",
        "claimed length": op("BINBYTES8") + struct.pack("<Q", 2**40) + b".",
        "claimed buffer": op("BYTEARRAY8") + struct.pack("<Q", 2**40) + b".",
        "empty stack": b".",
        "nothing to append to": b"NNa.",
        "no mark": b"t.",
        "no end": b"N",
    }.items(),
    ids=lambda item: item[0],
)
def test_other_programs_are_refused(program):
    before = dict(os.environ), list(sys.modules)

    with pytest.raises(ValueError) as caught:
        read_array_pickle(START + program[1])

    assert (dict(os.environ), list(sys.modules)) == before
    assert "\n" not in str(caught.value)


def test_arrays_of_objects_and_of_other_classes_are_refused():
    records = np.zeros(2, [("a", "f4")])
    for array in (np.array([{}, None]), np.array(["a"]), records, np.zeros(1).view(ArrayChild)):
        with pytest.raises(ValueError, match=r"not numbers|could run code"):
            read_array_pickle(pickle.dumps([array]))


def test_a_large_note_number_takes_no_memory():
    raw = START + b"N" + op("LONG_BINPUT") + struct.pack("<I", 2**32 - 1) + b"."

    assert read_array_pickle(raw) is None


def test_tuples_nested_deeply_do_not_overflow_the_stack():
    nested = b")" + b"\x85" * 200_000  # Python's own reader dies of it

    with pytest.raises(ValueError, match="keys that are not text"):
        read_array_pickle(START + b"}" + nested + b"Ns.")


def test_pickles_of_newer_numpy_are_read():
    old, new = b"numpy.core.multiarray", b"numpy._core.multiarray"
    written = pickle.dumps([np.arange(3.0)], 3)
    for name, other in ((old, new), (new, old)):
        renamed = written.replace(name, other)

        np.testing.assert_array_equal(plain(read_array_pickle(renamed))[0], np.arange(3.0))


def storage_of(tensor):
    return pickle.dumps(tensor, 4)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"K\x02K\x03\x86", b"K\x02K\x09\x86"),  # a larger shape
        (b"K\x00K\x02", b"K\x01K\x02"),  # a later start
        (b"K\x03K\x01\x86", b"K\x04K\x01\x86"),  # wider rows
        (b"K\x03K\x01\x86", b"K\x00K\x00\x86\x94\x30K\x00K\x00K\x00\x87"),  # more axes
    ],
)
def test_tensors_stay_within_their_numbers(good, bad):
    written = storage_of(torch.arange(6.0).reshape(2, 3))
    assert written.count(good) == 1
    np.testing.assert_array_equal(plain(read_array_pickle(written)), np.arange(6.0).reshape(2, 3))

    with pytest.raises(ValueError, match=r"tensor in it|instruction"):
        read_array_pickle(written.replace(good, bad))


def test_content_that_is_read_again_and_again_is_refused():
    encode = b"\x80\x02]c_codecs\nencode\nq\x00a"
    once = b"X" + struct.pack("<I", 1000) + b"a" * 1000 + b"q\x01a"
    again = b"h\x00h\x01\x85Ra"

    assert len(read_array_pickle(encode + once + again * 3 + b".")) == 5
    with pytest.raises(ValueError, match="more arrays than"):
        read_array_pickle(encode + once + again * 200 + b".")


def test_a_tensor_that_is_made_again_and_again_of_one_storage_is_refused():
    turned = torch.arange(10_000.0).reshape(100, 100).T  # its array is a copy each time
    written = pickle.dumps([turned], 2)
    first, rest = written[:2] + b"]", written[written.index(b"c") : written.rindex(b"a")]
    again = b"h\x01h\x0eRa"  # the function and its arguments, by their memo entries

    assert len(read_array_pickle(first + rest + b"a" + again + b".")) == 2
    with pytest.raises(ValueError, match="more arrays than"):
        read_array_pickle(first + rest + b"a" + again * 200 + b".")


def test_a_storage_of_many_instructions_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(array_pickle, "MAX_STORAGE_INSTRUCTIONS", 100)
    storage = storage_of(torch.arange(6.0))
    program = op("BINBYTES") + struct.pack("<I", 201) + b"N" * 200 + b"."

    assert plain(read_array_pickle(storage)).size == 6
    with pytest.raises(ValueError, match="tensor in it has no numbers"):
        read_array_pickle(b"\x80\x04ctorch.storage\n_load_from_bytes\n" + program + b"\x85R.")


def test_instructions_are_counted(monkeypatch):
    monkeypatch.setattr(array_pickle, "MAX_INSTRUCTIONS", 100)

    with pytest.raises(ValueError, match="more than 100 instructions"):
        read_array_pickle(START + b"]" * 200 + b".")
