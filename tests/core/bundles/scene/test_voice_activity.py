"""When somebody speaks."""

import numpy as np
import pytest
import torch

from moda_core.bundles.scene.voice_activity import louder_spans, voice_spans
from tests.two_people import RATE, voice

PHRASES = [(0.5, 1.7), (2.4, 3.1)]


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02])
@pytest.mark.parametrize("gain", [1.0, 0.05])
def test_phrases_are_found_to_a_few_hundredths_in_any_noise_and_level(noise, gain):
    found = voice_spans(gain * voice(4, PHRASES, noise=noise), RATE)

    assert np.array(found) == pytest.approx(np.array(PHRASES), abs=0.04)


def test_short_pauses_do_not_end_a_phrase():
    assert len(voice_spans(voice(4, [(0.5, 1.0), (1.2, 2.0), (2.6, 3.0)]), RATE)) == 2


def test_a_click_is_no_phrase():
    (phrase,) = voice_spans(voice(4, [(0.5, 1.7), (3.0, 3.02)]), RATE)

    assert phrase == pytest.approx((0.5, 1.7), abs=0.02)


@pytest.mark.parametrize("noise", [0.0, 5e-4])
def test_silence_and_a_quiet_room_have_no_voice(noise):
    assert voice_spans(voice(3, [], noise=noise), RATE) == []


def test_the_end_of_the_sound_ends_a_phrase():
    (phrase,) = voice_spans(voice(2, [(1.0, 2.0)]), RATE)

    assert phrase == pytest.approx((1.0, 2.0), abs=0.02)


def test_the_louder_track_speaks_whatever_its_gain():
    first, second = voice(6, [(0.5, 2.9)]), voice(6, [(3.0, 5.5)])
    tracks = [first + 0.2 * second, 0.1 * (second + 0.2 * first)]

    ((own,), (other,)) = louder_spans(tracks, RATE)

    assert own == pytest.approx((0.0, 3.0), abs=0.1)
    assert other == pytest.approx((3.0, 6.0), abs=0.1)


def test_tracks_that_are_nearly_as_loud_do_not_take_over():
    both = voice(4, [(0.2, 3.8)])
    tracks = torch.cat([both, both * torch.linspace(0.8, 1.2, both.shape[1])])

    spans = louder_spans(list(tracks.split(1)), RATE)

    assert sorted(map(len, spans)) == [0, 1]
