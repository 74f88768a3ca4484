import numpy as np
import pytest
import torch

from moda_core.emotion.labels import EMOTIONS, emotion_weights
from moda_core.motion.controls import CONTROLS
from moda_core.training.emotion_poses import add_emotion
from moda_core.training.espeak import Phone
from moda_core.training.targets import lip_curves, perform, speech_energy

JAW, WIDTH, CLOSE, PAUSE = range(4)


def tone(duration_s: float) -> np.ndarray:
    return (0.3 * np.sin(np.arange(int(16000 * duration_s)) / 8)).astype(np.float32)


def test_lips_close_on_a_bilabial_between_vowels():
    phones = [Phone("a", 0.0, 0.4), Phone("b", 0.4, 0.52), Phone("a", 0.52, 1.0)]

    curves = lip_curves(phones, 25)

    assert curves[11, CLOSE] > 0.8
    assert curves[11, JAW] < 0.1
    assert curves[5, JAW] > 0.7


def test_rounding_starts_before_its_vowel():
    phones = [Phone("s", 0.0, 0.5), Phone("u", 0.5, 1.0)]

    curves = lip_curves(phones, 25)

    assert curves[11, WIDTH] < curves[6, WIDTH]
    assert curves[18, WIDTH] < -0.8


def test_pauses_rest_with_the_mouth_shut():
    performance = perform(np.zeros(32000, np.float32), [], np.random.default_rng(0))

    assert performance.controls[:, CONTROLS.index("jaw")].max() == 0


def test_performance_has_rounded_number_of_frames():
    performance = perform(tone(1.01), [Phone("a", 0.0, 1.0)], np.random.default_rng(0))

    assert performance.controls.shape == (round(1.01 * 25), len(CONTROLS))
    assert performance.head.shape == (round(1.01 * 25), 6)


def test_lips_do_not_depend_on_chance():
    phones = [Phone("m", 0.0, 0.2), Phone("a", 0.2, 1.0)]
    lips = [CONTROLS.index(name) for name in ("jaw", "close", "width")]

    first, second = (perform(tone(1.0), phones, np.random.default_rng(s)) for s in (1, 2))

    np.testing.assert_array_equal(first.controls[:, lips], second.controls[:, lips])
    assert np.abs(first.head - second.head).max() > 0


def test_head_moves_to_the_side_that_it_turns_to():
    yaws, shifts = [], []
    for seed in range(20):
        head = perform(tone(4.0), [Phone("a", 0.0, 4.0)], np.random.default_rng(seed)).head
        yaws.append(head[:, 4])
        shifts.append(head[:, 1])

    correlation = np.corrcoef(np.concatenate(yaws), np.concatenate(shifts))[0, 1]

    assert correlation < -0.1


def test_blinks_are_as_frequent_as_people_s():
    lids = [
        perform(tone(30.0), [Phone("a", 0, 30.0)], np.random.default_rng(seed)).controls[
            :, CONTROLS.index("blink_left")
        ]
        for seed in range(6)
    ]

    starts = sum(int(((lid[1:] > 0.5) & (lid[:-1] <= 0.5)).sum()) for lid in lids)

    assert 12 <= starts / 3 <= 22


def test_energy_of_padding_is_zero():
    energy = speech_energy(tone(1.0), 50)

    assert energy[:24].min() > 0.9
    assert energy[26:].max() == 0


def test_neutral_and_none_leave_the_performance_alone():
    controls, head = torch.rand(2, 5, 12), torch.rand(2, 5, 3)
    weights = torch.stack([emotion_weights("neutral"), emotion_weights("none")])

    face, angles = add_emotion(controls, head, weights)

    torch.testing.assert_close(face, controls)
    torch.testing.assert_close(angles, head)


def test_seven_emotions_differ_and_leave_the_speech_of_the_lips():
    labels = [label for label in EMOTIONS if label not in ("neutral", "none")]
    weights = torch.stack([emotion_weights(label) for label in labels])

    face, angles = add_emotion(torch.zeros(7, 1, 12), torch.zeros(7, 1, 3), weights)

    shown = torch.cat([face, angles / 5], dim=-1)[:, 0]
    distance = torch.cdist(shown, shown) + 10 * torch.eye(7)
    assert distance.min() > 0.5
    lips = [CONTROLS.index(name) for name in ("jaw", "close", "width")]
    assert face[..., lips].abs().max() == 0


@pytest.mark.parametrize("label", ["surprise", "sadness"])
def test_shut_lids_stay_shut_under_an_emotion(label):
    lids = [CONTROLS.index("blink_left"), CONTROLS.index("blink_right")]
    controls = torch.zeros(1, 1, 12)
    controls[..., lids] = 1

    face, _ = add_emotion(controls, torch.zeros(1, 1, 3), emotion_weights(label)[None])

    torch.testing.assert_close(face[..., lids], torch.ones(1, 1, 2))
