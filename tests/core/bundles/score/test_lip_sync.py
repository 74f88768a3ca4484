"""Lips against the sound."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from moda_core.audio.waveform import load_clip
from moda_core.bundles.score.lip_sync import agreement, compare_lips, heard_lips
from moda_core.example import SPEECH
from moda_core.motion.controls import compose, rest_expression
from moda_core.motion.motion import Motion

TIME = np.arange(120) / 25


def lips_at(time):
    """Return lips (N, 2) that are known between frames too."""
    opening = 0.2 + 0.1 * np.sin(7.1 * time) + 0.08 * np.sin(11.3 * time + 1)
    return np.stack([opening, np.sin(5.3 * time)], axis=1)


@pytest.mark.parametrize("lag", [-5, -2.5, -1, 0, 0.3, 1, 3.75, 5])
def test_a_lag_is_found_to_a_tenth_of_a_frame(lag):
    found, lag_frames = agreement(lips_at(TIME - lag / 25), lips_at(TIME))

    assert found == pytest.approx(1, abs=0.01)
    assert lag_frames == pytest.approx(lag, abs=0.1)


def test_lips_of_another_speech_agree_less():
    random = np.random.default_rng(0)
    one, other = (gaussian_filter1d(random.random((120, 2)), 2, axis=0) for _ in range(2))

    assert agreement(one, other)[0] < 0.6 < agreement(one, one)[0]


def test_still_lips_agree_with_no_speech():
    assert agreement(np.zeros((120, 2)), lips_at(TIME)) == (0.0, None)


def test_lips_that_hardly_move_agree_in_proportion():
    heard = lips_at(TIME)

    found, _ = agreement(0.05 * heard, heard)

    assert found == pytest.approx(0.25, abs=0.01)  # a twentieth of what is heard, over a fifth


@pytest.mark.parametrize("length", [1, 2, 11])
def test_nothing_is_told_of_a_clip_under_half_a_second(length):
    assert agreement(lips_at(TIME)[:length], lips_at(TIME)[:length]) == (None, None)


def test_the_shortest_clip_is_compared_without_a_lag():
    assert agreement(lips_at(TIME)[:12], lips_at(TIME)[:12]) == (pytest.approx(1), 0.0)


def test_silence_asks_for_nothing():
    silence = torch.zeros(1, 32000)
    motion = Motion(torch.zeros(50, 70), rest_expression())

    lips = compare_lips(motion, silence, 16000)

    assert lips.agreement is lips.lag_frames is None
    assert lips.heard[:, 0].max() < 0.03


@pytest.mark.parametrize("fps", [25, 30, 50])
def test_lips_of_any_rate_are_compared_in_frames_of_40_ms(fps):
    waveform, rate = load_clip(SPEECH, 1.0, 3.0)
    heard = heard_lips(waveform, rate, 75)
    controls = torch.zeros(75, 12)
    controls[:, 0] = torch.from_numpy(heard[:, 0] / 0.56)  # the opening at jaw 1
    values = torch.zeros(75, 70)
    values[:, :63] = rest_expression() + compose(controls)
    motion = Motion(values, rest_expression()).resampled(fps, 3 * fps)

    lips = compare_lips(motion, waveform.roll(-2 * rate // 25, dims=1), rate)

    assert lips.agreement > 0.7
    assert lips.lag_frames == pytest.approx(2, abs=0.2)
