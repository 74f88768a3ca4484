"""The SPADE generator: a warped feature map becomes a picture (spec F.5)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers
from .folding import State, fold_spectral_norm

FEATURE_SHAPE = (256, 64, 64)
SHARED_WIDTH = 128
WIDTH = 512
NUM_MIDDLE = 6
NEGATIVE_SLOPE = 0.2
INSTANCE_NORM_EPS = 1e-5
# Of a map that are centred at a time: what a processor's cache holds.
CACHED_VALUES = 1 << 18


class UpsampledConv(nn.Module):
    """A zero-padded 3x3 convolution of a map that is first enlarged by repetition.

    Parameters
    ----------
    in_channels, out_channels : int
        Widths.
    scale : int
        Enlargement of height and width.
    """

    def __init__(self, in_channels, out_channels, scale, layers: Layers = PLAIN):
        super().__init__()
        self.scale = scale
        self.conv = layers.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge and convolve: (B, C, H, W) to (B, out, scale * H, scale * W)."""
        return self.conv(enlarge(x, self.scale))


class SPADE(nn.Module):
    """Modulation of normalised features, different at every pixel (Park et al. 2019, eqn. 1).

    Parameters
    ----------
    width : int
        Channels C that are modulated.
    """

    def __init__(self, width: int, layers: Layers = PLAIN):
        super().__init__()
        self.mlp_gamma_beta = layers.Conv2d(SHARED_WIDTH, 2 * width, 3, padding=1)

    def forward(self, x: Tensor, shared: Tensor) -> Tensor:
        """Scale and shift; `x` (B, C, H, W), `shared` (B, 128, H, W) to (B, C, H, W)."""
        gamma, beta = self.mlp_gamma_beta(shared).chunk(2, dim=1)  # gamma has its 1 already
        return beta.addcmul_(x, gamma)


