"""How `bench score` breaks talking heads, and what it counts as right."""

from dataclasses import replace

import pytest
import torch

from moda_core.bundles.score.score import Score
from moda_core.motion.controls import read, rest_expression
from moda_core.motion.motion import ANGLES, EXPRESSION, Motion
from tests.bench.bench_score import LIPS, SHIFTS, Found, frozen_lips, noisy_pose, shifted, summary

WHOLE = Score(100, 25.0, lips=0.9, lag_frames=0.1, smoothness=1.0, jitter_deg=0.1)


def found(**changes):
    """Return scores that are all right, but for changes."""
    right = Found(
        whole=WHOLE,
        early=[replace(WHOLE, lag_frames=shift) for shift in SHIFTS],
        late=[replace(WHOLE, lag_frames=-shift) for shift in SHIFTS],
        frozen=replace(WHOLE, lips=0.0),
        noisy=[replace(WHOLE, jitter_deg=jitter) for jitter in (1, 2, 3)],
        swapped=replace(WHOLE, lips=0.3),
    )
    return replace(right, **changes)


def test_a_right_order_is_right():
    figures = summary([found(), found()])

    assert figures["right"] == figures["of"] == 2
    assert figures["largest_lag_error"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("frozen", {"frozen": WHOLE}),
        ("swapped", {"swapped": replace(WHOLE, lips=0.95)}),
        ("noisy", {"noisy": found().noisy[::-1]}),
        ("late", {"late": found().late[:1] * len(SHIFTS)}),
        ("early", {"early": found().early[::-1]}),
    ],
)
def test_a_wrong_order_is_wrong_in_its_kind_alone(kind, changes):
    figures = summary([found(**changes)])

    assert figures["right"] == 0
    assert [name for name, count in figures["right_by_damage"].items() if not count] == [kind]


def test_a_lag_that_is_missed_or_not_found_counts():
    missed = found(late=[replace(WHOLE, lag_frames=-shift - 0.7) for shift in SHIFTS])
    none = found(whole=replace(WHOLE, lag_frames=None))

    assert missed.lag_error == pytest.approx(0.7)
    assert summary([missed, none])["within_half_a_frame"] == 0


@pytest.mark.parametrize("frames", [-2, 2.5])
def test_a_shifted_sound_comes_later_by_frames_and_keeps_its_length(frames):
    sound = torch.zeros(1, 16000)
    sound[0, 8000] = 1

    moved = shifted(sound, frames)

    assert moved.shape == sound.shape
    assert int(moved.argmax()) == 8000 + frames * 640


def test_frozen_lips_and_noise_change_nothing_else():
    values = torch.randn(50, 70, generator=torch.Generator().manual_seed(0)) * 0.01
    motion = Motion(values, rest_expression())

    frozen, noisy = read(frozen_lips(motion).offset), noisy_pose(motion, 2.0).values - values

    others = [index for index in range(12) if index not in LIPS]
    assert frozen[:, LIPS].std(dim=0).max() < 1e-4
    torch.testing.assert_close(frozen[:, others], read(motion.offset)[:, others])
    assert noisy[:, ANGLES].std() == pytest.approx(2, rel=0.15)
    assert not noisy[:, EXPRESSION].any()
