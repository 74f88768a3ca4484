"""Folding of norms into the convolutions before them, in float64 (spec F).

Weights are taken out of a state and changed in place, so that a network is never held twice.
"""

import torch
from torch import Tensor

BATCH_NORM_EPS = 1e-5
ROWS_AT_ONCE = 8  # of a weight that is folded: float64 takes twice the memory

State = dict[str, Tensor]


def batch_norm_affine(state: State, norm: str) -> tuple[Tensor, Tensor]:
    """Return scale and shift, (C,) in float64, of a batch norm: ``scale * x + shift``."""
    mean, variance = (state[f"{norm}.running_{kind}"].double() for kind in ("mean", "var"))
    scale = state[f"{norm}.weight"].double() / torch.sqrt(variance + BATCH_NORM_EPS)
    return scale, state[f"{norm}.bias"].double() - scale * mean


def fold_batch_norm(state: State, conv: str, norm: str) -> State:
    """Fold a batch norm into the convolution before it."""
    scale, shift = batch_norm_affine(state, norm)
    weight, bias = state.pop(f"{conv}.weight"), state[f"{conv}.bias"]
    scale_rows(weight, scale)
    return {
        f"{conv}.weight": weight,
        f"{conv}.bias": (bias.double() * scale + shift).to(bias.dtype),
    }


def scale_rows(weight: Tensor, scale: Tensor) -> None:
    """Multiply a weight (out, ...), in place, by a float64 factor for each output."""
    for start in range(0, len(weight), ROWS_AT_ONCE):
        rows = weight[start : start + ROWS_AT_ONCE]
        factor = scale[start : start + ROWS_AT_ONCE].reshape(-1, *[1] * (weight.ndim - 1))
        rows.copy_(rows.double() * factor)


def fold_spectral_norm(state: State, conv: str) -> State:
    """Divide a spectrally normalised weight by its largest singular value, as the file knows it."""
    original = state.pop(f"{conv}.weight_orig")
    left, right = (state[f"{conv}.weight_{side}"].double() for side in ("u", "v"))
    sigma = left @ original.double().flatten(1) @ right
    scale_rows(original, (1 / sigma).expand(len(original)))
    folded = {f"{conv}.weight": original}
    if f"{conv}.bias" in state:
        folded[f"{conv}.bias"] = state[f"{conv}.bias"]
    return folded


def fold_conv_blocks(state: State) -> State:
    """Fold every pair ``<block>.conv``, ``<block>.norm`` of a state."""
    blocks = [key.removesuffix(".conv.weight") for key in state if key.endswith(".conv.weight")]
    gone = tuple(f"{block}.{layer}." for block in blocks for layer in ("conv", "norm"))
    folded = {key: tensor for key, tensor in state.items() if not key.startswith(gone)}
    for block in blocks:
        folded |= fold_batch_norm(state, f"{block}.conv", f"{block}.norm")
    return folded
