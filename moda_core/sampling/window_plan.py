"""How a long clip is laid out in windows, and joined again (spec D.1 and D.5)."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.motion import MOTION_DIM

WINDOW = 80  # frames that the model sees at once
OVERLAP = 16
STRIDE = WINDOW - OVERLAP


def count_windows(num_frames: int, overlap: int = OVERLAP) -> int:
    """Return how many windows cover a clip."""
    return 1 + max(0, math.ceil((num_frames - WINDOW) / (WINDOW - overlap)))


def window_noise(seed: int, window_index: int) -> Tensor:
    """Return the noise that a window starts from, the same on every device, shape (1, 80, 70)."""
    state = np.random.SeedSequence([seed, window_index]).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(state))
    return torch.randn(1, WINDOW, MOTION_DIM, generator=generator)


def window_audio(
    features: Tensor, window_index: int, context: int, pad_mode: str, overlap: int = OVERLAP
) -> Tensor:
    """Return a window's features, and give every frame its neighbours.

    Only the window is copied: the features of ten minutes take half a gigabyte.

    Parameters
    ----------
    features : Tensor, shape (T, layers, channels)
        Audio features at 25 fps, at least one frame.
    window_index : int
        Below ``count_windows(T, overlap)``.
    context : int
        Frames in a context, odd; beyond the ends of the padded clip they are zero.
    pad_mode : {"zero", "replicate"}
        What fills up the last window: zeros, or the last frame.
    overlap : int in [1, 79]
        Frames that neighbouring windows share.

    Returns
    -------
    Tensor, shape (80, context, layers, channels)
        A view where that is possible.
    """
    num_frames, margin, stride = features.shape[0], context // 2, WINDOW - overlap
    padded_frames = WINDOW + stride * (count_windows(num_frames, overlap) - 1)
    start, stop = stride * window_index - margin, stride * window_index + WINDOW + margin
    frames = features[max(start, 0) : min(stop, num_frames)]
    missing = min(stop, padded_frames) - num_frames
    if missing > 0:
        tail = features.new_zeros(missing, *features.shape[1:])
        if pad_mode == "replicate":
            tail = features[-1:].expand(missing, -1, -1)
        frames = torch.cat([frames, tail])
    before, after = max(0, -start), max(0, stop - padded_frames)
    if before or after:
        frames = F.pad(frames, (0, 0, 0, 0, before, after))
    return frames.unfold(0, context, 1).movedim(-1, 1)


def cross_fade(motion: Tensor, following: Tensor, overlap: int = OVERLAP) -> Tensor:
    """Append a window, blending it with what came before over the overlap.

    The first `overlap` frames of `following` (1, M, 70) stand for the last ones of `motion`
    (1, N, 70); its weight rises from 0 in steps of ``1 / overlap``. Returns
    (1, N + M - overlap, 70).
    """
    weight = torch.arange(overlap, device=motion.device)[:, None].to(motion) / overlap
    blend = motion[:, -overlap:] * (1 - weight) + following[:, :overlap] * weight
    return torch.cat([motion[:, :-overlap], blend, following[:, overlap:]], dim=1)
