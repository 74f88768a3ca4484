"""Layers that skip initialisation, poll Cancel, and cast their weights where they must."""

import torch
from torch.func import functional_call

from .model_management import throw_exception_if_processing_interrupted

LAYERS = (
    "Linear",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "GroupNorm",
    "LayerNorm",
    "ConvTranspose1d",
    "ConvTranspose2d",
)


def make_layer(name: str, casts: bool) -> type:
    """Return the host's form of a torch layer."""
    base = getattr(torch.nn, name)

    class Layer(base):
        comfy_cast_weights = casts

        def reset_parameters(self):
            """Leave the weights as the memory has them, as the host does."""

        def forward(self, x, *args):
            throw_exception_if_processing_interrupted()
            own = dict(self.named_parameters(recurse=False))
            if not casts or all(each.dtype == x.dtype for each in own.values()):
                return super().forward(x, *args)
            cast = {key: value.to(x) for key, value in own.items()}
            return functional_call(self, cast, (x, *args))

    Layer.__name__ = Layer.__qualname__ = name
    return Layer


class disable_weight_init:
    """Layers that compute in their weights' format."""


class manual_cast(disable_weight_init):
    """Layers that compute in their input's format."""


for _name in LAYERS:
    setattr(disable_weight_init, _name, make_layer(_name, False))
    setattr(manual_cast, _name, make_layer(_name, True))
