"""Hearing network of small models: convolutions over the log-mel power around every frame."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runtime.layers import PLAIN, Layers

KERNEL = 5
# Dilations of the blocks at the steps of the features, and at frames.
STEP_DILATIONS, FRAME_DILATIONS = (1, 2), (1, 1, 2)
FRAMES_AT_ONCE = 1500  # a minute, which takes 100 MB
STEP_SHARE = 0.6  # of the width, for the many steps
DETECTOR_WIDTH = 96
# Frames that every token hears, centred on its own; the convolutions over steps reach 8 steps, or
# 2 frames, to each side.
CONTEXT = 2 * (2 + KERNEL // 2 * sum(FRAME_DILATIONS)) + 1


class HearingBlock(nn.Module):
    """Residual block: every channel's own convolution over time, then an MLP."""

    def __init__(self, width: int, dilation: int, layers: Layers = PLAIN):
        super().__init__()
        self.reach = KERNEL // 2 * dilation
        self.norm = layers.RMSNorm(width, eps=1e-6)
        self.conv = layers.Conv1d(width, width, KERNEL, dilation=dilation, groups=width)
        self.fc1 = layers.Linear(width, 2 * width)
        self.fc2 = layers.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, C) to (B, T - 2 * reach, C)."""
        mixed = self.conv(self.norm(x).mT).mT
        return x[:, self.reach : -self.reach] + self.fc2(F.relu(self.fc1(mixed)))


class HearingEmbedder(nn.Module):
    """Turn the audio features around every frame into one token.

    Takes the place of `AudioEmbedder`; windows that overlap get the same tokens.

    Parameters
    ----------
    steps, bands : int
        Features of a frame: steps of time (layers) and channels.
    hearing_width : int
        Channels of the convolutions over frames; those over steps have `STEP_SHARE` of it.
    width : int
        Channels of the token.
    """

    def __init__(
        self, steps: int, bands: int, hearing_width: int, width: int, layers: Layers = PLAIN
    ):
        super().__init__()
        step_width = int(STEP_SHARE * hearing_width)
        self.in_conv = layers.Conv1d(bands, step_width, KERNEL)
        self.step_blocks = nn.ModuleList(
            HearingBlock(step_width, dilation, layers) for dilation in STEP_DILATIONS
        )
        self.frame_layer = layers.Linear(steps * step_width, hearing_width)
        self.frame_blocks = nn.ModuleList(
            HearingBlock(hearing_width, dilation, layers) for dilation in FRAME_DILATIONS
        )
        self.out_layer = layers.Linear(hearing_width, width)
        self.norm = layers.RMSNorm(width, eps=1e-6)

    def forward(self, audio: Tensor) -> Tensor:
        """Embed the features of every frame: (B, L, context, layers, channels) to (B, L, width)."""
        steps, middle = audio.shape[3], audio.shape[2] // 2
        # Neighbouring contexts repeat each other: back to the frames that they were cut from.
        frames = [audio[:, 0, :middle], audio[:, :, middle], audio[:, -1, middle + 1 :]]
        x = torch.cat(frames, dim=1).flatten(1, 2)  # (B, (L + context - 1) * steps, bands)
        x = self.in_conv(x.mT).mT
        for block in self.step_blocks:
            x = block(x)
        x = self.frame_layer(x.unflatten(1, (-1, steps)).flatten(2))  # (B, L + context - 5, C)
        for block in self.frame_blocks:
            x = block(x)
        return self.norm(self.out_layer(x))  # (B, L, width)


class Heard(NamedTuple):
    """What a hearing network hears in every frame of a recording.

    Parameters
    ----------
    lips : Tensor, shape (T, 3)
        Jaw, closure and width that the speech asks for, as controls.
    voice : Tensor, shape (T,)
        Probability that somebody speaks.
    """

    lips: Tensor
    voice: Tensor


class Detector(nn.Module):
    """Log-odds that a token is of some kind: (..., width) to (...)."""

    def __init__(self, width: int, layers: Layers = PLAIN):
        super().__init__()
        self.fc1 = layers.Linear(width, DETECTOR_WIDTH)
        self.fc2 = layers.Linear(DETECTOR_WIDTH, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(tokens)))[..., 0]


class HearingHead(nn.Module):
    """What the tokens of a `HearingEmbedder` say by themselves: lips, and whether it is a voice.

    Closed lips are heard twice: as a movement by regression, and as an event by a detector, which
    is surer of the short closures. The closure is the mean of both.
    """

    def __init__(self, width: int, layers: Layers = PLAIN):
        super().__init__()
        self.lips = layers.Linear(width, 3)
        self.touch = Detector(width, layers)
        self.voice = Detector(width, layers)

    def forward(self, tokens: Tensor) -> Heard:
        """Hear tokens (B, L, width): lips (B, L, 3) and voice (B, L)."""
        jaw, close, width = self.lips(tokens).unbind(dim=-1)
        close = (close + self.touch(tokens).sigmoid()) / 2
        return Heard(torch.stack([jaw, close, width], dim=-1), self.voice(tokens).sigmoid())

    def hear(self, embedder: HearingEmbedder, features: Tensor) -> Heard:
        """Hear the features (T, layers, channels) of a whole recording, on their device."""
        reach, pieces = CONTEXT // 2, []
        for start in range(0, len(features), FRAMES_AT_ONCE):
            stop = min(start + FRAMES_AT_ONCE, len(features))
            piece = features[max(start - reach, 0) : stop + reach].to(self.lips.weight)
            before, after = max(reach - start, 0), max(stop + reach - len(features), 0)
            piece = F.pad(piece, (0, 0, 0, 0, before, after))
            pieces.append(self(embedder(piece.unfold(0, CONTEXT, 1).movedim(-1, 1)[None])))
        lips, voice = (torch.cat(parts, dim=1)[0] for parts in zip(*pieces, strict=True))
        return Heard(lips.to(features), voice.to(features))
