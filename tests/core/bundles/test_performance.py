import numpy as np
import pytest
import torch

from moda_core.bundles.performance import (
    LIPS,
    finish_performance,
    opened_jaw,
    pressed_lips,
    speaking,
    threshold_of_clip,
)
from moda_core.mmdit.hearing import Heard
from moda_core.motion.controls import CONTROLS, compose, read, rest_expression
from moda_core.motion.liveliness import LIDS, blink_lids, random_walk

from ..editing.direct_cases import assert_same_motion

NUM_FRAMES = 1500  # a minute


def still_motion(controls: torch.Tensor | None = None) -> torch.Tensor:
    controls = torch.zeros(NUM_FRAMES, len(CONTROLS)) if controls is None else controls
    return torch.cat([rest_expression() + compose(controls), torch.zeros(NUM_FRAMES, 7)], dim=1)


def shown(motion: torch.Tensor) -> torch.Tensor:
    return read(motion[:, :63] - rest_expression())


@pytest.fixture
def features():
    return torch.rand(NUM_FRAMES, 4, 64, generator=torch.Generator().manual_seed(0))


def test_face_that_never_blinks_gets_to_blink_as_people_do(features):
    counts = []
    for seed in range(4):
        lids = shown(finish_performance(still_motion(), features, seed))[:, LIDS[0]]
        counts.append(int(((lids[1:] > 0.5) & (lids[:-1] <= 0.5)).sum()))

    assert all(10 <= count <= 25 for count in counts)


def test_wide_open_lids_shut_completely_in_a_blink(features):
    controls = torch.zeros(NUM_FRAMES, len(CONTROLS))
    controls[:, LIDS] = -0.5

    lids = shown(finish_performance(still_motion(controls), features))[:, LIDS]

    assert lids.max() == pytest.approx(1, abs=1e-3)
    assert lids.median() == pytest.approx(-0.5, abs=1e-3)


def test_blinks_that_were_sampled_make_way(features):
    controls = torch.zeros(NUM_FRAMES, len(CONTROLS))
    controls[::50, LIDS] = 1  # thirty more in the minute

    lids = shown(finish_performance(still_motion(controls), features))[:, LIDS[0]]

    assert 10 <= int(((lids[1:] > 0.5) & (lids[:-1] <= 0.5)).sum()) <= 25


def test_clear_speech_keeps_its_lips(features):
    controls = torch.rand(NUM_FRAMES, len(CONTROLS), generator=torch.Generator().manual_seed(1))
    lips = [CONTROLS.index(name) for name in ("jaw", "width", "smile")]

    finished = shown(finish_performance(still_motion(controls), features))

    torch.testing.assert_close(finished[:, lips], controls[:, lips], atol=1e-3, rtol=0)


def test_mumbled_speech_opens_more_and_keeps_its_rhythm():
    jaw = 0.55 * torch.rand(500, generator=torch.Generator().manual_seed(2))

    opened = opened_jaw(jaw)

    torch.testing.assert_close(opened / jaw, torch.full_like(jaw, float(opened[0] / jaw[0])))
    assert 0.6 < opened.quantile(0.95) < 0.75


def test_closed_mouth_stays_closed():
    jaw = torch.linspace(-0.05, 0.05, 100)

    torch.testing.assert_close(opened_jaw(jaw), jaw.clamp(min=0))


def test_head_sways_smoothly_on_all_axes(features):
    angles = finish_performance(still_motion(), features)[:, 67:].numpy()

    low, high = np.percentile(angles, [2, 98], axis=0)

    assert (high - low > 3).all()
    assert np.abs(np.diff(angles, 2, axis=0)).mean() < 0.4


def test_same_seed_gives_the_same_performance_and_another_seed_another(features):
    first, again, other = (
        finish_performance(still_motion(), features, seed=seed) for seed in (3, 3, 4)
    )

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_longer_speech_does_not_change_the_beginning(features):
    motion = still_motion()

    whole = finish_performance(motion, features)
    part = finish_performance(motion[:700], features[:700])

    assert_same_motion(part[:660], whole[:660])


