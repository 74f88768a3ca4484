"""HuBERT and wav2vec 2.0: speech features of all layers at 25 fps (spec, sections A.2 to A.5)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .speech_preparation import HOP, cut_piece, normalize_piece, pad_edges, piece_bounds

Progress = Callable[[int, int], object]

FIELD, STRIDE = 400, 320  # receptive field and step of the convolutions, in samples
VECTORS_PER_BLOCK = 100  # 2 s: the output of the first convolution takes 13 MB
CHANNELS_PER_BLOCK = 32  # of a whole piece: 25 MB
PARTIAL_SUMS = 8  # of a convolution, see `convolve_in_parts`


class SpeechEncoder(nn.Module):
    """A speech transformer of the transformers library, run as MoDA was trained with it.

    Parameters
    ----------
    network : nn.Module
        ``HubertModel`` or ``Wav2Vec2Model`` with group norm in its first convolution.
    normalize : bool
        Whether each piece is first normalised to mean 0 and variance 1.
    """

    def __init__(self, network: nn.Module, name: str, normalize: bool = True):
        super().__init__()
        self.network = network
        self.name = name
        self.normalize = normalize
        self.num_layers = network.config.num_hidden_layers
        self.width = network.config.hidden_size

    @torch.inference_mode()
    def encode(self, waveform: Tensor, progress: Progress | None = None) -> Tensor:
        """Compute the outputs of all transformer layers, in independent pieces of 60 s.

        Parameters
        ----------
        waveform : Tensor, shape (T,), float32 in [-1, 1]
            Mono at 16 kHz, at least 640 samples.
        progress : callable (done, total), optional
            Called after every piece; may raise to cancel.

        Returns
        -------
        Tensor, shape (n, num_layers, width), float32
            On the CPU; ``n == T // 640`` up to 60 s. Above that, the last piece ends at a whole
            millisecond.

        Raises
        ------
        ValueError
            If the waveform has another shape, or is shorter than one frame.
        """
        if waveform.ndim != 1:
            raise ValueError(
                f"Expected a waveform of shape (T,), got {tuple(waveform.shape)}. "
                "Take the mean of its channels."
            )
        if len(waveform) < HOP:
            raise ValueError(
                f"Expected at least {HOP} samples (40 ms), got {len(waveform)}. Use a longer sound."
            )
        bounds = piece_bounds(len(waveform))
        num_frames = sum((stop - start) // HOP for start, stop in bounds)
        values = torch.empty(num_frames, self.num_layers, self.width)
        for index, (start, stop) in enumerate(bounds):
            part = values[start // HOP : stop // HOP]
            self._encode_piece(cut_piece(waveform, start, stop), part)
            if progress is not None:
                progress(index + 1, len(bounds))
        return values

    def convolve(self, samples: Tensor) -> Tensor:
        """Apply the convolutional front end to normalised and padded `samples` (T,), in blocks.

        Returns shape (channels, 1 + (T - 400) // 320), at 50 Hz, in the type of the weights.
        """
        first, *others = self.network.feature_extractor.conv_layers
        dtype = first.conv.weight.dtype
        in_parts = sums_in_sequence(first.conv.weight)
        scale, bias = group_norm_over_time(first.conv, first.layer_norm, samples)
        num_vectors = 1 + (len(samples) - FIELD) // STRIDE
        blocks = []
        for start in range(0, num_vectors, VECTORS_PER_BLOCK):
            stop = min(start + VECTORS_PER_BLOCK, num_vectors)
            x = samples[STRIDE * start : STRIDE * (stop - 1) + FIELD]
            x = convolve_once(first.conv, x)  # (1, channels, 64 * (stop - start) + 15)
            x = first.activation(torch.addcmul(bias, x, scale, out=x).to(dtype))
            for layer in others:
                x = layer.activation(convolve_in_parts(layer.conv, x)) if in_parts else layer(x)
            blocks.append(x[0])
        return torch.cat(blocks, dim=1)

    def _encode_piece(self, piece: Tensor, values: Tensor) -> None:
        """Write the layers of one piece into `values`, shape (n, num_layers, width)."""
        piece = piece.cpu().float()  # on the CPU, which has float64
        samples = pad_edges(normalize_piece(piece) if self.normalize else piece)
        vectors = self.convolve(samples.to(self.network.device))[None]  # (1, channels, 2n)
        vectors = F.interpolate(vectors, len(values), mode="linear", align_corners=True)
        x = self.network.feature_projection(vectors.mT)
        x = x[0] if isinstance(x, tuple) else x  # wav2vec 2.0 also returns its normalised input
        # Up to transformers 4.57 the encoder draws random numbers even without layer drop.
        with recorded(self.network.encoder.layers, values), torch.random.fork_rng(devices=[]):
            self.network.encoder(x)


@contextmanager
def recorded(layers: nn.ModuleList, values: Tensor) -> Iterator[None]:
    """Copy the outputs of layers, (1, n, width) each, into `values` (n, layers, width) as they run.

    The encoder's own list of hidden states has changed between versions of transformers, and it
    would keep all of them on the device.
    """

    def copy(index: int, layer: nn.Module, arguments: tuple, output: Tensor | tuple) -> None:
        values[:, index] = (output[0] if isinstance(output, tuple) else output)[0]

    hooks = [
        layer.register_forward_hook(partial(copy, index)) for index, layer in enumerate(layers)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def convolve_once(conv: nn.Conv1d, samples: Tensor, channels: slice = slice(None)) -> Tensor:
    """Apply the first convolution to samples (T,), in float32 whatever the type of its weights."""
    bias = None if conv.bias is None else conv.bias[channels].float()
    return F.conv1d(samples[None, None], conv.weight[channels].float(), bias, conv.stride)


def sums_in_sequence(weight: Tensor) -> bool:
    """Return whether convolutions with these weights add all products of an output in sequence."""
    on_cpu = weight.device.type == "cpu" and weight.dtype == torch.float32
    return on_cpu and torch.backends.cpu.get_cpu_capability() != "AVX512"


def convolve_in_parts(conv: nn.Conv1d, x: Tensor) -> Tensor:
    """Apply a convolution to (1, channels, T) as the sum of those of groups of its input channels.

    Rounding errors grow with the number of products that are added in sequence. Without AVX-512,
    oneDNN adds all products of an output in one sequence, 1536 in the base model, and the error of
    the last convolution, against float64, is 2.6 times that of eight sums.
    """
    channels, weights = x.chunk(PARTIAL_SUMS, dim=1), conv.weight.chunk(PARTIAL_SUMS, dim=1)
    total = F.conv1d(channels[0], weights[0], conv.bias, conv.stride)
    for part, weight in zip(channels[1:], weights[1:], strict=True):
        total += F.conv1d(part, weight, None, conv.stride)
    return total


def group_norm_over_time(
    conv: nn.Conv1d, norm: nn.GroupNorm, samples: Tensor
) -> tuple[Tensor, Tensor]:
    """Return scale and bias (1, channels, 1) that equal the norm after the first convolution.

    The output of that convolution takes 393 MB for 60 s, so only some channels of it exist at a
    time. The statistics come from the kernel of `group_norm`, whose rounding shows in the
    features; the convolutions can then run in blocks of time.
    """
    means, inverses = [], []
    for start in range(0, norm.num_channels, CHANNELS_PER_BLOCK):
        x = convolve_once(conv, samples, slice(start, start + CHANNELS_PER_BLOCK))
        size, length = x.shape[1:]
        _, mean, inverse = torch.native_group_norm(x, None, None, 1, size, length, size, norm.eps)
        means.append(mean)
        inverses.append(inverse)
    scale = torch.cat(inverses, dim=1) * norm.weight.float()
    bias = norm.bias.float() - torch.cat(means, dim=1) * scale
    return scale[..., None], bias[..., None]
