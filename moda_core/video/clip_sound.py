"""The sound of a clip, in step with its frames."""

import torch.nn.functional as F
from torch import Tensor

from ..audio.waveform import load_clip
from .footage import Footage


def clip_sound(footage: Footage) -> tuple[Tensor, int] | None:
    """Return the waveform (C, T) of a clip from its first frame on, and its sample rate.

    It is as long as the clip; None if the clip has no sound.
    """
    start_s = footage.sound_start_s
    if start_s is None:
        return None
    waveform, sample_rate = load_clip(footage.source, max(0.0, -start_s))
    before = round(max(0.0, start_s) * sample_rate)
    length = round(footage.duration_s * sample_rate)
    heard = waveform[:, : max(0, length - before)]
    return F.pad(heard, (before, max(0, length - before - heard.shape[1]))), sample_rate
