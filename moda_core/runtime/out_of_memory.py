"""Distinguish out-of-memory errors from other failures of torch."""

import torch

# Messages of torch on devices without an exception of their own.
MESSAGES = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",  # of cuBLAS and cuDNN
    "invalid buffer size",  # of Metal
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory ran out, on any device."""
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(
        message in str(error).lower() for message in MESSAGES
    )
