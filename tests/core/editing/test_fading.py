"""Fades from and to the source's look, and loops."""

import numpy as np
import pytest
import torch

from moda_core.editing.fading import fade, make_loop, source_frame
from moda_core.motion.motion import Motion, released_stats

from .direct_cases import assert_same_motion, random_motion


def test_the_source_looks_ahead_or_as_in_the_first_frame():
    motion = random_motion()

    first, zero = source_frame(motion), source_frame(motion, "zero")

    assert torch.equal(first[:63], motion.rest)
    assert torch.equal(zero[:63], motion.rest)
    assert torch.equal(first[63:], motion.values[0, 63:])
    assert torch.equal(zero[63:67], released_stats().mean[63:67])
    assert zero[67:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
@pytest.mark.parametrize("pose", ["first", "zero"])
def test_a_fade_begins_and_ends_at_the_source_and_leaves_the_middle(fps, pose):
    motion = random_motion(4 * fps, fps=fps)
    source = source_frame(motion, pose)

    faded = fade(motion, 1.0, 0.5, pose).values

    assert torch.equal(faded[0], source)
    assert torch.equal(faded[-1], source)
    last = 4 * fps - 1 - -(-fps // 2)
    assert torch.equal(faded[fps : last + 1], motion.values[fps : last + 1])
    x = np.arange(fps)[:, None] / fps
    weight = x * x * (3 - 2 * x)
    expected = source.numpy() + weight * (motion.values[:fps] - source).numpy()
    assert_same_motion(faded[:fps], expected)


def test_a_fade_may_go_to_a_head_that_is_given():
    motion, head = random_motion(50), torch.tensor([1.3, 0.1, 0.2, 0.0, 5.0, -20.0, 3.0])

    faded = fade(motion, head=head).values

    for frame in (faded[0], faded[-1]):
        assert torch.equal(frame[63:], head)
        assert torch.equal(frame[:63], motion.rest)


def test_fades_longer_than_the_motion_meet():
    motion = random_motion(25)

    faded = fade(motion, 5, 5).values

    assert torch.equal(faded[0], faded[-1])
    assert faded.isfinite().all()


def test_the_end_of_a_loop_is_followed_by_its_beginning():
    values = torch.arange(200.0)[:, None].repeat(1, 70)
    motion = Motion(values, torch.zeros(63))

    loop = make_loop(motion, 2.0).values

    assert len(loop) == 150
    assert torch.equal(loop[50:], values[50:150])
    assert torch.equal(loop[0], values[150])  # what came after the last frame
    assert loop[1:50].diff(dim=0).abs().max() < 6


def test_a_loop_of_smooth_motion_has_no_seam():
    time = torch.arange(300)[:, None] / 25
    values = torch.sin(time * torch.linspace(0.5, 2, 70))

    loop = make_loop(Motion(values, torch.zeros(63)), 3.0).values

    steps = torch.cat([loop, loop[:2]]).diff(dim=0)
    assert steps[-2].abs().max() < 0.1
    assert steps.diff(dim=0)[-1].abs().max() < 0.02


def test_a_loop_shares_a_frame_at_least():
    assert len(make_loop(random_motion(50, fps=1), 0.1)) == 49


def test_at_most_half_of_a_motion_is_shared():
    assert len(make_loop(random_motion(10), 60)) == 5
