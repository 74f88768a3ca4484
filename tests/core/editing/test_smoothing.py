"""One-euro and Savitzky-Golay smoothing."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.signal import correlate, savgol_filter

from moda_core.editing.smoothing import (
    OneEuro,
    SavitzkyGolay,
    low_pass,
    one_euro,
    savitzky_golay,
    smooth,
)
from moda_core.motion.motion import HEAD, STD_FLOOR, YAW, Motion, released_stats
from moda_core.motion.regions import MOTION_REGIONS, region_matrix

from .direct_cases import assert_same_motion, changed_dims, random_motion

ALL = {"mouth": 1.0, "eyes": 1.0, "brows": 1.0, "head": 1.0}


def plain_one_euro(curve, fps, min_cutoff, beta):
    """Filter one curve sample by sample, as the paper's algorithm goes."""

    def weight(cutoff):
        return 1 / (1 + (1 / (2 * math.pi * cutoff)) * fps)

    filtered, speed, result = curve[0], 0.0, [curve[0]]
    for before, now in pairwise(curve):
        speed += weight(1.0) * ((now - before) * fps - speed)
        filtered += weight(min_cutoff + beta * abs(speed)) * (now - filtered)
        result.append(filtered)
    return np.array(result)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 16, 17, 200])
@pytest.mark.parametrize(("fps", "cutoff", "beta"), [(25, 1.0, 0.0), (60, 0.3, 2.0)])
def test_the_one_euro_filter_is_the_papers(num_frames, fps, cutoff, beta):
    curves = np.random.default_rng(0).standard_normal((num_frames, 3)).cumsum(0)

    filtered = one_euro(curves, fps, cutoff, beta)

    expected = [plain_one_euro(curve, fps, cutoff, beta) for curve in curves.T]
    np.testing.assert_allclose(filtered, np.transpose(expected), atol=1e-10)


def test_averages_in_blocks_are_those_one_by_one():
    random = np.random.default_rng(0)
    curves, weights = random.standard_normal((1000, 2)), random.random((1000, 2)) ** 4

    averaged = low_pass(curves, weights)

    expected = [curves[0]]
    for now, weight in zip(curves[1:], weights[1:], strict=True):
        expected.append(expected[-1] + weight * (now - expected[-1]))
    np.testing.assert_allclose(averaged, expected, atol=1e-12)


def test_savitzky_golay_is_scipys():
    motion = random_motion(100)

    smoothed = smooth(motion, SavitzkyGolay(window_s=0.44, order=3), **ALL)

    expected = savgol_filter(motion.values.double().numpy(), 11, 3, axis=0)
    assert_same_motion(smoothed.values, expected)


@pytest.mark.parametrize(("num_frames", "window"), [(1, 9), (2, 9), (3, 9), (8, 1), (8, 30)])
def test_savitzky_golay_takes_motion_shorter_than_its_window(num_frames, window):
    line = np.arange(num_frames)[:, None] * np.ones((1, 2))

    np.testing.assert_allclose(savitzky_golay(line, window, 1), line, atol=1e-9)


@pytest.mark.parametrize("method", [OneEuro(), SavitzkyGolay()])
def test_strength_goes_from_the_motion_to_its_smoothed_self(method):
    motion = random_motion(100)

    half, full = (smooth(motion, method, head=s) for s in (0.5, 1.0))

    between = (motion.values + full.values) / 2
    assert_same_motion(half.values, between)
    assert changed_dims(full, motion) == set(range(HEAD.start, HEAD.stop))


@pytest.mark.parametrize("method", [OneEuro(), SavitzkyGolay()])
def test_jitter_of_the_head_gets_smaller_and_a_turn_stays(method):
    motion = random_motion(250)
    turn = 10 * torch.sin(torch.arange(250) / 25)
    jitter = torch.randn(250, generator=torch.Generator().manual_seed(1))
    values = motion.values.clone()
    values[:, YAW] = (turn + jitter)[:, None]

    smoothed = smooth(Motion(values, motion.rest), method, head=1).values[:, YAW]

    rough, fine = (curve.flatten().diff(n=2).abs().mean() for curve in (values[:, YAW], smoothed))
    assert fine < 0.4 * rough
    assert (smoothed.flatten() - turn).abs().mean() < 0.6 * jitter.abs().mean()


def test_filtered_both_ways_nothing_lags():
    motion = random_motion(400)
    wave = 15 * torch.sin(torch.arange(400) * 2 * math.pi / 25)
    values = motion.values.clone()
    values[:, YAW] = wave[:, None]

    lags = []
    for zero_phase in (True, False):
        smoothed = smooth(
            Motion(values, motion.rest), OneEuro(beta=0.0, zero_phase=zero_phase), head=1
        )
        turns = smoothed.values[100:300, YAW].flatten().numpy()
        lags.append(int(correlate(turns, wave[100:300].numpy()).argmax()) - 199)

    assert lags[0] == 0
    assert lags[1] >= 2


@pytest.mark.parametrize("region", MOTION_REGIONS)
def test_only_what_a_region_is_read_from_is_filtered(monkeypatch, region):
    motion, filtered = random_motion(50), []

    def noted(curves, *settings):
        filtered.append(curves.shape)
        return one_euro(curves, *settings)

    monkeypatch.setattr("moda_core.editing.smoothing.one_euro", noted)
    smoothed = smooth(motion, **{region: 1.0}).values

    unit = (released_stats().std + STD_FLOOR).double().numpy()
    curves = motion.values.double().numpy() / unit
    full = one_euro(one_euro(curves, 25, 1.5, 0.5)[::-1], 25, 1.5, 0.5)[::-1] * unit
    change = torch.from_numpy(full) - motion.values
    expected = motion.values + change @ region_matrix({region: 1.0})
    assert_same_motion(smoothed, expected)
    assert all(num_curves < 63 for _, num_curves in filtered)


def test_an_empty_table_of_strengths_smooths_nothing():
    motion = random_motion()

    assert torch.equal(smooth(motion).values, motion.values)
