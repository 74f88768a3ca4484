"""Motions for the tests of what is done to motion."""

import torch

from moda_core.motion.controls import CONTROLS, compose, read, rest_expression
from moda_core.motion.motion import Motion, released_stats
from tests.tolerances import assert_rounded_motion


def random_motion(num_frames=60, seed=0, fps=25, rest=None):
    """Return motion that moves every dim, about the data set's mean."""
    generator = torch.Generator().manual_seed(seed)
    stats = released_stats()
    values = stats.denormalize(0.5 * torch.randn(num_frames, 70, generator=generator))
    return Motion(values, rest_expression().clone() if rest is None else rest, fps)


def acted_motion(num_frames=60, fps=25, rest=None, **controls):
    """Return motion at rest but for controls, each a value or a tensor (num_frames,)."""
    rest = rest_expression().clone() if rest is None else rest
    table = torch.zeros(num_frames, len(CONTROLS))
    for name, value in controls.items():
        table[:, CONTROLS.index(name)] = value
    values = released_stats().mean.repeat(num_frames, 1)
    values[:, :63] = rest + compose(table)
    values[:, 67:] = 0
    return Motion(values, rest, fps)


def control(motion, name):
    """Return one control of a motion, (N,)."""
    return read(motion.offset)[:, CONTROLS.index(name)]


def dims(*keypoints):
    """Return the dims of keypoints."""
    return [3 * keypoint + axis for keypoint in keypoints for axis in range(3)]


def assert_same_motion(values, expected, dims=slice(None), roundings=16):
    """Assert that dims of motion agree but for rounding, each in standard deviations of its own."""
    assert_rounded_motion(values, expected, released_stats().std[dims], roundings)


def changed_dims(motion, other):
    """Return the dims in which two motions differ in any bit."""
    return set((motion.values != other.values).any(0).nonzero().flatten().tolist())
