"""Conversions between ComfyUI's values and the core's: images, masks, audio, texts."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ..moda_core.audio.channels import named_channels
from ..moda_core.audio.clip import check_finite, scaled_samples
from ..moda_core.audio.sound_file import SoundFile
from ..moda_core.portrait.portrait import Portrait
from . import _host

Value = TypeVar("Value")

ONE = torch.ones(())
WHITE = 1.0  # behind transparent parts, as in a passport photo
SEEN = 0.05  # opacity of a mask
CHANNELS = (1, 3, 4)  # grey, RGB, RGB with opacity
FULL_SCALES = {torch.uint8: 255.0, torch.uint16: 65535.0, torch.bool: 1.0}
NUMPY_KINDS = {"f": np.float32, "u": np.int64, "i": np.int64, "b": np.bool_}
BRIGHTEST_MEAN = 2.0  # of a picture with white at 1; highlights may be brighter
OVERSHOOT = 64.0  # levels beyond 0 to 255 that sharp edges get when a picture is scaled
EMPTY_AUDIO = "There is no sound: the linked AUDIO is empty. Link one that has sound."
MISSING = object()
SOUND_KINDS = "fiu"  # of numpy: floats and integers
MOST_CHANNELS = 32  # of sound
LOWEST_RATE, HIGHEST_RATE = 1000, 768_000  # samples a second; 44.1 is meant as 44,100
SHOWN = (int, float, str)  # sample rates that a message repeats
FULL_16_BITS, FULL_32_BITS = 2.0**15, 2.0**31
# Peaks of floats: full scale is 1, with an overshoot of up to 18 dB, or it is 32768, not quieter
# than -48 dB. Between them it could be either.
LOUDEST, QUIETEST_16_BITS = 8.0, 128.0


def picture_of(image) -> Tensor:
    """Convert an IMAGE of one portrait to 8-bit RGB (H, W, 3); see `image_batch`."""
    batch = image_batch(image)
    if len(batch) != 1:
        raise ValueError(
            f"Expected one picture, got a batch of {len(batch)}. "
            "Use an 'ImageFromBatch' node to pick one, or 'MoDA Track Face' to follow a face "
            "through all of them."
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


def sound_of(audio) -> tuple[Tensor, int]:
    """Return the waveform (C, T), float32 with full scale at 1, and the sample rate of an AUDIO.

    Other packs also give objects that load their items on demand, objects with attributes, lists of
    one AUDIO, a function that returns an AUDIO or the bytes of a sound file, waveforms as lists or
    numpy arrays, without a batch or channels, channels last, integers, and floats of 16 bits.
    Raises `ValueError` where the meaning is not plain, and for a batch, empty sound, and samples
    that are not finite.
    """
    audio = _single(audio)
    audio = _single(_loaded(audio)) if callable(audio) else audio
    if isinstance(audio, bytes | bytearray):
        with SoundFile(BytesIO(audio)) as sound:
            samples = np.concatenate(list(sound.blocks()), axis=1)
            return torch.from_numpy(samples), sound.sample_rate
    if audio is None:
        raise ValueError(EMPTY_AUDIO)
    waveform = _loaded(_item, audio, "waveform")
    if waveform is MISSING:
        keys = f" with {', '.join(map(str, audio))}" if isinstance(audio, Mapping) else ""
        raise ValueError(
            f"Expected an AUDIO with a waveform, got {_shown(audio)}{keys}. Link the output of an "
            "audio node."
        )
    waveform = _with_channels(_samples_of(waveform))
    sample_rate = _sample_rate_of(_loaded(_item, audio, "sample_rate"))
    if waveform.is_floating_point():
        waveform = waveform.float()
        check_finite(waveform, sample_rate)
    return _full_scale_at_one(waveform), sample_rate


def _single(audio):
    """Return the only AUDIO of a list, and anything else as it is."""
    if not isinstance(audio, list | tuple):
        return audio
    if len(audio) != 1:
        raise ValueError(
            f"Expected one AUDIO, got a {type(audio).__name__} of {len(audio)}. Link one of them, "
            "or join them with an 'AudioConcat' node."
        )
    return audio[0]


def _loaded(load: Callable, *values):
    """Return what a pack's own code loads, which may fail in any way."""
    try:
        return load(*values)
    except _host.Cancelled:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(
            f"The linked AUDIO can't be loaded ({reason}). Link the output of Load Audio."
        ) from error


