"""Devices, number formats, the loading of networks, and Cancel."""

import threading

import torch

OOM_EXCEPTION = torch.cuda.OutOfMemoryError
_cancelled = threading.Event()


class InterruptProcessingException(BaseException):
    """The user cancelled; an `Exception` in 0.8.0 and a `BaseException` in 0.21.0."""


def get_torch_device() -> torch.device:
    """Return where networks compute; the stand-in has the processor only."""
    return torch.device("cpu")


def unet_offload_device() -> torch.device:
    """Return where networks rest."""
    return torch.device("cpu")


def intermediate_device() -> torch.device:
    """Return where values between nodes lie."""
    return torch.device("cpu")


def should_use_fp16(device=None, **_) -> bool:
    """Tell whether the device is fast in float16; a processor is not."""
    return False


def should_use_bf16(device=None, **_) -> bool:
    """Tell whether the device is fast in bfloat16; a processor is not."""
    return False


def unet_dtype(device=None, model_params=0, supported_dtypes=(), weight_dtype=None):
    """Return the format of a network's weights; float32 on a processor."""
    return torch.float32


def unet_manual_cast(weight_dtype, inference_device, supported_dtypes=()):
    """Return the format to compute in, None where the weights' own will do."""
    return None if weight_dtype == torch.float32 else torch.float32


def load_models_gpu(models, memory_required=0, **_) -> None:
    """Bring networks to their devices together."""
    for patcher in models:
        patcher.model.to(patcher.load_device)


def soft_empty_cache(force=False) -> None:
    """Give unused device memory back; there is none here."""


def interrupt_current_processing(value=True) -> None:
    """Press Cancel, or take it back."""
    _cancelled.set() if value else _cancelled.clear()


def throw_exception_if_processing_interrupted() -> None:
    """Raise once if Cancel was pressed."""
    if _cancelled.is_set():
        _cancelled.clear()
        raise InterruptProcessingException
