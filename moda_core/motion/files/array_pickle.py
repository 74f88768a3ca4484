"""Pickles of numpy arrays and plain containers, read without running anything.

A pickle is a program for a stack machine: its `GLOBAL` names any function of any module, and its
`REDUCE` calls it. Python's own unpickler is not used, not even with a restricted `find_class`: it
can still be made to set attributes of known objects, to allocate a claimed amount of memory, or to
overflow its stack by hashing nested tuples. This machine knows only the instructions of `PUSHES`
and `ACTIONS`, and refuses the rest, which make objects of classes or reach outside the file. It
looks up no name: the few in `WORDS`, which numpy writes for its arrays, stand for constructors of
`pickled_array`, which record a type, a shape and bytes. Keys of dicts are text, because other keys
can be chosen to share one hash. Lengths are compared with the bytes present before memory is
allocated, and instructions are counted.
"""

import io
import pickletools
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from .pickled_array import (
    ForeignPickleError,
    PickledArray,
    PickledType,
    array_of_bytes,
    begin_array,
    number,
    type_of_numbers,
)
from .repeated_items import REPEATABLE, ItemTracker, is_repeatable, repeated_items

CORE_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
NUMERIC_MODULES = ("numpy.core.numeric", "numpy._core.numeric")
NDARRAY = "ndarray"  # an argument of `_reconstruct`, never called
WORDS: dict[tuple[str, str], Callable | str] = (
    {(module, "_reconstruct"): begin_array for module in CORE_MODULES}
    | {(module, "scalar"): number for module in CORE_MODULES}
    | {(module, "_frombuffer"): array_of_bytes for module in NUMERIC_MODULES}
    | {("numpy", "dtype"): type_of_numbers, ("numpy", "ndarray"): NDARRAY}
)
CALLABLE = tuple(word for word in WORDS.values() if word is not NDARRAY)

# Instructions that push their argument, or a constant.
PUSHES = frozenset((
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
    "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8",
))  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
PROTOCOLS = (3, 4, 5)  # older ones have no bytes: they call a function for them
NOTHING = frozenset(("FRAME", "STOP"))
MAX_INSTRUCTIONS = 20_000_000  # more than an hour of motion, and at most some GB of memory
FRAME, FRAME_HEAD = b"\x95", 9  # its code, and its bytes with the length of the frame


class _SkippedMemoError(Exception):
    """A memo entry was asked for that lies in items read all at once."""


class _Machine:
    """The stack, marks and memo of a pickle that is being followed."""

    def __init__(self):
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

    def check_protocol(self, protocol: int) -> None:
        if protocol not in PROTOCOLS:
            raise ForeignPickleError(f"it is of pickle protocol {protocol}, not 3, 4 or 5")

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

    def name(self, module: Any, attribute: Any) -> None:
        named = isinstance(module, str) and isinstance(attribute, str)
        word = WORDS.get((module, attribute)) if named else None
        if word is None:
            shown = f"{module}.{attribute}"[:80] if named else "no name"
            raise ForeignPickleError(f"it names {shown!r}, which could run code")
        self.stack.append(word)

    def reduce(self) -> None:
        arguments, word = self.stack.pop(), self.stack.pop()
        known = any(word is constructor for constructor in CALLABLE)
        if not known or type(arguments) is not tuple:
            raise ForeignPickleError("it calls something other than an array's constructor")
        self.stack.append(word(*arguments))

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
    "PROTO": lambda machine, protocol: machine.check_protocol(protocol),
    "MARK": lambda machine, _: machine.mark(),
    "MEMOIZE": lambda machine, _: machine.memoize(),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.get),
    **{f"TUPLE{n}": lambda machine, _, size=n: machine.tuple_of(size) for n in (1, 2, 3)},
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "APPEND": lambda machine, _: machine.extend([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
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
    machine = _Machine()
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
        if name in PUSHES:
            machine.stack.append(argument)
            if isinstance(argument, bytes | bytearray):
                machine.payloads.append((file.tell() - len(argument), file.tell()))
        elif name in CONSTANTS:
            machine.stack.append(CONSTANTS[name])
        elif name in ACTIONS:
            ACTIONS[name](machine, argument)
        elif name not in NOTHING:
            raise ForeignPickleError(f"it uses the instruction {name}, which could run code")
        if machine.trackers and name != "MARK":
            machine.trackers[-1].update(len(machine.stack), position, memo_size)
    return machine.stack.pop()
