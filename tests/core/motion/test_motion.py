"""Motion: layout, statistics, resampling and smoothing."""

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter1d

from moda_core.motion.motion import (
    Motion,
    modulate_lips,
    previous_motion,
    released_stats,
    smooth_pose,
)
from tests.tolerances import assert_rounded


def random_motion(num_frames, seed=0):
    return torch.randn(num_frames, 70, generator=torch.Generator().manual_seed(seed))


def test_statistics_are_those_of_the_released_format():
    stats = released_stats()

    assert stats.mean.shape == stats.std.shape == (70,)
    assert stats.mean[63] == pytest.approx(1.2865, abs=1e-4)
    assert stats.std[67:].tolist() == pytest.approx([8.88, 23.86, 5.61], abs=0.01)
    assert stats.mean[66] == stats.std[66] == 0


def test_denormalize_undoes_normalize():
    stats, motion = released_stats(), random_motion(5)

    restored = stats.normalize(stats.denormalize(motion))

    torch.testing.assert_close(restored, motion, atol=2e-3, rtol=1e-3)


def test_smoothing_is_a_three_tap_mean_of_the_pose_alone():
    motion = random_motion(9)

    smoothed = smooth_pose(motion)

    inside = uniform_filter1d(motion[:, 63:].numpy(), 3, axis=0)[1:-1]
    assert_rounded(smoothed[1:-1, 63:], inside, 4)
    torch.testing.assert_close(smoothed[0, 63:], motion[:2, 63:].mean(0))
    torch.testing.assert_close(smoothed[-1, 63:], motion[-2:, 63:].mean(0))
    assert torch.equal(smoothed[:, :63], motion[:, :63])


def test_smoothing_leaves_a_single_frame_and_its_argument_alone():
    motion = random_motion(1)
    before = motion.clone()

    smoothed = smooth_pose(motion)

    assert torch.equal(smoothed, motion)
    assert torch.equal(motion, before)


@pytest.mark.parametrize(("fps", "num_frames"), [(25, 50), (30, 60), (23.976, 48), (60, 120)])
def test_resampling_agrees_with_linear_interpolation_in_time(fps, num_frames):
    motion = Motion(random_motion(50), torch.zeros(63))

    resampled = motion.resampled(fps, num_frames)

    time_s = np.arange(num_frames) / fps
    expected = [np.interp(time_s, np.arange(50) / 25, motion.values[:, dim]) for dim in range(70)]
    assert_rounded(resampled.values.T, expected, 16)
    assert (len(resampled), resampled.fps) == (num_frames, fps)


@pytest.mark.parametrize(
    ("values", "rest", "fps"),
    [
        (torch.zeros(4, 69), torch.zeros(63), 25),
        (torch.zeros(4, 70), torch.zeros(62), 25),
        (torch.zeros(4, 70), torch.zeros(63), 0),
    ],
)
def test_wrong_shapes_and_rates_are_refused(values, rest, fps):
    with pytest.raises(ValueError, match="Expected"):
        Motion(values, rest, fps)


def test_previous_motion_has_the_mean_scale():
    stats = released_stats()
    info = {"exp": torch.zeros(1, 63), "scale": torch.tensor([[1.7]]), "t": torch.ones(1, 3)}
    info |= {axis: torch.tensor([[5.0]]) for axis in ("pitch", "yaw", "roll")}

    previous, ratio = previous_motion(info, stats)

    frame = stats.denormalize(previous)[0, 0]
    assert frame[63] == pytest.approx(float(stats.mean[63]), abs=1e-4)
    assert frame[64:67].tolist() == pytest.approx([1 / float(ratio)] * 2 + [0], abs=1e-5)
    assert frame[67:].tolist() == pytest.approx([5, 5, 5], abs=1e-4)


def test_lip_modulation_grows_the_distance_from_silence_and_touches_only_lips():
    motion = random_motion(20)

    modulated = modulate_lips(motion, silent_frames=8)

    reference = 20 - 6
    lips = [3 * k + axis for k in (6, 12, 14, 17, 19, 20) for axis in range(3)]
    others = [dim for dim in range(70) if dim not in lips]
    before = (motion - motion[reference])[:, lips].abs()
    after = (modulated - motion[reference])[:, lips].abs()
    assert (after >= before - 1e-6).all()
    assert torch.equal(modulated[:, others], motion[:, others])
    assert torch.equal(modulated[reference], motion[reference])
