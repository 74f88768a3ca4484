"""Peaks of a sound for pictures of it."""

import pytest
import torch

from moda_core.audio.peaks import sound_peaks


@pytest.mark.parametrize(("samples", "count"), [(1, 1), (37, 37), (48000, 2000), (1999999, 2000)])
def test_there_are_as_many_as_a_picture_shows(samples, count):
    assert len(sound_peaks(torch.zeros(2, samples))) == count


def test_each_is_the_loudest_of_its_part_in_any_channel():
    waveform = torch.zeros(2, 20000)
    waveform[1, 5] = -0.5
    waveform[0, 19999] = 0.25

    peaks = sound_peaks(waveform)

    assert (peaks[0], peaks[-1]) == (0.5, 0.25)
    assert not any(peaks[1:-1])
