"""Clips as sources of faces, from VIDEO and IMAGE links, and their sound."""

from fractions import Fraction
from functools import lru_cache

import torch
import torch.nn.functional as F
from comfy_api.latest import InputImpl
from torch import Tensor

from ..moda_core.video.clip_sound import clip_sound
from ..moda_core.video.footage import Clip, Footage, open_footage
from ..moda_core.video.image_sequence import ImageSequence
from ._convert import image_batch, pictures_of, sound_of

SHORTEST_CUT_S = 0.01
ROUNDING_S = 1e-3  # time stamps are rounded
SILENCE_RATE = 44_100


def clip_of(video, fps: float) -> Clip:
    """Return the clip of a VIDEO, or of an IMAGE batch at a rate."""
    if not hasattr(video, "get_components"):
        return images_clip(video, Fraction(fps).limit_denominator(1001))
    if is_in_memory(video):
        parts = video.get_components()
        return images_clip(parts.images, Fraction(parts.frame_rate))
    footage = open_footage(video.get_stream_source())  # says what is wrong with a file
    return cut_clip(video) if is_cut(video) else footage


def is_in_memory(video) -> bool:
    """Tell whether a VIDEO was made of images."""
    return isinstance(video, InputImpl.VideoFromComponents)


def images_clip(images, rate: Fraction) -> ImageSequence:
    """Return a clip of an IMAGE batch; pictures are converted to 8 bits when they are used."""
    images = image_batch(images)

    def take(index: int) -> Tensor:
        return pictures_of(images[index : index + 1])[0]

    return ImageSequence(take, len(images), rate)


def is_cut(video) -> bool:
    """Tell whether a VIDEO is a trimmed one, which newer hosts have."""
    if not hasattr(video, "as_trimmed"):
        return False
    whole = InputImpl.VideoFromFile(video.get_stream_source())
    return whole.get_duration() - video.get_duration() >= SHORTEST_CUT_S


def cut_clip(video) -> ImageSequence:
    """Return the clip of a trimmed VIDEO, which its host decodes, a second at a time."""
    rate = Fraction(video.get_frame_rate())
    num_frames = max(1, round(video.get_duration() * rate))

    @lru_cache(maxsize=1)
    def second(index: int) -> Tensor:
        return video.as_trimmed(index, 1.0, strict_duration=False).get_components().images

    def take(index: int) -> Tensor:
        time_s = float(index / rate) + ROUNDING_S
        images = second(int(time_s))
        place = min(int((time_s - int(time_s)) * rate), len(images) - 1)
        return pictures_of(images[place : place + 1])[0]

    return ImageSequence(take, num_frames, rate)


def own_sound(video, clip: Clip) -> tuple[Tensor, int] | None:
    """Return the waveform (C, T) of a VIDEO or IMAGE from the first frame on, and its rate.

    It is as long as the clip; None if there is no sound.
    """
    if isinstance(clip, Footage):
        return clip_sound(clip)
    audio = video.get_components().audio if hasattr(video, "get_components") else None
    if not audio:
        return None
    waveform, sample_rate = sound_of(audio)
    length = round(clip.duration_s * sample_rate)
    missing = max(0, length - waveform.shape[1])
    return F.pad(waveform[:, :length], (0, missing)), sample_rate


def sound_of_clip(video, clip: Clip) -> tuple[Tensor, int]:
    """Return what `own_sound` does, or silence of the same length."""
    silence = torch.zeros(1, round(clip.duration_s * SILENCE_RATE)), SILENCE_RATE
    return own_sound(video, clip) or silence
