"""How much of a forward of the full-size transformer is matrix products.

Every matrix product of the forward is timed alone with the fastest kernel of this machine, in the
same run; attention, norms and activations count as lost.
"""

import time
from collections import Counter

import torch
import torch.nn.functional as F

from moda_core.mmdit.config import RELEASED
from moda_core.mmdit.linear import CPUOperations, choose_kernels, onednn_linear
from moda_core.mmdit.model import MotionMMDiT
from moda_core.runtime.layers import Layers

from .progress import Progress
from .timing import best_seconds

BATCH, NUM_FRAMES = 2, 80
REQUIRED = 0.70
REPEATS = 7


def matrix_products(network, inputs) -> Counter:
    """Return how often each (rows, out, in, bias) occurs in one forward."""
    found = Counter()

    def count(layer, arguments, output):
        rows = arguments[0].numel() // layer.in_features
        found[rows, layer.out_features, layer.in_features, layer.bias is not None] += 1

    linears = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in linears]
    network(*inputs)
    for hook in hooks:
        hook.remove()
    return found


def product_seconds(shape, device, dtype) -> tuple[float, str]:
    """Return the time of one matrix product by its fastest kernel, and that kernel's name."""
    rows, out_features, in_features, has_bias = shape
    x = torch.randn(rows, in_features, device=device, dtype=dtype)
    weight = torch.randn(out_features, in_features, device=device, dtype=dtype)
    bias = torch.randn(out_features, device=device, dtype=dtype) if has_bias else None
    if device.type != "cpu":
        return best_seconds(lambda: F.linear(x, weight, bias), device), "linear"
    kernels = {"linear": F.linear, "onednn_linear": onednn_linear}
    seconds = dict.fromkeys(kernels, float("inf"))
    for _ in range(REPEATS):  # in turns, so that noise hits all
        for name, kernel in kernels.items():
            start = time.perf_counter()
            kernel(x, weight, bias)
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    best = min(seconds, key=seconds.get)
    return seconds[best], best


@torch.inference_mode()
def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    where, kind = torch.device(device), getattr(torch, dtype)
    progress = Progress("mmdit", 3)
    progress("random weights")
    torch.manual_seed(0)
    network = MotionMMDiT(RELEASED, Layers(CPUOperations, kind, where)).eval()
    if where.type == "cpu":
        choose_kernels(network)
    factory = {"device": where, "dtype": kind}
    inputs = (
        torch.randn(BATCH, NUM_FRAMES, 140, **factory),
        torch.tensor([556.0, 556.0], device=where),
        torch.randn(BATCH, NUM_FRAMES, 1, 12, 768, **factory),
        torch.randn(BATCH, 63, **factory),
        torch.eye(9, **factory)[[8, 4]],
    )
    progress("matrix products alone")
    products = matrix_products(network, inputs)
    timed = {shape: product_seconds(shape, where, kind) for shape in products}
    product_total = sum(timed[shape][0] * count for shape, count in products.items())
    progress("forward")
    forward = best_seconds(lambda: network(*inputs), where, repeats=7)
    return {
        "forward_ms": 1000 * forward,
        "products_ms": 1000 * product_total,
        "share": product_total / forward,
        "required": REQUIRED,
        "kernels": sorted({name for _, name in timed.values()}),
        "gflops": sum(2e-9 * a * b * c * n for (a, b, c, _), n in products.items()) / forward,
    }