def _item(audio, name: str):
    """Return an item of an AUDIO, or else the attribute of that name, or else `MISSING`."""
    with suppress(LookupError, TypeError):
        return audio[name]
    return getattr(audio, name, MISSING)


def heard_sound(audio, channel: str) -> tuple[Tensor, int]:
    """Return what `sound_of` does, only with the channels that a choice names."""
    waveform, sample_rate = sound_of(audio)
    return waveform[list(named_channels(len(waveform), channel))], sample_rate


def _samples_of(waveform) -> Tensor:
    """Return a waveform of any kind as a tensor of numbers on the CPU."""
    if isinstance(waveform, Tensor):
        return waveform.detach().cpu()
    with suppress(AttributeError, RuntimeError, TypeError, ValueError):  # lists of unequal parts
        if isinstance(waveform, list | tuple) and waveform and isinstance(waveform[0], Tensor):
            return torch.stack([each.detach().cpu() for each in waveform])
        array = np.asarray(waveform)
        if array.dtype.kind in SOUND_KINDS:
            exact = array.itemsize in (1, 2, 4, 8)
            dtype = array.dtype.newbyteorder("=") if exact else np.float64
            return torch.from_numpy(array.astype(dtype))
    raise ValueError(
        f"Expected a waveform of numbers, of shape (1, C, T), got {_shown(waveform)}. Link the "
        "output of an audio node."
    )


def _with_channels(waveform: Tensor) -> Tensor:
    """Return a waveform as (C, T)."""
    shape = tuple(waveform.shape)
    if not waveform.numel():
        raise ValueError(EMPTY_AUDIO)
    if waveform.ndim == 1:
        waveform = waveform[None]
    elif waveform.ndim == 3 and shape[0] == 1:
        waveform = waveform[0]
    if waveform.ndim != 2:
        raise ValueError(
            f"Expected one audio clip of shape (1, C, T), got {shape}. Pick one clip of the batch."
        )
    rows, columns = waveform.shape
    return waveform.T.contiguous() if rows > max(columns, MOST_CHANNELS) else waveform


def _sample_rate_of(value) -> int:
    """Return a sample rate, which other packs give as any kind of number."""
    value = None if value is MISSING else value
    try:
        rate = float(value.item() if isinstance(value, Tensor | np.ndarray) else value)
    except (RuntimeError, TypeError, ValueError):
        rate = 0.0
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(
            f"Expected an AUDIO with a sample rate of {LOWEST_RATE} to {HIGHEST_RATE} Hz, got "
            f"{repr(value) if isinstance(value, SHOWN) else _shown(value)}. Use 'Load Audio'."
        )
    return round(rate)


def _full_scale_at_one(samples: Tensor) -> Tensor:
    """Return finite samples as float32 with full scale at 1.

    Whole numbers of 64 bits, as lists have them, and floats that are far too loud are those of 16
    bits; of 32 bits if whole numbers are larger.
    """
    if not samples.is_floating_point() and samples.dtype != torch.int64:
        return scaled_samples(samples)
    low, high = torch.aminmax(samples)
    peak = max(-low.item(), high.item())
    whole = peak > 1 and torch.equal(samples, samples.round())
    if samples.is_floating_point() and peak <= LOUDEST and not whole:
        return samples
    if (whole or peak >= QUIETEST_16_BITS) and peak <= 2 * FULL_16_BITS:
        return samples.float() / FULL_16_BITS
    if samples.dtype == torch.int64 and peak <= FULL_32_BITS:
        return samples.float() / FULL_32_BITS
    raise ValueError(
        f"Expected an AUDIO with samples of -1 to 1, got {low.item():g} to {high.item():g}. Scale "
        "it in the node that made it."
    )


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
