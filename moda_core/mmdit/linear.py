"""Linear layers for CPUs, with the kernel that suits the processor and the layer."""

import platform
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Kernel = Callable[[Tensor, Tensor, Tensor | None], Tensor]

# Smaller layers take no time that matters; they keep `F.linear`.
MIN_WEIGHTS = 1 << 19
CPU_INFO = Path("/proc/cpuinfo")


def onednn_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute a linear layer (..., in) to (..., out) by oneDNN's matrix product."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def onednn_gelu(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute a linear layer and the tanh form of GELU, with no pass of its own for the latter."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", [], "tanh")


class Linear(nn.Linear):
    """A linear layer whose kernel can be replaced; `F.linear` until `choose_kernels` does so."""

    kernel: Kernel = staticmethod(F.linear)

    def forward(self, x: Tensor, fuse_gelu: bool = False) -> Tensor:
        """Apply the layer to every token: (..., in_features) to (..., out_features)."""
        return (onednn_gelu if fuse_gelu else self.kernel)(x, self.weight, self.bias)


def linear_gelu(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a linear layer, then the tanh form of GELU, in one kernel where the layer has one."""
    if getattr(layer, "kernel", None) is onednn_linear:
        return layer(x, fuse_gelu=True)
    return F.gelu(layer(x), approximate="tanh")


class CPUOperations:
    """Layer classes for a network that runs on a CPU without a host's memory manager."""

    Conv1d = nn.Conv1d
    Linear = Linear
    RMSNorm = nn.RMSNorm


@lru_cache(maxsize=1)
def processor() -> str:
    """Return what the system says of its processor, such as "AuthenticAMD"; "" if nothing."""
    try:
        lines = CPU_INFO.read_text("utf-8", "replace").splitlines()
    except OSError:  # not Linux
        return platform.processor()
    return next((line.split(":")[-1].strip() for line in lines if line.startswith("vendor_id")), "")


def kernel_for(weight: Tensor) -> Kernel:
    """Return the kernel of a layer by a rule, so that the same seed gives the same file.

    `F.linear` calls MKL, whose AVX-512 code is for Intel's processors alone: on others oneDNN is
    1.1 to 1.8 times faster there. On Intel's, and with AVX2, it gains nothing (`run.py bench
    mmdit`).
    """
    is_large = weight.numel() >= MIN_WEIGHTS and weight.dtype == torch.float32
    held_back = torch.backends.cpu.get_cpu_capability() == "AVX512" and "Intel" not in processor()
    has_onednn = torch.backends.mkldnn.is_available() and hasattr(
        torch.ops.mkldnn, "_linear_pointwise"
    )
    # Of a view of columns, as of a released file's fused layers, oneDNN has only reference code,
    # which takes six hundred times as long.
    suits_onednn = has_onednn and weight.is_contiguous()
    return onednn_linear if is_large and held_back and suits_onednn else F.linear


def choose_kernels(network: nn.Module) -> None:
    """Give every `Linear` of a network on a CPU, in its final dtype, its kernel."""
    for layer in network.modules():
        if isinstance(layer, Linear):
            layer.kernel = kernel_for(layer.weight)
