"""Small MLPs on keypoints: stitching, and the retargeting of lips and eyes (spec F.3)."""

import itertools

import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers
from .folding import State

STITCHING_WIDTHS = (126, 128, 128, 64, 65)
LIP_WIDTHS = (65, 128, 128, 64, 63)
EYE_WIDTHS = (66, 256, 256, 128, 128, 64, 63)


class KeypointMLP(nn.Module):
    """Linear layers with ReLU between them.

    Parameters
    ----------
    widths : tuple of int
        Of the input, of every layer, of the output.
    layers : Layers
        Makes the layers.
    """

    def __init__(self, widths: tuple[int, ...] = STITCHING_WIDTHS, layers: Layers = PLAIN):
        super().__init__()
        pairs = enumerate(itertools.pairwise(widths))
        # The released file numbers the activations too.
        self.mlp = nn.ModuleDict({str(2 * index): layers.Linear(*pair) for index, pair in pairs})

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers: (B, in) to (B, out)."""
        first, *others = self.mlp.values()
        x = first(x)
        for layer in others:
            x = layer(F.relu(x))
        return x


def convert_keypoint_mlp(state: State) -> State:
    """Bring one group of the stitching file from the released layout into ours."""
    return {key.replace("module.", ""): tensor for key, tensor in state.items()}
