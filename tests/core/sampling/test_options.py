"""Options of sampling, and the noise levels they ask for."""

import numpy as np
import pytest
import torch

from moda_core.sampling.flow import noise_levels, timesteps
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.schedule import schedule_of


@pytest.mark.parametrize(
    "change",
    [
        {"num_steps": 0},
        {"num_steps": 10.0},
        {"seed": -1},
        {"seed": 1.5},
        {"pad_mode": "mirror"},
        {"cfg_scale": float("nan")},
        {"dynamic_threshold": (2.0, 1.0, 3.0)},
        {"dynamic_threshold": (0.9, 3.0, 1.0)},
        {"emotion_scale": -0.1},
        {"emotion_scale": float("nan")},
        {"guidance_interval": (0.6, 0.4)},
        {"guidance_interval": (-0.1, 0.4)},
        {"solver": "rk4"},
        {"schedule": "karras"},
        {"shift": 0.0},
        {"shift": float("inf")},
        {"windows": "both"},
        {"overlap": 0},
        {"overlap": 65},
        {"overlap": 8.0},
        {"sigmas": torch.tensor([14.6, 1.0, 0.0])},
        {"sigmas": torch.tensor([1.0, 0.5])},
        {"sigmas": torch.tensor([1.0, 0.5, 0.5, 0.0])},
        {"sigmas": torch.tensor([1.0])},
        {"sigmas": torch.tensor([float("nan"), 0.0])},
    ],
)
def test_impossible_options_are_refused(change):
    with pytest.raises(ValueError, match="Expected"):
        SamplingOptions(**change)


@pytest.mark.parametrize("num_steps", [1, 2, 7, 10, 50])
def test_the_default_schedule_is_the_released_one_to_the_bit(num_steps):
    schedule = schedule_of(SamplingOptions(num_steps=num_steps))

    sigma, sigma_next = noise_levels(num_steps)
    assert torch.equal(schedule.sigma, sigma)
    assert torch.equal(schedule.sigma_next, sigma_next)
    assert torch.equal(schedule.timestep, timesteps(num_steps))


def test_even_steps_are_equally_long():
    schedule = schedule_of(SamplingOptions(num_steps=5, schedule="even"))

    np.testing.assert_allclose(schedule.sigmas, [1, 0.8, 0.6, 0.4, 0.2, 0], atol=1e-6)
    np.testing.assert_allclose(schedule.timestep, [1000, 800, 600, 400, 200], rtol=1e-6)


@pytest.mark.parametrize("schedule", ["released", "even"])
@pytest.mark.parametrize("shift", [0.3, 3.0])
def test_a_shift_multiplies_the_odds_of_noise(schedule, shift):
    plain = schedule_of(SamplingOptions(num_steps=4, schedule=schedule))

    shifted = schedule_of(SamplingOptions(num_steps=4, schedule=schedule, shift=shift))

    odds = [s.sigmas[1:-1].double() / (1 - s.sigmas[1:-1].double()) for s in (plain, shifted)]
    np.testing.assert_allclose(odds[1], shift * odds[0], rtol=1e-4)
    np.testing.assert_allclose(shifted.timestep, 1000 * shifted.sigma)
    assert (shifted.sigmas[0], shifted.sigmas[-1]) == (1, 0)


def test_sigmas_from_outside_replace_the_schedule():
    sigmas = torch.tensor([1.0, 0.9, 0.25, 0.0], dtype=torch.float64)

    schedule = schedule_of(SamplingOptions(num_steps=50, shift=2.0, sigmas=sigmas))

    assert len(schedule) == 3
    assert torch.equal(schedule.sigmas, sigmas.float())
