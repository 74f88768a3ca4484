"""Movement of the lips, their closure in silence, and the released modulation."""

import numpy as np
import pytest
import torch

from moda_core.editing.lips import close_in_silence, modulate_released_lips, scale_lips, speech_gate
from moda_core.motion.motion import released_stats

from .direct_cases import (
    acted_motion,
    assert_same_motion,
    changed_dims,
    control,
    dims,
    random_motion,
)

LIPS = dims(6, 12, 14, 17, 19, 20)


@pytest.mark.parametrize("gain", [0.0, 0.5, 2.0])
def test_speech_is_scaled_about_rest_and_the_smile_is_not(gain):
    jaw, width = torch.rand(60), torch.rand(60) - 0.5
    motion = acted_motion(jaw=jaw, width=width, smile=0.6, sneer=0.3, blink_left=0.4)

    scaled = scale_lips(motion, gain)

    torch.testing.assert_close(control(scaled, "jaw"), gain * jaw, atol=1e-5, rtol=0)
    torch.testing.assert_close(control(scaled, "width"), gain * width, atol=1e-5, rtol=0)
    for name, value in {"smile": 0.6, "sneer": 0.3, "blink_left": 0.4}.items():
        assert control(scaled, name).sub(value).abs().max() < 1e-4


def test_lips_of_other_models_move_as_a_whole():
    motion = random_motion()

    still = scale_lips(motion, 0.0)

    # Nothing but a smile, a sneer and a slant of the mouth is left of the lip keypoints.
    inert = dims(6, 12)
    assert_same_motion(still.values[:, inert], motion.rest[inert].expand(60, -1), inert)
    assert changed_dims(still, motion) <= set(LIPS) | {3 * 7}


def test_the_gate_is_open_in_speech_and_shut_away_from_it():
    level = np.zeros(200)
    level[80:120] = 0.5

    gate = speech_gate(level, 25, attack_s=0.4, release_s=0.8)

    assert (gate[80:120] == 1).all()
    assert not gate[:71].any()
    assert not gate[140:].any()
    x = np.arange(10) / 10
    np.testing.assert_allclose(gate[70:80], x * x * (3 - 2 * x), atol=1e-12)
    assert (np.diff(gate[119:140]) < 0).all()


def test_a_gate_without_borders_is_the_threshold():
    level = np.abs(np.sin(np.arange(100)))

    gate = speech_gate(level, 25, threshold=0.5, attack_s=0, release_s=0)

    np.testing.assert_array_equal(gate, level >= 0.5)


@pytest.mark.parametrize("level", [np.zeros(50), np.ones(50)])
def test_all_silence_shuts_and_all_sound_opens(level):
    assert (speech_gate(level, 25) == level).all()


@pytest.mark.parametrize("threshold", [0.0, 0.06])
def test_lips_close_in_silence_and_speak_as_before(threshold):
    level = torch.zeros(100)
    level[:50] = 0.4
    motion = acted_motion(100, jaw=0.5, smile=0.5, brow=0.3)

    closed = close_in_silence(motion, level, threshold)

    jaw = control(closed, "jaw")
    assert torch.equal(closed.values[:50], motion.values[:50])
    assert jaw[60:].abs().max() < 1e-5
    assert (jaw[50:55].diff() < 0).all()
    assert control(closed, "smile").sub(0.5).abs().max() < 1e-4


def test_half_an_amount_closes_half_way():
    motion = acted_motion(20, jaw=0.8)

    closed = close_in_silence(motion, torch.zeros(20), amount=0.5)

    assert control(closed, "jaw").sub(0.4).abs().max() < 1e-5


def reference_modulation(motion, reference):
    """Return the lip keypoints of the released rule, written frame by frame in NumPy."""
    stats = released_stats()
    mean, std = stats.mean.double().numpy(), stats.std.double().numpy() + 1e-5
    lips = ((motion.values.double().numpy() - mean) / std)[:, LIPS]
    closed = ((reference.double().numpy() - mean) / std)[LIPS]
    distance = ((lips - closed) ** 2).sum(1)
    gain = (1 / (1 + np.exp(-5 * distance)) - 0.5) / (0.1 * distance.max() + 0.05)
    return (closed + (lips - closed) * (1 + gain)[:, None]) * std[LIPS] + mean[LIPS]


@pytest.mark.parametrize("index", [None, 0, 17])
def test_the_released_modulation_departs_from_rest_or_a_frame(index):
    motion = random_motion()
    reference = torch.cat([motion.rest, torch.zeros(7)]) if index is None else motion.values[index]

    modulated = modulate_released_lips(motion, index)

    expected = reference_modulation(motion, reference)
    assert_same_motion(modulated.values[:, LIPS], expected, LIPS, roundings=64)
    assert changed_dims(modulated, motion) <= set(LIPS)
