"""Samples and pixels as live agents exchange them: 16-bit sound, pictures with an alpha channel."""

import numpy as np
from torch import Tensor

FULL_SCALE = 2**15


def from_int16(samples: bytes | memoryview, num_channels: int = 1) -> np.ndarray:
    """Return 16-bit sound as numbers of full scale 1.

    Parameters
    ----------
    samples : bytes or memoryview
        Little-endian, the channels of each instant next to each other.
    num_channels : int

    Returns
    -------
    array, shape (C, T), float32

    Raises
    ------
    ValueError
        If these are not whole samples of all channels.
    """
    num_bytes = memoryview(samples).nbytes
    if num_channels < 1 or num_bytes % (2 * num_channels):
        raise ValueError(
            f"Expected 16-bit samples of {num_channels} channels, got {num_bytes} bytes. "
            "Send whole samples, and the number of channels that they have."
        )
    pcm = np.frombuffer(samples, np.uint8).view("<i2").reshape(-1, num_channels)
    return pcm.T.astype(np.float32) / FULL_SCALE


def to_int16(sound: np.ndarray) -> bytes:
    """Return mono sound (T,) of full scale 1 as little-endian 16-bit samples; louder is clipped."""
    pcm = np.rint(sound * np.float32(FULL_SCALE))
    return pcm.clip(-FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()


def rgba(image: Tensor) -> bytes:
    """Return an opaque picture (H, W, 3) uint8 with alpha, four bytes a pixel."""
    pixels = np.full((*image.shape[:2], 4), 255, np.uint8)
    pixels[..., :3] = image.numpy()
    return pixels.tobytes()
