"""Conversions between ComfyUI's values and the core's: images, masks, audio, texts."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from ..moda_core.audio.clip import scaled_samples

Value = TypeVar("Value")

WHITE = 1.0  # behind transparent parts, as in a passport photo


def picture_of(image: Tensor) -> Tensor:
    """Convert an IMAGE of one picture (1, H, W, C) to 8-bit RGB (H, W, 3).

    Raises `ValueError` for a batch and for what is not an IMAGE.
    """
    if image.ndim == 4 and image.shape[0] != 1:
        raise ValueError(
            f"Expected one picture, got a batch of {image.shape[0]}. "
            "Use an 'ImageFromBatch' node to pick one."
        )
    return pictures_of(image)[0]


def pictures_of(images: Tensor) -> Tensor:
    """Convert an IMAGE batch (B, H, W, C) in [0, 1] to 8-bit RGB (B, H, W, 3).

    C is 1, 3 or 4; the last of 4 is opacity, over white.
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4) or not images.numel():
        raise ValueError(
            f"Expected an IMAGE of shape (B, H, W, 3), got {tuple(images.shape)}. "
            "Link the output of an image node."
        )
    pixels = images.detach().cpu().float()
    if not torch.isfinite(pixels).all():
        raise ValueError(
            "The picture contains NaN or infinite values. Check the node that made it; half "
            "precision may have overflowed there."
        )
    if pixels.shape[-1] == 4:
        opacity = pixels[..., 3:]
        pixels = pixels[..., :3] * opacity + WHITE * (1 - opacity)
    levels = (pixels.clamp(0, 1) * 255).round().to(torch.uint8)
    return levels.expand(*levels.shape[:-1], 3).contiguous()


def image_of(pictures: Tensor) -> Tensor:
    """Convert 8-bit pictures (B, H, W, 3) to an IMAGE, float32 in [0, 1]."""
    return pictures.float().div_(255)


def mask_of(mask: Tensor | None, picture: Tensor) -> Tensor | None:
    """Convert a MASK, (1, H, W) or (H, W), to a mask (H, W) for a picture (H, W, 3).

    An empty mask counts as none: LoadImage gives one for a picture without transparency.
    """
    if mask is None:
        return None
    if mask.ndim == 3 and mask.shape[0] != 1:
        raise ValueError(f"Expected one mask, got a batch of {mask.shape[0]}. Pick one of them.")
    mask = mask.detach().cpu().float().reshape(mask.shape[-2:])
    height, width = picture.shape[:2]
    if not mask.any():
        return None
    if tuple(mask.shape) == (height, width):
        return mask.clamp(0, 1)
    raise ValueError(
        f"The mask measures {mask.shape[1]}x{mask.shape[0]} pixels, the picture {width}x{height}. "
        "Scale the mask to the picture."
    )


def sound_of(audio: dict | None) -> tuple[Tensor, int]:
    """Return the waveform (C, T) and the sample rate of an AUDIO.

    Raises `ValueError` for an empty AUDIO, a batch, or an invalid sample rate.
    """
    if audio is None or audio["waveform"].numel() == 0:
        raise ValueError("There is no sound: the linked AUDIO is empty. Link one that has sound.")
    waveform = audio["waveform"]
    if waveform.ndim != 3 or waveform.shape[0] != 1:
        raise ValueError(
            f"Expected one audio clip of shape (1, C, T), got {tuple(waveform.shape)}. "
            "Pick one clip of the batch."
        )
    sample_rate = int(audio["sample_rate"])
    if sample_rate < 1:
        raise ValueError(f"Expected a sample rate above 0, got {sample_rate}. Repair the audio.")
    return scaled_samples(waveform[0].detach().cpu()), sample_rate


def audio_of(waveform: Tensor, sample_rate: int) -> dict:
    """Convert a waveform (C, T) to an AUDIO."""
    return {"waveform": waveform[None], "sample_rate": sample_rate}


def parsed(parse: Callable[[str], Value], text: str) -> Value | None:
    """Parse the text of a widget; an empty one gives None."""
    return parse(text) if text.strip() else None


def check_result(check: Callable, *values) -> bool | str:
    """Return True if `check(*values)` passes, else its message, as `validate_inputs` must.

    A value that another node gives is still None, and can't be checked yet.
    """
    if None in values:
        return True
    try:
        check(*values)
    except ValueError as error:
        return str(error)
    return True
