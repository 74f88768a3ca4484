"""Between ComfyUI's values and the core's: pictures, masks and sound."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from ..moda_core.audio.clip import scaled_samples

Value = TypeVar("Value")

WHITE = 1.0  # behind transparent parts, as in a passport photo


def picture_of(image: Tensor) -> Tensor:
    """Turn an IMAGE of one picture into 8-bit RGB.

    Parameters
    ----------
    image : Tensor, shape (1, H, W, C), in [0, 1]
        Of any float type, with 1, 3 or 4 channels; the last of 4 is opacity.

    Returns
    -------
    Tensor, shape (H, W, 3), uint8

    Raises
    ------
    ValueError
        If there are several pictures, or it is none.
    """
    if image.ndim == 4 and image.shape[0] != 1:
        raise ValueError(
            f"Expected one picture, got a batch of {image.shape[0]}. "
            "Use an 'ImageFromBatch' node to pick one."
        )
    return pictures_of(image)[0]


def pictures_of(images: Tensor) -> Tensor:
    """Turn an IMAGE batch (B, H, W, C), in [0, 1], into 8-bit RGB (B, H, W, 3).

    Raises
    ------
    ValueError
        If the shape is no IMAGE's, or there is a value that is no number.
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4) or not images.numel():
        raise ValueError(
            f"Expected an IMAGE of shape (B, H, W, 3), got {tuple(images.shape)}. "
            "Link the output of an image node."
        )
    pixels = images.detach().cpu().float()
    if not torch.isfinite(pixels).all():
        raise ValueError(
            "The picture has a pixel that is no number (NaN or infinity). Look at the node that "
            "made it; half precision may have overflowed there."
        )
    if pixels.shape[-1] == 4:
        opacity = pixels[..., 3:]
        pixels = pixels[..., :3] * opacity + WHITE * (1 - opacity)
    levels = (pixels.clamp(0, 1) * 255).round().to(torch.uint8)
    return levels.expand(*levels.shape[:-1], 3).contiguous()


def image_of(pictures: Tensor) -> Tensor:
    """Turn 8-bit pictures (B, H, W, 3) into an IMAGE, float32 in [0, 1]."""
    return pictures.float().div_(255)


def mask_of(mask: Tensor | None, picture: Tensor) -> Tensor | None:
    """Turn a MASK into one for a picture.

    Parameters
    ----------
    mask : Tensor, shape (1, H, W) or (H, W), in [0, 1]; or None
    picture : Tensor, shape (H, W, 3)

    Returns
    -------
    Tensor, shape (H, W), float32; or None
        None where there is no mask, and for an empty one: LoadImage gives that for a picture
        without transparency.

    Raises
    ------
    ValueError
        If there are several masks, or it has another size than the picture.
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
    """Take the waveform (C, T) and the samples a second out of an AUDIO.

    Raises
    ------
    ValueError
        If there is no sound, or there are several, or its rate is none.
    """
    if audio is None or audio["waveform"].numel() == 0:
        raise ValueError("There is no sound: the linked AUDIO is empty. Link one that has sound.")
    waveform = audio["waveform"]
    if waveform.ndim != 3 or waveform.shape[0] != 1:
        raise ValueError(
            f"Expected one sound of shape (1, C, T), got {tuple(waveform.shape)}. "
            "Pick one sound of the batch."
        )
    sample_rate = int(audio["sample_rate"])
    if sample_rate < 1:
        raise ValueError(f"Expected a sample rate above 0, got {sample_rate}. Repair the sound.")
    return scaled_samples(waveform[0].detach().cpu()), sample_rate


def audio_of(waveform: Tensor, sample_rate: int) -> dict:
    """Turn a waveform (C, T) into an AUDIO."""
    return {"waveform": waveform[None], "sample_rate": sample_rate}


def parsed(parse: Callable[[str], Value], text: str) -> Value | None:
    """Parse what a text widget holds; None where it is empty.

    Raises
    ------
    ValueError
        If `parse` refuses it.
    """
    return parse(text) if text.strip() else None