class SPADEBlock(nn.Module):
    """A residual block of two modulated convolutions.

    Parameters
    ----------
    in_channels, out_channels : int
        Widths.
    enlarge : int
        Of its input's height and width.
    scale : int
        Of its output's height and width over those of the segmentation map.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        enlarge: int = 1,
        scale: int = 1,
        layers: Layers = PLAIN,
    ):
        super().__init__()
        self.enlarge = enlarge
        middle = min(in_channels, out_channels)
        changes_width = in_channels != out_channels
        num_norms = 3 if changes_width else 2
        # All norms of a block read the same map.
        self.mlp_shared = UpsampledConv(FEATURE_SHAPE[0], num_norms * SHARED_WIDTH, scale, layers)
        self.norm_0, self.norm_1 = SPADE(in_channels, layers), SPADE(middle, layers)
        self.conv_0 = layers.Conv2d(in_channels, middle, 3, padding=1)
        self.conv_1 = layers.Conv2d(middle, out_channels, 3, padding=1)
        self.norm_s = SPADE(in_channels, layers) if changes_width else None
        if changes_width:
            self.conv_s = layers.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x: Tensor, segmentation: Tensor) -> Tensor:
        """Enlarge the features and add what the two convolutions find.

        Maps `x` (B, in, H, W) and `segmentation` (B, 256, 64, 64), the warped feature map, to
        (B, out, enlarge * H, enlarge * W).
        """
        shared = F.relu_(self.mlp_shared(segmentation)).split(SHARED_WIDTH, dim=1)
        normalized = enlarge(instance_norm(x), self.enlarge)  # repetition changes no statistics
        y = self.conv_0(F.leaky_relu_(self.norm_0(normalized, shared[0]), NEGATIVE_SLOPE))
        y = instance_norm(y)
        y = self.conv_1(F.leaky_relu_(self.norm_1(y, shared[1]), NEGATIVE_SLOPE))
        if self.norm_s is None:
            return y.add_(enlarge(x, self.enlarge))
        return y.add_(self.conv_s(self.norm_s(normalized, shared[2])))


class SPADEDecoder(nn.Module):
    """Generates pictures from warped feature maps.

    Parameters
    ----------
    layers : Layers
        Makes the layers.
    """

    def __init__(self, layers: Layers = PLAIN):
        super().__init__()
        self.fc = layers.Conv2d(FEATURE_SHAPE[0], WIDTH, 3, padding=1)
        for index in range(NUM_MIDDLE):
            self.add_module(f"G_middle_{index}", SPADEBlock(WIDTH, WIDTH, layers=layers))
        self.up_0 = SPADEBlock(WIDTH, 256, enlarge=2, scale=2, layers=layers)
        self.up_1 = SPADEBlock(256, 64, enlarge=2, scale=4, layers=layers)
        # The released file numbers the pixel shuffle after it too.
        self.conv_img = nn.ModuleList([layers.Conv2d(64, 12, 3, padding=1)])

    def forward(self, feature: Tensor) -> Tensor:
        """Generate RGB pictures (B, 3, 512, 512) in (0, 1) from feature maps (B, 256, 64, 64)."""
        if feature.ndim != 4 or tuple(feature.shape[1:]) != FEATURE_SHAPE:
            raise ValueError(
                f"Expected feature maps of shape (B, {', '.join(map(str, FEATURE_SHAPE))}), "
                f"got {tuple(feature.shape)}. Use those of `WarpingNetwork`."
            )
        feature = feature.contiguous(memory_format=torch.channels_last)
        x = self.fc(feature)  # (B, 512, 64, 64)
        for index in range(NUM_MIDDLE):
            x = self.get_submodule(f"G_middle_{index}")(x, feature)
        x = self.up_0(x, feature)  # (B, 256, 128, 128)
        x = self.up_1(x, feature)  # (B, 64, 256, 256)
        x = self.conv_img[0](F.leaky_relu_(x, NEGATIVE_SLOPE))  # (B, 12, 256, 256)
        return F.pixel_shuffle(x, 2).sigmoid_()


def enlarge(x: Tensor, scale: int) -> Tensor:
    """Enlarge by repetition: (B, C, H, W) to (B, C, scale * H, scale * W)."""
    return x if scale == 1 else F.interpolate(x, scale_factor=scale)


def instance_norm(x: Tensor) -> Tensor:
    """Bring every channel of samples (B, C, H, W) to mean 0 and variance 1, found in float32."""
    # Torch's own norms of channels-last memory are slow, or lose two digits of the statistics.
    mean = x.float().mean(dim=(2, 3), keepdim=True)
    rows = max(1, CACHED_VALUES // (x.shape[1] * x.shape[3]))
    squares = sum(
        (part - mean).square_().sum(dim=(2, 3), keepdim=True) for part in x.split(rows, dim=2)
    )
    scale = torch.rsqrt(squares / (x.shape[2] * x.shape[3]) + INSTANCE_NORM_EPS)
    return torch.addcmul(-mean * scale, x.float(), scale).to(x.dtype)


def convert_spade(state: State) -> State:
    """Bring the generator's weights from the released layout into ours."""
    blocks = dict.fromkeys(key.split(".")[0] for key in state if ".mlp_shared." in key)
    converted = {key: tensor for key, tensor in state.items() if key.split(".")[0] not in blocks}
    for block in blocks:
        converted |= _convert_block(state, block)
    return converted


def _convert_block(state: State, block: str) -> State:
    names = ("0", "1", "s") if f"{block}.conv_s.weight_orig" in state else ("0", "1")
    converted = {}
    for name in names:
        converted |= fold_spectral_norm(state, f"{block}.conv_{name}")
        norm = f"{block}.norm_{name}"
        gamma, beta = f"{norm}.mlp_gamma", f"{norm}.mlp_beta"
        biases = [state[f"{gamma}.bias"] + 1, state[f"{beta}.bias"]]  # x * (1 + gamma) + beta
        weights = [state.pop(f"{gamma}.weight"), state.pop(f"{beta}.weight")]
        converted[f"{norm}.mlp_gamma_beta.weight"] = torch.cat(weights)
        converted[f"{norm}.mlp_gamma_beta.bias"] = torch.cat(biases)
    for kind in ("weight", "bias"):
        shared = [state.pop(f"{block}.norm_{name}.mlp_shared.0.{kind}") for name in names]
        converted[f"{block}.mlp_shared.conv.{kind}"] = torch.cat(shared)
    return converted
