"""Writing safetensors files piece by piece, one tensor in memory at a time.

Older releases of the safetensors library make a copy of all tensors before they write.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import safe_open
from torch import Tensor

PIECE = 1 << 24  # bytes
# So that values begin where vector units like it, as they do in torch's own files.
ALIGNMENT = 64
DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}

Layout = Mapping[str, tuple[torch.dtype, Sequence[int]]]


def write_header(file: BinaryIO, layout: Layout, metadata: Mapping[str, str]) -> list[str]:
    """Write the beginning of a safetensors file."""
    sizes = {
        key: torch.Size(shape).numel() * dtype.itemsize for key, (dtype, shape) in layout.items()
    }
    keys = sorted(layout, key=lambda key: (sizes[key] % ALIGNMENT > 0, -layout[key][0].itemsize))
    entries, start = {"__metadata__": dict(metadata)}, 0
    for key in keys:
        dtype, shape = layout[key]
        end = start + sizes[key]
        entries[key] = {"dtype": DTYPES[dtype], "shape": list(shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    file.write(len(text).to_bytes(8, "little") + text)
    return keys


def write_tensor(file: BinaryIO, tensor: Tensor, report: Callable[[int], None]) -> None:
    """Write the values of one tensor."""
    content = memoryview(_bytes(tensor).numpy())
    for start in range(0, len(content), PIECE):
        report(file.write(content[start : start + PIECE]))


def differs(path: Path, key: str, tensor: Tensor) -> bool:
    """Tell whether a file holds something else than a tensor."""
    with safe_open(path, framework="pt") as file:
        found = file.get_tensor(key)
        same = (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
        return not (same and torch.equal(_bytes(found), _bytes(tensor)))


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)
