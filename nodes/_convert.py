"""Conversions between ComfyUI's values and the core's: images, masks, audio, texts."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ..moda_core.audio.clip import scaled_samples
from ..moda_core.portrait.portrait import Portrait

Value = TypeVar("Value")

ONE = torch.ones(())
WHITE = 1.0  # behind transparent parts, as in a passport photo
SEEN = 0.05  # opacity of a mask
CHANNELS = (1, 3, 4)  # grey, RGB, RGB with opacity
FULL_SCALES = {torch.uint8: 255.0, torch.uint16: 65535.0, torch.bool: 1.0}
NUMPY_KINDS = {"f": np.float32, "u": np.int64, "i": np.int64, "b": np.bool_}
BRIGHTEST_MEAN = 2.0  # of a picture with white at 1; highlights may be brighter
OVERSHOOT = 64.0  # levels beyond 0 to 255 that sharp edges get when a picture is scaled


def picture_of(image) -> Tensor:
    """Convert an IMAGE of one picture to 8-bit RGB (H, W, 3); see `image_batch`."""
    batch = image_batch(image)
    if len(batch) != 1:
        raise ValueError(
            f"Expected one picture, got a batch of {len(batch)}. "
            "Use an 'ImageFromBatch' node to pick one."
        )
    return pictures_of(batch)[0]


def cutout_of(image, transparency: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return the picture of an IMAGE, over white, and its opacity (H, W), None if it is opaque.

    `transparency` is a MASK of what is transparent; where the IMAGE has a fourth channel too, the
    smaller opacity counts.
    """
    batch = image_batch(image)
    picture = picture_of(batch)
    if (clear := mask_of(transparency, picture)) is not None:
        batch = batch.detach().cpu().float()
        colors = batch[..., :3].expand(-1, -1, -1, 3)
        own = batch[..., 3:] if batch.shape[-1] == 4 else ONE
        batch = torch.cat([colors, (1 - clear)[None, ..., None].minimum(own)], dim=-1)
        picture = picture_of(batch)
    opacity = batch[0, ..., 3].cpu().float().clamp(0, 1) if batch.shape[-1] == 4 else None
    return picture, None if opacity is None or (opacity == 1).all() else opacity


def pictures_of(images: Tensor) -> Tensor:
    """Convert images (B, H, W, C) of `image_batch` to 8-bit RGB (B, H, W, 3).

    The last of 4 channels is opacity, over white.
    """
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


def image_batch(images, is_mask: bool = False) -> Tensor:
    """Return an IMAGE of any pack as (B, H, W, C), C 1, 3 or 4, with values of 0 to 1.

    Other packs also give integers, 0 to 255, numpy arrays, lists, single pictures without a batch,
    grey ones without channels, and channels first. Integers of 0 and 1 are the levels of a mask,
    but those of an almost black picture. Raises `ValueError` where the meaning is not plain.
    """
    if isinstance(images, list | tuple) and images:
        batches = [image_batch(image, is_mask) for image in images]
        if len({batch.shape[1:] for batch in batches}) > 1:
            sizes = ", ".join(f"{batch.shape[2]}x{batch.shape[1]}" for batch in batches[:4])
            raise ValueError(
                f"Expected pictures of one size, got a list of {sizes}. Link one, or scale them."
            )
        return torch.cat(batches)
    if not isinstance(images, Tensor):
        array = np.asarray(images)
        if array.dtype.kind not in NUMPY_KINDS or not array.ndim:
            raise ValueError(
                f"Expected an IMAGE, got {_shown(images)}. Link the output of an image node."
            )
        exact = array.dtype in (np.uint8, np.uint16)
        kind = array.dtype.newbyteorder("=") if exact else NUMPY_KINDS[array.dtype.kind]
        images = torch.from_numpy(np.array(array, kind))
    return _unit_range(_with_batch(images), is_mask)


def _shown(value) -> str:
    return "nothing (None)" if value is None else f"a value of type {type(value).__name__}"


def _with_batch(images: Tensor) -> Tensor:
    """Return images as (B, H, W, C)."""
    shape = tuple(images.shape)
    if images.ndim in (2, 3) and (images.ndim == 2 or shape[-1] not in CHANNELS):
        if images.ndim == 3 and shape[0] in CHANNELS[1:]:
            images = images.movedim(0, -1)[None]  # (C, H, W)
        else:
            images = images.reshape(-1, *shape[-2:], 1)  # grey
    elif images.ndim == 3:
        images = images[None]
    elif images.ndim == 4 and shape[-1] not in CHANNELS and shape[1] in CHANNELS:
        images = images.movedim(1, -1)
    if images.ndim != 4 or images.shape[-1] not in CHANNELS or not images.numel():
        raise ValueError(
            f"Expected an IMAGE of shape (B, H, W, 3), got {shape}. "
            "Link the output of an image node."
        )
    return images


def _unit_range(images: Tensor, is_mask: bool) -> Tensor:
    """Return numbers of 0 to 1; a picture that is brighter on average is one of 0 to 255."""
    if is_mask and not images.is_floating_point() and images.float().max() <= 1:
        return images.float()
    if images.dtype in FULL_SCALES:
        return images.float() / FULL_SCALES[images.dtype]
    if images.is_floating_point() and not images.mean(dtype=torch.float32) > BRIGHTEST_MEAN:
        return images
    low, high = float(images.min()), float(images.max())
    if low < -OVERSHOOT or high > 255 + OVERSHOOT:
        raise ValueError(
            f"Expected an IMAGE with values of 0 to 1, got {low:g} to {high:g}. "
            "Scale it in the node that made it."
        )
    return (images.float() / 255).clamp(0, 1)


def image_of(pictures: Tensor) -> Tensor:
    """Convert 8-bit pictures (B, H, W, 3) to an IMAGE, float32 in [0, 1]."""
    return pictures.float().div_(255)


def mask_of(mask: Tensor | None, picture: Tensor) -> Tensor | None:
    """Convert a MASK, (1, H, W) or (H, W), to a mask (H, W) for a picture (H, W, 3).

    An empty mask counts as none: LoadImage gives one for a picture without transparency.
    """
    if mask is None:
        return None
    shape = np.shape(mask)
    if len(shape) == 3 and shape[0] != 1:
        raise ValueError(f"Expected one mask, got a batch of {shape[0]}. Pick one of them.")
    mask = image_batch(mask, is_mask=True)[0, ..., :3].detach().cpu().float().mean(dim=-1)
    height, width = picture.shape[:2]
    if not mask.any():
        return None
    if tuple(mask.shape) == (height, width):
        return mask.clamp(0, 1)
    raise ValueError(
        f"The mask measures {mask.shape[1]}x{mask.shape[0]} pixels, the picture {width}x{height}. "
        "Scale the mask to the picture."
    )


def region_of(mask: Tensor | None, portrait: Portrait) -> Tensor | None:
    """Convert a MASK of where a portrait's frames are visible; it must not be of the background."""
    region = mask_of(mask, portrait.image)
    if region is None:
        return None
    points = portrait.landmarks.points().clip(0, np.array(portrait.size) - 1).astype(int)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0) + 1
    rows, columns = region[[0, -1]], region[:, [0, -1]]
    background = float(torch.cat([rows.flatten(), columns.flatten()]).mean()) > 0.5
    if background and region[top:bottom, left:right].max() < SEEN:
        raise ValueError(
            "The mask covers the background and leaves out the face. Invert the mask with an "
            "'InvertMask' node: white is replaced by the rendered face."
        )
    return region


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
