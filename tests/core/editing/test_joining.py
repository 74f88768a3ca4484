"""Motions one after another."""

import pytest
import torch

from moda_core.editing.joining import concat
from moda_core.motion.motion import YAW

from .direct_cases import acted_motion, assert_same_motion, control, random_motion


def test_joined_motions_keep_their_times():
    first, second, third = (random_motion(100, seed) for seed in range(3))

    joined = concat([first, second, third], 0.8)

    assert len(joined) == 300
    assert torch.equal(joined.values[:90], first.values[:90])
    assert torch.equal(joined.values[110:190], second.values[10:90])
    assert torch.equal(joined.values[210:], third.values[10:])


def test_overlapping_motions_are_shorter_by_the_cross_fades():
    first, second, third = (random_motion(100, seed) for seed in range(3))

    joined = concat([first, second, third], 0.8, overlap=True)

    assert len(joined) == 260
    assert torch.equal(joined.values[:80], first.values[:80])
    assert torch.equal(joined.values[100:160], second.values[20:80])
    assert torch.equal(joined.values[180:], third.values[20:])
    x = torch.arange(1, 21)[:, None] / 21
    weight = x * x * (3 - 2 * x)
    blended = (1 - weight) * first.values[80:] + weight * second.values[:20]
    assert_same_motion(joined.values[80:100], blended)


@pytest.mark.parametrize("overlap", [False, True])
def test_one_pose_goes_over_into_the_next_without_a_jump(overlap):
    left, right = acted_motion(100), acted_motion(100)
    left.values[:, YAW], right.values[:, YAW] = 10, -10

    yaw = concat([left, right], 1.0, overlap).values[:, YAW].flatten()

    assert (yaw[0], yaw[-1]) == (10, -10)
    assert (yaw.diff() <= 0).all()
    assert yaw.diff().abs().max() < 1.2  # smoothstep over 25 frames: 1.5 * 20 / 26
    assert yaw.diff().diff().abs().max() < 0.3


def test_a_cross_fade_of_none_is_a_cut():
    first, second = random_motion(10), random_motion(7, seed=1)

    joined = concat([first, second], 0)

    assert torch.equal(joined.values, torch.cat([first.values, second.values]))


def test_rate_and_rest_are_the_first_ones():
    rest = 0.05 * torch.randn(63, generator=torch.Generator().manual_seed(3))
    first, stranger = acted_motion(50), acted_motion(60, fps=60, rest=rest, jaw=0.6)

    joined = concat([first, stranger], 0)

    assert (len(joined), joined.fps) == (75, 25)
    assert torch.equal(joined.rest, first.rest)
    assert control(joined, "jaw")[50:].sub(0.6).abs().max() < 1e-5


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("lengths", [(1, 1), (1, 40, 2), (3, 3, 3, 3)])
def test_short_motions_are_joined_too(lengths, overlap):
    motions = [random_motion(length, seed) for seed, length in enumerate(lengths)]

    joined = concat(motions, 5.0, overlap)

    assert joined.values.isfinite().all()
    assert len(joined) == sum(lengths) if not overlap else len(joined) <= sum(lengths)