def test_motion_that_was_given_is_not_changed(features):
    motion = still_motion()
    before = motion.clone()

    finish_performance(motion, features)

    assert torch.equal(motion, before)


def test_wander_has_unit_size_and_no_drift():
    walk = random_walk(np.random.default_rng(0), 60000, memory_s=2.0)

    assert abs(walk.mean()) < 0.15
    assert 0.8 < walk.std() < 1.1


def test_blinks_never_overlap_the_end():
    lids = blink_lids(np.random.default_rng(0), np.zeros(80))

    assert lids.shape == (80,)
    assert 0 <= lids.min() <= lids.max() <= 1


def test_lips_are_pressed_fully_above_the_threshold_of_the_weights():
    close = torch.tensor([0.0, 0.15, 0.3, 0.425, 0.55, 0.9, 1.1])

    pressed = pressed_lips(close, threshold=0.3)

    expected = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.1])
    torch.testing.assert_close(pressed, expected)


def test_jaw_stays_shut_where_nobody_speaks(features):
    controls = torch.full((NUM_FRAMES, len(CONTROLS)), 0.6)
    voice = torch.ones(NUM_FRAMES)
    voice[500:600] = 0
    heard = Heard(torch.full((NUM_FRAMES, 3), 0.6), voice)

    finished = finish_performance(still_motion(controls), features, heard=heard)

    jaw = shown(finished)[:, CONTROLS.index("jaw")]
    assert jaw[512:588].abs().max() < 1e-3
    assert jaw[:500].min() > 0.55


def test_lips_are_between_the_heard_and_the_sampled_ones(features):
    generator = torch.Generator().manual_seed(3)
    sampled, lips = torch.rand(2, NUM_FRAMES, 3, generator=generator)
    controls = torch.zeros(NUM_FRAMES, len(CONTROLS))
    controls[:, LIPS] = sampled

    heard = Heard(lips, torch.ones(NUM_FRAMES))
    finished = shown(finish_performance(still_motion(controls), features, heard=heard))

    gains, shares = torch.tensor([1.12, 1, 1.15]), torch.tensor([0.6, 0.4, 0.4])
    expected = shares * gains * lips + (1 - shares) * sampled
    for column in (0, 2):  # closures are pressed
        torch.testing.assert_close(
            finished[:, LIPS[column]], expected[:, column], atol=1e-3, rtol=0
        )


@pytest.mark.parametrize(
    ("strength", "expected"),
    [(0.5, 0.5), (0.6, 0.595), (2.0, 0.75), (0.1, 0.375)],  # bounds: 0.75 and 1.5 of the usual one
)
def test_threshold_follows_the_strength_of_a_clip_s_closures(strength, expected):
    close, voice = torch.full((1200,), 0.1), torch.ones(1200)
    close[:120] = strength + 1e-6
    voice[1000:] = 0  # silence does not count
    close[1000:] = 3.0

    assert threshold_of_clip(close, voice, 0.5) == pytest.approx(expected, abs=1e-3)


def test_threshold_of_a_clip_without_speech_is_the_usual_one():
    assert threshold_of_clip(torch.rand(50), torch.zeros(50), 0.4) == 0.4


def test_voice_opens_the_gate_before_it_and_noise_keeps_it_shut():
    voice = torch.zeros(200)
    voice[100:120] = 1

    gate = speaking(voice)

    assert gate[98:122].min() > 0.75
    assert gate[100:120].min() > 0.9
    assert gate[:88].max() < 1e-3
    assert gate[132:].max() < 1e-3


def test_sound_that_is_never_surely_a_voice_keeps_the_gate_shut():
    hum = torch.full((50,), 0.45)

    assert speaking(hum).max() == 0


def test_music_is_not_taken_for_mumbled_speech():
    jaw = torch.full((100,), 0.2)

    torch.testing.assert_close(opened_jaw(jaw, torch.full((100,), 0.2)), jaw)
    assert opened_jaw(jaw, torch.ones(100)).min() > 0.25
