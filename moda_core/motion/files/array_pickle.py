"""Pickles of numpy arrays and plain containers, read without running anything.

A pickle is a program for a stack machine: its `GLOBAL` names any function of any module, and its
`REDUCE` calls it. Python's own unpickler is not used, not even with a restricted `find_class`: it
can still be made to set attributes of known objects, to allocate a claimed amount of memory, or to
overflow its stack by hashing nested tuples. This machine knows only the instructions of `PUSHES`
and `ACTIONS`, and refuses the rest, which make objects of classes or reach outside the file. It
looks up no name: the few in `WORDS`, which numpy writes for its arrays, stand for constructors of
`pickled_array`, which record a type, a shape and bytes; likewise the few that torch writes for its
tensors. Keys of dicts are text, because other keys can be chosen to share one hash. Lengths are
compared with the bytes present before memory is allocated, and instructions are counted.
"""

import io
import pickletools
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Any

from .pickled_array import (
    ForeignPickleError,
    PickledArray,
    PickledType,
    array_of_bytes,
    begin_array,
    begin_dict,
    encoded,
    items_of,
    number,
    tensor_of_storage,
    type_of_numbers,
)
from .repeated_items import REPEATABLE, ItemTracker, is_repeatable, repeated_items

CORE_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
NUMERIC_MODULES = ("numpy.core.numeric", "numpy._core.numeric")
BUILTINS = ("builtins", "__builtin__")
NDARRAY = "ndarray"  # an argument of `_reconstruct`, never called
WORDS: dict[tuple[str, str], Callable | str] = (
    {(module, "_reconstruct"): begin_array for module in CORE_MODULES}
    | {(module, "scalar"): number for module in CORE_MODULES}
    | {(module, "_frombuffer"): array_of_bytes for module in NUMERIC_MODULES}
    | {("numpy", "dtype"): type_of_numbers, ("numpy", "ndarray"): NDARRAY}
    # Before protocol 3 there are no bytes: they are text that is to be encoded.
    | {("_codecs", "encode"): encoded, ("__builtin__", "bytes"): encoded}
    | {("collections", "OrderedDict"): begin_dict}
    | {(module, name): items_of for module in BUILTINS for name in ("set", "frozenset")}
    | {("torch._utils", "_rebuild_tensor_v2"): tensor_of_storage}
    | {("torch.storage", "_load_from_bytes"): lambda content: read_storage(content)}
)
BFLOAT16 = "bfloat16"  # which numpy lacks: the upper halves of floats
STORAGES = {
    ("torch", f"{name}Storage"): kind
    for name, kind in {
        "Double": "f8", "Float": "f4", "Half": "f2", "Long": "i8", "Int": "i4", "Short": "i2",
        "Char": "i1", "Byte": "u1", "Bool": "b1", "BFloat16": BFLOAT16,
    }.items()
}  # fmt: skip

# Instructions that push their argument, or a constant.
PUSHES = frozenset((
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
    "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8", "INT", "LONG", "FLOAT", "UNICODE",
))  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
NOTHING = frozenset(("PROTO", "FRAME", "STOP"))
MAX_INSTRUCTIONS = 20_000_000  # more than an hour of motion, and at most some GB of memory
SHORT = 64  # arguments of calls, which may be repeated
CALLS = 6  # in which longer arguments and arrays count; bfloat16 in protocol 2 needs all of them
MAX_STORAGE_INSTRUCTIONS = 1000  # of the pickles before a tensor's values, which need some dozen
FRAME, FRAME_HEAD = b"\x95", 9  # its code, and its bytes with the length of the frame


class _SkippedMemoError(Exception):
    """A memo entry was asked for that lies in items read all at once."""


