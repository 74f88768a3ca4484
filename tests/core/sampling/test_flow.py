"""Rectified flow: schedule, step, guidance and clamping."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from moda_core.sampling.flow import (
    clamp_by_quantile,
    euler_step,
    noise_levels,
    predict_clean,
    timesteps,
)
from tests.tolerances import assert_rounded


def test_ten_steps_are_the_released_table():
    assert timesteps(10).tolist() == [1000, 889, 778, 667, 556, 445, 334, 223, 112, 1]


@pytest.mark.parametrize("num_steps", [2, 7, 50, 999, 1000])
def test_steps_are_even_and_rounded_once_on_any_processor(num_steps):
    found = timesteps(num_steps)

    step = Fraction(float(np.float32(999 / (num_steps - 1))))
    middle = num_steps // 2
    exact = [1000 - step * index for index in range(middle)]
    exact += [1 + step * (num_steps - 1 - index) for index in range(middle, num_steps)]
    assert found.tolist() == [float(np.float32(float(each))) for each in exact]


@pytest.mark.parametrize("num_steps", [0, 1001, -1])
def test_numbers_of_steps_out_of_range_are_refused(num_steps):
    with pytest.raises(ValueError, match=str(num_steps)):
        timesteps(num_steps)


@pytest.mark.parametrize("num_steps", [1, 2, 10, 50])
def test_noise_levels_chain_from_one_to_zero(num_steps):
    sigma, sigma_next = noise_levels(num_steps)

    assert sigma[0] == 1
    assert sigma_next[-1] == 0
    assert_rounded(sigma_next[:-1], sigma[1:], 4, scale=1.0)


def test_a_straight_flow_is_followed_exactly():
    noise, clean = torch.randn(2, 1, 4, 70, generator=torch.Generator().manual_seed(0))
    x = noise

    for sigma, sigma_next in zip(*noise_levels(7), strict=True):
        x = euler_step(x, noise - clean, sigma, sigma_next)

    assert_rounded(x, clean, 3 * 7)


def test_the_clean_prediction_of_a_straight_flow_is_the_clean_motion():
    noise, clean = torch.randn(2, 1, 4, 70, generator=torch.Generator().manual_seed(0))
    half_way = (noise + clean) / 2

    predicted = predict_clean(half_way, noise - clean, 0.5)

    assert_rounded(predicted, clean, 5)


def test_a_step_must_not_add_noise():
    with pytest.raises(ValueError, match=r"0\.5"):
        euler_step(torch.zeros(1, 2, 70), torch.zeros(1, 2, 70), 0.25, 0.5)


def test_each_row_is_clamped_to_its_own_quantile_within_the_limits():
    velocity = torch.stack([torch.linspace(-4, 4, 140), torch.linspace(-40, 40, 140)])
    velocity = velocity.reshape(2, 2, 70)

    clamped = clamp_by_quantile(velocity, 0.5, 1.0, 10.0)

    first = np.quantile(np.abs(velocity[0].numpy()), 0.5)
    assert clamped[0].abs().max() == pytest.approx(first, rel=1e-5)
    assert clamped[1].abs().max() == 10.0
