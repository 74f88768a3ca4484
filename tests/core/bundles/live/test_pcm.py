"""Samples and pixels as live agents exchange them."""

import numpy as np
import pytest
import torch

from moda_core.bundles.live.pcm import from_int16, rgba, to_int16


def test_every_sample_survives_there_and_back():
    pcm = np.arange(-(2**15), 2**15, dtype="<i2")

    sound = from_int16(pcm.tobytes())

    assert sound.dtype == np.float32
    assert (sound.min(), sound.max()) == (-1, (2**15 - 1) / 2**15)
    assert to_int16(sound[0]) == pcm.tobytes()


def test_channels_next_to_each_other_are_told_apart():
    pcm = np.array([[1, -2], [3, -4], [5, -6]], "<i2")

    sound = from_int16(memoryview(pcm), num_channels=2)

    assert (sound * 2**15).tolist() == [[1, 3, 5], [-2, -4, -6]]


def test_sound_beyond_full_scale_is_clipped():
    pcm = np.frombuffer(to_int16(np.array([1.0, 2.5, -1.0, -3.0], np.float32)), "<i2")

    assert pcm.tolist() == [32767, 32767, -32768, -32768]


@pytest.mark.parametrize(("samples", "num_channels"), [(b"abc", 1), (b"abcdef", 2), (b"ab", 0)])
def test_parts_of_samples_are_refused(samples, num_channels):
    with pytest.raises(ValueError, match=f"{num_channels} channels.*{len(samples)} bytes"):
        from_int16(samples, num_channels)


def test_pictures_become_opaque():
    image = torch.arange(2 * 3 * 3, dtype=torch.uint8).reshape(2, 3, 3)

    pixels = np.frombuffer(rgba(image), np.uint8).reshape(2, 3, 4)

    assert np.array_equal(pixels[..., :3], image.numpy())
    assert (pixels[..., 3] == 255).all()