class _Machine:
    """The stack, marks and memo of a pickle of `size` bytes that is being followed."""

    def __init__(self, size: int, words: dict[tuple[str, str], Callable | str]):
        self.words, self.budget = words, CALLS * size
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.position = 0
        self.trackers: list[ItemTracker] = []  # one for each mark
        self.payloads: list[tuple[int, int]] = []  # where arguments of bytes are
        self.memo_size = 0  # including those in items read all at once
        self.unlike_at = -1  # the last instruction that may act differently when repeated

    def mark(self) -> None:
        self.marks.append(len(self.stack))
        self.trackers.append(ItemTracker(len(self.stack)))

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        self.trackers.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def memoize(self) -> None:
        self.memo[self.memo_size] = self.stack[-1]
        self.memo_size += 1

    def put(self, index: int) -> None:
        self.memo_size += index not in self.memo
        self.memo[index] = self.stack[-1]
        self.unlike_at = self.position

    def get(self, index: int) -> None:
        if index not in self.memo and len(self.memo) < self.memo_size:
            raise _SkippedMemoError
        self.stack.append(self.memo[index])
        if not is_repeatable(self.stack[-1]):
            self.unlike_at = self.position

    def tuple_of(self, size: int) -> None:
        values = tuple(self.stack[-size:])
        if len(values) != size:
            raise IndexError("the stack is empty")
        del self.stack[-size:]
        self.stack.append(values)

    def extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError("only a list can be appended to")
        target.extend(values)

    def update(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(pairs) % 2:
            raise TypeError("only a dict has keys")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(key) is not str:
                raise ForeignPickleError("a dict in it has keys that are not text")
            target[key] = value

    def dict_of(self, pairs: list[Any]) -> None:
        self.stack.append({})
        self.update(pairs)

    def name(self, module: Any, attribute: Any) -> None:
        named = isinstance(module, str) and isinstance(attribute, str)
        word = self.words.get((module, attribute)) if named else None
        if word is None:
            shown = f"{module}.{attribute}"[:80] if named else "no name"
            raise ForeignPickleError(
                f"it names {shown!r}, which is not an array or container and could run code"
            )
        self.stack.append(word)

    def reduce(self) -> None:
        arguments, word = self.stack.pop(), self.stack.pop()
        if not callable(word) or type(arguments) is not tuple:
            raise ForeignPickleError("it calls something other than an array's constructor")
        # Each long argument is the file's own; read again and again, it would take hours.
        self._spend(len(each) for each in arguments if isinstance(each, str | bytes | list))
        made = word(*arguments)
        if isinstance(made, PickledArray) and made.array is not None:  # perhaps a copy
            self._spend([made.array.nbytes])
        self.stack.append(made)

    def _spend(self, sizes: Iterable[int]) -> None:
        self.budget -= sum(size for size in sizes if size > SHORT)
        if self.budget < 0:
            raise ForeignPickleError("it makes more arrays than it has bytes for")

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if not isinstance(target, PickledArray | PickledType):
            raise ForeignPickleError("it changes something other than an array")
        target.build(state)
        if isinstance(target, PickledType):
            self.unlike_at = self.position

    def repeats(self, content: bytes) -> int:
        """Push the items like the last one; return their number of bytes."""
        if not self.trackers or not self.stack or type(self.stack[-1]) not in REPEATABLE:
            return 0
        tracker = self.trackers[-1]
        size = tracker.size(self.position)
        if not size or tracker.starts[-1][0] <= self.unlike_at:
            return 0
        start, memo_size = tracker.starts[-1]
        payloads = [*takewhile(lambda span: span[0] >= start, reversed(self.payloads))][::-1]
        items = repeated_items(content, start, size, self.stack[-1], payloads)
        self.stack.extend(items)
        tracker.base += len(items)
        self.memo_size += len(items) * (self.memo_size - memo_size)
        return len(items) * size


ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": lambda machine, _: machine.mark(),
    "MEMOIZE": lambda machine, _: machine.memoize(),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **{f"TUPLE{n}": lambda machine, _, size=n: machine.tuple_of(size) for n in (1, 2, 3)},
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    # A set is read as a list, since its items are not compared.
    **dict.fromkeys(("EMPTY_LIST", "EMPTY_SET"), lambda machine, _: machine.stack.append([])),
    **dict.fromkeys(
        ("LIST", "FROZENSET"), lambda machine, _: machine.stack.append(machine.since_mark())
    ),
    "APPEND": lambda machine, _: machine.extend([machine.stack.pop()]),
    **dict.fromkeys(
        ("APPENDS", "ADDITEMS"), lambda machine, _: machine.extend(machine.since_mark())
    ),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "DICT": lambda machine, _: machine.dict_of(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.update([machine.stack.pop(), machine.stack.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.update(machine.since_mark()),
    "GLOBAL": lambda machine, named: machine.name(*named.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name(*[machine.stack.pop() for _ in "mn"][::-1]),
    "REDUCE": lambda machine, _: machine.reduce(),
    "BUILD": lambda machine, _: machine.build(),
}


def read_array_pickle(content: bytes) -> Any:
    """Read a pickle of arrays and containers."""
    content = _without_frames(content)
    try:
        try:
            return _follow(content, at_once=True)
        except _SkippedMemoError:
            return _follow(content, at_once=False)
    except ForeignPickleError:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        reason = "".join(x if x.isprintable() else "?" for x in str(error)[:80]).rstrip(".")
        raise ValueError(f"it is damaged ({type(error).__name__}: {reason})") from error


def _without_frames(content: bytes) -> bytes:
    """Return the pickle without frame markers, so that like items lie at equal distances."""
    pieces, position = [content[:2]], 2  # after the protocol
    while content[position : position + 1] == FRAME:
        first = position + FRAME_HEAD
        position = first + int.from_bytes(content[position + 1 : first], "little")
        pieces.append(content[first:position])
    return b"".join([*pieces, content[position:]])


def _follow(content: bytes, at_once: bool) -> Any:
    """Follow the instructions, reading repeated items `at_once` or one by one."""
    machine = _Machine(len(content), WORDS)
    file = io.BytesIO(content)
    for index, (opcode, argument, position) in enumerate(pickletools.genops(file)):
        if index == MAX_INSTRUCTIONS:
            raise ForeignPickleError(f"it has more than {MAX_INSTRUCTIONS} instructions")
        name = opcode.name
        machine.position = position
        skipped = machine.repeats(content) if at_once else 0
        if skipped:
            file.seek(position + skipped)
            continue
        memo_size = machine.memo_size
        if isinstance(argument, bytes | bytearray):
            machine.payloads.append((file.tell() - len(argument), file.tell()))
        _act(machine, name, argument)
        if machine.trackers and name != "MARK":
            machine.trackers[-1].update(len(machine.stack), position, memo_size)
    return machine.stack.pop()


def _act(machine: _Machine, name: str, argument: Any) -> None:
    if name in PUSHES:
        machine.stack.append(argument)
    elif name in CONSTANTS:
        machine.stack.append(CONSTANTS[name])
    elif name in ACTIONS:
        ACTIONS[name](machine, argument)
    elif name not in NOTHING:
        raise ForeignPickleError(f"it uses the instruction {name}, which could run code")


def read_storage(content: Any) -> PickledArray:
    """Read the numbers of a tensor as ``torch.save`` wrote them before its zip files.

    Those are five small pickles, of which the fourth names the type and the number of values and
    the others can be skipped; then the number again, and the values.
    """
    if not isinstance(content, bytes | bytearray):
        raise ForeignPickleError("a tensor in it has no bytes")
    file, described = io.BytesIO(content), []
    for _ in range(5):
        machine = _Machine(len(content), STORAGES)
        for index, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if index == MAX_STORAGE_INSTRUCTIONS:
                raise ForeignPickleError("a tensor in it has no numbers")
            if opcode.name != "BINPERSID":  # the description stays on the stack
                _act(machine, opcode.name, argument)
        described.append(machine.stack.pop())
    kind, size = described[3][1], described[3][4]
    stored = PickledType("u2" if kind == BFLOAT16 else kind)
    values = stored.array(content[file.tell() + 8 :], (size,), False)
    if kind == BFLOAT16:
        values = (values.astype("u4") << 16).view("f4")
    return PickledArray(values)
