"""Motion at other rates, speeds and lengths."""

import numpy as np
import pytest
import torch

from moda_core.editing.retiming import fit_motion, retime
from moda_core.motion.motion import Motion

from .direct_cases import assert_same_motion, random_motion


@pytest.mark.parametrize(
    ("fps", "speed", "num_frames"),
    [(30, 1.0, 60), (50, 1.0, 100), (12.5, 1.0, 25), (None, 2.0, 25), (60, 0.5, 240)],
)
def test_time_passes_at_the_speed_asked(fps, speed, num_frames):
    motion = random_motion(50)

    retimed = retime(motion, fps, speed, interpolation="linear")

    rate = fps or 25
    time_s = np.arange(num_frames) / rate * speed
    expected = [np.interp(time_s, np.arange(50) / 25, curve) for curve in motion.values.T.numpy()]
    assert_same_motion(retimed.values, np.transpose(expected))
    assert retimed.fps == rate


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
@pytest.mark.parametrize("duration_s", [0.5, 2.0, 7.3])
def test_a_motion_fits_the_length_asked(fps, duration_s):
    motion = random_motion(50)

    retimed = retime(motion, fps, duration_s=duration_s, interpolation="linear")

    assert len(retimed) == round(duration_s * fps)
    middle = len(retimed) // 2
    expected = [
        np.interp(middle / fps / duration_s * 50, np.arange(50), curve)
        for curve in motion.values.T.numpy()
    ]
    assert_same_motion(retimed.values[[middle]], [expected])


def test_linear_retiming_agrees_with_resampling():
    motion = random_motion(50)

    retimed = retime(motion, 30, interpolation="linear")

    assert torch.equal(retimed.values, motion.resampled(30, 60).values)


def test_slow_motion_of_a_smooth_curve_has_no_corners_by_default():
    time = torch.arange(100)[:, None] / 25
    motion = Motion(torch.sin(time * torch.linspace(2, 6, 70)), torch.zeros(63))

    smooth, cornered = (
        retime(motion, speed=0.25, **chosen).values.diff(n=3, dim=0).abs().mean()
        for chosen in ({}, {"interpolation": "linear"})
    )

    assert smooth < 0.5 * cornered


def test_a_motion_that_is_too_short_is_held_or_repeated():
    motion = random_motion(10)

    held, looped = (fit_motion(motion, 25, 24, loop) for loop in (False, True))

    assert torch.equal(held.values[10:], motion.values[-1:].expand(14, 70))
    assert torch.equal(looped.values, motion.values.repeat(3, 1)[:24])
