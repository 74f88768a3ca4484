"""Phrases of speech, found while its blocks pass on to an encoder."""

import numpy as np
import pytest
import torch

from moda_core.audio.phrases import PhraseMeter, hysteresis, merged_spans
from moda_core.audio.recording import encode_recording
from moda_core.bundles.starter import encode_speech
from tests.two_people import RATE, voice

PHRASES = [(0.52, 1.72), (2.4, 3.12)]


class CountingEncoder:
    """Gives a feature to every 640 samples."""

    name = "counting"

    def encode(self, samples, progress=None):
        return torch.zeros(len(samples) // 640, 1, 1)


def spoken(num_frames, before=0):
    frames = torch.zeros(num_frames, dtype=torch.bool)
    for start, stop in PHRASES:
        frames[before + round(25 * start) : before + round(25 * stop)] = True
    return frames


def measure(blocks, num_frames):
    meter = PhraseMeter()
    passed = list(meter.measured(blocks))
    return passed, meter.voiced(num_frames)


@pytest.mark.parametrize("size", [1, 159, 640, 100_000])
def test_blocks_of_any_size_pass_unchanged_and_give_the_same_phrases(size):
    sound = voice(1.0, [(0.2, 0.6)])[0].numpy()
    blocks = np.split(sound, range(size, len(sound), size))

    passed, voiced = measure(blocks, 25)

    assert np.array_equal(np.concatenate(passed), sound)
    assert voiced.tolist() == [5 <= frame < 15 for frame in range(25)]


@pytest.mark.parametrize("gain", [1.0, 0.05])
def test_the_gain_of_the_sound_does_not_matter(gain):
    _, voiced = measure([gain * voice(4.0, PHRASES, noise=0.003)[0].numpy()], 100)

    assert int((voiced != spoken(100)).sum()) <= len(PHRASES) * 2  # a frame at each edge


@pytest.mark.parametrize("blocks", [[], [np.zeros(0, np.float32)], [np.zeros(9000, np.float32)]])
def test_silence_and_no_sound_have_no_voice(blocks):
    _, voiced = measure(blocks, 10)

    assert voiced.shape == (10,)
    assert not voiced.any()


def test_the_starters_features_say_in_which_frames_somebody_speaks():
    features = encode_speech((voice(4.0, PHRASES), RATE), duration_s=5.0)

    assert features.voiced.shape == (len(features),)
    assert int((features.voiced != spoken(125)).sum()) <= 4


@pytest.mark.parametrize(
    ("silence", "before"), [("none", 0), ("post", 0), ("pre", 50), ("both", 50)]
)
def test_features_of_an_encoder_count_added_silence_as_a_pause(silence, before):
    encoder, sound = CountingEncoder(), (voice(4.0, PHRASES), RATE)

    features = encode_recording(encoder, sound, silence=silence)

    assert features.voiced.shape == (len(features),)
    assert int((features.voiced != spoken(len(features), before)).sum()) <= 4


def test_hysteresis_holds_between_two_levels():
    values = np.array([0.0, 0.6, 1.0, 0.6, 0.4, 0.6, 1.0, 0.5])

    expected = [False, False, True, True, False, False, True, True]
    assert hysteresis(values, 1.0, 0.5).tolist() == expected


def test_spans_are_joined_over_short_gaps():
    assert merged_spans([(0, 1), (1.2, 2), (2, 3), (4, 5)], 0.5) == [(0, 3), (4, 5)]
