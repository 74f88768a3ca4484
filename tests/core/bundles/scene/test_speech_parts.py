"""The part of each person of a recording."""

import numpy as np
import pytest
import torch

from moda_core.bundles.scene.speech_parts import CHANNELS, LOUDER, SOUNDS, TURNS, split_speech
from tests.two_people import NAMES, RATE, voice

FIRST, SECOND = voice(4, [(0.5, 1.9)]), voice(4, [(2.1, 3.5)], level=0.2)
INSIDE = slice(RATE // 2, RATE)  # of a time that is one person's


def test_each_sound_is_its_persons_and_all_are_mixed():
    speech = split_speech([(FIRST, RATE), (SECOND, RATE)], NAMES)

    assert torch.equal(speech.own[0], FIRST)
    assert torch.equal(speech.own[1], SECOND)
    assert torch.equal(speech.mixed, FIRST + SECOND)
    assert speech.duration_s == 4


def test_sounds_of_other_rates_lengths_and_channels_are_brought_together():
    stereo = torch.cat([SECOND, 0.5 * SECOND])[:, : 3 * RATE]

    speech = split_speech([(FIRST[:, ::2], RATE // 2), (stereo, RATE)], NAMES)

    assert (speech.sample_rate, speech.mixed.shape) == (RATE, (2, 4 * RATE))
    assert (speech.own[0] - FIRST)[:, RATE : RATE + 4000].abs().max() < 0.01
    assert speech.own[1][:, 3 * RATE :].abs().max() == 0


def test_a_mixture_does_not_clip():
    loud = voice(1, [(0, 1)], level=0.9)

    assert split_speech([(loud, RATE), (loud, RATE)], NAMES).mixed.abs().max() <= 1


def test_left_is_the_first_and_right_the_second():
    recording = torch.cat([FIRST, SECOND])

    speech = split_speech([(recording, RATE)], NAMES, CHANNELS)

    assert torch.equal(speech.own[0], FIRST)
    assert torch.equal(speech.own[1], SECOND)
    assert torch.equal(speech.mixed, FIRST + SECOND)


@pytest.mark.parametrize("one", [True, False])
def test_who_is_louder_speaks_and_is_heard_alone(one):
    tracks = [FIRST + 0.1 * SECOND, SECOND + 0.1 * FIRST]
    sounds = [(torch.cat(tracks), RATE)] if one else [(track, RATE) for track in tracks]

    speech = split_speech(sounds, NAMES, LOUDER)

    assert torch.equal(speech.own[0][:, INSIDE], tracks[0][:, INSIDE])
    assert speech.own[1][:, : round(1.8 * RATE)].abs().max() == 0
    assert speech.own[0][:, round(2.3 * RATE) :].abs().max() == 0
    assert torch.equal(speech.mixed, tracks[0] + tracks[1])


def test_a_recording_is_cut_by_the_text_and_mixed_as_it_is():
    recording = torch.cat([FIRST + SECOND, FIRST])

    speech = split_speech([(recording, RATE)], NAMES, TURNS, "0 Anna, 2 Ben, 3 Anna+Ben")

    first, second = speech.own
    assert torch.equal(speech.mixed, recording)
    assert torch.equal(first[:, INSIDE], recording[:, INSIDE])
    assert torch.equal(first[:, 3 * RATE + 200 :], recording[:, 3 * RATE + 200 :])
    assert first[:, 2 * RATE : 3 * RATE].abs().max() == 0
    assert second[:, : 2 * RATE].abs().max() == 0


def test_cuts_fade_over_a_hundredth_of_a_second():
    hum = voice(2, [(0, 2)])

    (own, _) = split_speech([(hum, RATE)], NAMES, TURNS, "0 Anna, 1 Ben").own

    steps = np.abs(np.diff(own[0].numpy()))
    assert steps.max() <= 1.05 * np.abs(np.diff(hum[0].numpy())).max()


@pytest.mark.parametrize(
    ("count", "way", "expected"),
    [
        (1, SOUNDS, "2 speakers, Anna, Ben, and there are 1 sounds.*'turns'"),
        (3, SOUNDS, "2 speakers.*3 sounds"),
        (3, TURNS, "2 speakers.*3 sounds"),
        (2, CHANNELS, "one recording.*got 2 sounds"),
        (1, CHANNELS, "1 channels.*2 speakers"),
        (1, LOUDER, "1 channels.*2 speakers"),
        (0, SOUNDS, "no sound"),
        (2, "by heart", "Unknown way.*'by heart'"),
    ],
)
def test_a_wrong_number_of_sounds_is_refused(count, way, expected):
    with pytest.raises(ValueError, match=expected):
        split_speech(count * [(FIRST, RATE)], NAMES, way, "0 Anna")


def test_a_text_that_does_not_fit_the_sound_is_refused():
    with pytest.raises(ValueError, match=r"turn at 5 s.*4\.00 s"):
        split_speech([(FIRST, RATE)], NAMES, TURNS, "0 Anna, 5 Ben")
