"""Linear layers for CPUs, with the fastest kernel for each shape chosen by measurement."""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Kernel = Callable[[Tensor, Tensor, Tensor | None], Tensor]

# Smaller layers take no time that matters; they keep `F.linear`, whose result is always the same.
MIN_WEIGHTS = 1 << 19
# Largest difference from `F.linear` over its largest value.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
HALF_TOLERANCE = 2e-2
# A kernel must beat `F.linear` by this much, so that noise does not decide.
MIN_GAIN = 1.1
REPEATS = 7


def conv_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute a linear layer as a 1x1 convolution over channels-last pixels; nothing is copied.

    Maps `x` (..., C), `weight` (out, C), `bias` (out,) to (..., out).
    """
    pixels = x.reshape(1, -1, 1, x.shape[-1]).permute(0, 3, 1, 2)  # (1, C, tokens, 1)
    y = F.conv2d(pixels, weight[:, :, None, None], bias)
    return y.permute(0, 2, 3, 1).reshape(*x.shape[:-1], -1)


def onednn_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute a linear layer by oneDNN's matrix product, shape (..., out)."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def available_kernels() -> list[Kernel]:
    """Return the kernels that this build of torch has, the plain one first."""
    if not torch.backends.mkldnn.is_available():
        return [F.linear]
    has_onednn = hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return [F.linear, conv_linear, *([onednn_linear] if has_onednn else [])]


class Linear(nn.Linear):
    """A linear layer whose kernel can be replaced; `F.linear` until `tune` does so."""

    kernel: Kernel = staticmethod(F.linear)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer to every token: (..., in_features) to (..., out_features)."""
        return self.kernel(x, self.weight, self.bias)


class CPUOperations:
    """Layer classes for a network that runs on a CPU without a host's memory manager."""

    Linear = Linear
    RMSNorm = nn.RMSNorm


def time_kernels(
    kernels: list[Kernel], x: Tensor, weight: Tensor, bias: Tensor | None
) -> list[float]:
    """Time the fastest call of each kernel; calls take turns, so noise hits all."""
    seconds = [float("inf")] * len(kernels)
    for _ in range(REPEATS):
        for index, kernel in enumerate(kernels):
            start = time.perf_counter()
            kernel(x, weight, bias)
            seconds[index] = min(seconds[index], time.perf_counter() - start)
    return seconds


def correct_kernels(x: Tensor, weight: Tensor, bias: Tensor | None) -> list[Kernel]:
    """Return the available kernels that run here and agree with `F.linear`."""
    expected = F.linear(x, weight, bias)
    correct = [F.linear]
    for kernel in available_kernels()[1:]:
        try:
            difference = (kernel(x, weight, bias) - expected).abs().max()
            if difference <= TOLERANCE.get(x.dtype, HALF_TOLERANCE) * expected.abs().max():
                correct.append(kernel)
        except RuntimeError:
            continue
    return correct


def fastest_kernel(x: Tensor, weight: Tensor, bias: Tensor | None) -> Kernel:
    """Return the fastest correct kernel for a shape."""
    kernels = correct_kernels(x, weight, bias)
    seconds = time_kernels(kernels, x, weight, bias)
    best = min(range(len(kernels)), key=seconds.__getitem__)
    return kernels[best] if seconds[best] * MIN_GAIN < seconds[0] else F.linear


@torch.inference_mode()
def tune(network: nn.Module, num_tokens: int) -> None:
    """Give every large `Linear` of a network the fastest kernel for its shape.

    Kernels differ in the last bits of their results, so two runs of a network that was tuned twice
    may differ by as much.

    Parameters
    ----------
    network : nn.Module
        On a CPU, with its weights loaded.
    num_tokens : int
        Rows of the matrix products that take the most time.
    """
    chosen: dict[tuple[int, ...], Kernel] = {}
    generator = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if not isinstance(layer, Linear) or layer.weight.numel() < MIN_WEIGHTS:
            continue
        shape = tuple(layer.weight.shape)
        if shape not in chosen:
            x = torch.randn(num_tokens, layer.in_features, generator=generator).to(layer.weight)
            chosen[shape] = fastest_kernel(x, layer.weight, layer.bias)
        layer.kernel = chosen[shape]
