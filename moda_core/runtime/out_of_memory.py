"""Telling an exhausted memory from other failures of torch."""

import torch

# What torch says on the devices that have no exception of their own.
MESSAGES = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",  # of cuBLAS and cuDNN
    "invalid buffer size",  # of Metal
)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an operation failed because memory ran out.

    Parameters
    ----------
    error : BaseException
        As raised by torch, on any device.
    """
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(
        message in str(error).lower() for message in MESSAGES
    )
