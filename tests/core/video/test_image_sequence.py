"""Images in memory as a clip."""

from fractions import Fraction

import pytest
import torch

from moda_core.video.image_sequence import ImageSequence


def sequence(count=4, rate=Fraction(30)):
    return ImageSequence(lambda index: torch.full((2, 3, 3), index, dtype=torch.uint8), count, rate)


def test_images_have_even_times():
    clip = sequence()

    frames = list(clip.frames())

    assert clip.size == (3, 2)
    assert clip.duration_s == pytest.approx(4 / 30)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 1, 2, 3]


def test_images_at_times_are_held_in_any_order():
    clip = sequence()

    images = list(clip.images_at([0.0, 1 / 25, 2 / 30, 9.0, 0.01]))

    assert [int(image[0, 0, 0]) for image in images] == [0, 1, 2, 3, 0]


@pytest.mark.parametrize(("count", "rate"), [(0, Fraction(25)), (3, Fraction(0))])
def test_an_empty_sequence_is_refused(count, rate):
    with pytest.raises(ValueError, match=f"{count} images at {float(rate):g}"):
        sequence(count, rate)
