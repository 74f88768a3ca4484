"""Reads files that were damaged at random, in a process of its own that may crash or hang.

``python -m tests.core.weights.damaged_reader FOLDER FIRST LAST`` tries the damages with these
numbers and prints one line of JSON for each. A number always means the same format and the same
damage.
"""

import codecs
import json
import os
import pickle
import random
import sys
import warnings
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

from moda_core.errors import InputFileError
from moda_core.model_files.digest import file_digest
from moda_core.model_files.stamps import Stamps, check_unchanged
from moda_core.runtime.stopwatch import peak_memory
from moda_core.weights.checkpoint import read_checkpoint

LONG_AGO_S = 10**9
# What happens in Python when something is imported, unpickled or run.
WATCHED = ("import", "exec", "pickle.find_class", "os.system", "os.exec", "os.posix_spawn")
WATCHED += ("os.fork", "subprocess.Popen", "ctypes.dlopen", "socket.connect", "os.remove")


class TouchesFile:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.open, (str(self.path), os.O_CREAT | os.O_WRONLY)


def stitching_state() -> dict:
    """Return three groups with data-parallel prefixes, as the released stitching file has them."""
    generator, groups = torch.Generator().manual_seed(0), {}
    for group, width in {"retarget_shoulder": 9, "retarget_mouth": 6, "retarget_eye": 5}.items():
        groups[group] = OrderedDict(
            (f"module.mlp.{2 * layer}.{name}", torch.randn(shape, generator=generator))
            for layer in range(2)
            for name, shape in {"weight": (width, 8), "bias": (width,)}.items()
        )
    groups["counts"] = {"num_batches_tracked": torch.tensor(7), "half": torch.ones(3).half()}
    return groups


def write_old(content: object, path: Path) -> None:
    """Write a file as torch did before 1.6."""
    torch.save(content, path, _use_new_zipfile_serialization=False)


def write_originals(folder: Path) -> dict[str, bytes]:
    """Return the whole files by format; two of them hold code beside the tensors."""
    state, planted = stitching_state(), {"trap": TouchesFile(folder / "trace")}
    flat = {f"{group}.{key}": t for group, part in state.items() for key, t in part.items()}
    writers = {
        "safetensors": lambda path: save_file(flat, path),
        "zip": lambda path: torch.save(state, path),
        "pickle": lambda path: write_old(state, path),
        "zip with code": lambda path: torch.save({**state, **planted}, path),
        "pickle with code": lambda path: write_old({**state, **planted}, path),
    }
    contents = {}
    for name, write in writers.items():
        write(folder / name)
        contents[name] = (folder / name).read_bytes()
    return contents


def damage(content: bytes, generator: random.Random) -> bytes:
    """Cut a file, flip bytes or bits in it, or clear, repeat or swap blocks of it."""
    damaged, size = bytearray(content), len(content)
    kind = generator.choice(["cut", "bytes", "bits", "clear", "repeat", "swap"])
    places = [generator.randrange(size) for _ in range(generator.randint(1, 8))]
    start, length = generator.randrange(size), generator.randint(1, size // 4)
    block = damaged[start : start + length]
    if kind == "cut":
        del damaged[start:]
    elif kind == "bytes":
        for place in places:
            damaged[place] = generator.randrange(256)
    elif kind == "bits":
        for place in places:
            damaged[place] ^= 1 << generator.randrange(8)
    elif kind == "clear":
        damaged[start : start + length] = bytes(len(block))
    elif kind == "repeat":
        damaged[places[0] : places[0]] = block
    else:
        first, second = sorted((start, places[0]))
        length = min(length, second - first, size - second)
        block = damaged[first : first + length]
        damaged[first : first + length] = damaged[second : second + length]
        damaged[second : second + length] = block
    return bytes(damaged)


def read(path: Path, mapped: bool) -> str | None:
    """Return the refusal of a file, or None if it gave tensors; raise what should not be."""
    try:
        state = read_checkpoint(path, mapped)
    except InputFileError as error:
        return str(error)
    if not (state and all(isinstance(tensor, torch.Tensor) for tensor in state.values())):
        raise TypeError(f"Expected tensors, got {state!r:.200}")
    for tensor in state.values():
        if tensor.nbytes <= 1 << 24:
            tensor.clone()  # every value lies in memory or in the file
    return None


def is_noticed(stamps: Stamps, path: Path) -> bool:
    """Tell whether the stamp of a checked file refuses what is in its place now."""
    try:
        check_unchanged([path], stamps)
    except InputFileError:
        return True
    return False


def main(folder: Path, first: int, last: int) -> None:
    """Try some damages; print what came of each."""
    warnings.simplefilter("ignore")
    originals, events = write_originals(folder), []
    paths, stamps = {}, Stamps(folder / "stamps.json")
    for name, content in originals.items():
        paths[name] = folder / f"{name.replace(' ', '_')}.pth"
        paths[name].write_bytes(content)
        os.utime(paths[name], (LONG_AGO_S, LONG_AGO_S))
        stamps.record_new(paths[name], file_digest(paths[name]))
        for mapped in (True, False):  # brings in what torch imports late
            read(paths[name], mapped)
    # What torch and zipfile bring in late to word an error.
    repr(torch.ones(1))
    codecs.lookup("cp437")
    watching = True
    sys.addaudithook(
        lambda event, detail: watching and event in WATCHED and events.append(f"{event} {detail}")
    )
    for number in range(first, last):
        name = list(originals)[number % len(originals)]
        content = damage(originals[name], random.Random(number))
        paths[name].write_bytes(content)
        later = LONG_AGO_S + 2 * (number + 1)  # clocks of file systems may be coarse
        os.utime(paths[name], (later, later))
        line = {"number": number, "name": name, "whole": content == originals[name]}
        print(json.dumps(line), flush=True)  # known also if the next lines crash
        watching = True
        line["refusals"] = [read(paths[name], mapped) for mapped in (True, False)]
        watching = False
        line["noticed"] = is_noticed(stamps, paths[name])
        line["trace"] = (folder / "trace").exists()
        line["events"], line["memory"] = events[:], peak_memory()
        events.clear()
        print(json.dumps(line), flush=True)
    watching = True
    pickle.loads(pickle.dumps(TouchesFile(folder / "trace")))
    seen = {"control": (folder / "trace").exists(), "events": events}
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
