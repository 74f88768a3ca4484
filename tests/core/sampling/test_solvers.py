"""Solvers on a flow whose solution is known: the data are normal, so the flow is linear."""

from itertools import pairwise

import pytest
import torch

from moda_core.sampling.denoiser import FlowDenoiser
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.schedule import schedule_of
from moda_core.sampling.solvers import SOLVE
from tests.bench.bench_solvers import count_calls

MEAN, STD = 0.7, 0.4


def normal_flow(latents, sigma):
    """Return E[noise - clean | latents] where clean is N(MEAN, STD**2)."""
    variance = (1 - sigma) ** 2 * STD**2 + sigma**2
    slope = (sigma - (1 - sigma) * STD**2) / variance
    return -MEAN + slope * (latents - (1 - sigma) * MEAN)


def noise():
    return torch.randn(2, 5, 70, generator=torch.Generator().manual_seed(0)).double()


def schedule(num_steps, **options):
    return schedule_of(SamplingOptions(num_steps=num_steps, **{"schedule": "even", **options}))


def solve(solver, num_steps, **options):
    return SOLVE[solver](normal_flow, noise(), schedule(num_steps, **options), lambda: None)


def error(solver, num_steps, **options):
    return float((solve(solver, num_steps, **options) - (MEAN + STD * noise())).abs().max())


@pytest.mark.parametrize("solver", list(SOLVE))
def test_twice_the_steps_shrink_the_error_at_least_by_the_order(solver):
    order = 1 if solver == "euler" else 2

    ratio = error(solver, 40) / error(solver, 80)

    assert ratio > 2 ** (order - 0.35)


@pytest.mark.parametrize("solver", ["heun", "midpoint", "ab2"])
def test_second_order_needs_half_the_calls(solver):
    steps = {"heun": 10, "midpoint": 10, "ab2": 20}[solver]

    assert count_calls(solver, steps) <= 20
    assert error(solver, steps) < error("euler", 40)


@pytest.mark.parametrize("solver", ["heun", "midpoint", "ab2"])
def test_steps_may_differ_in_length(solver):
    assert error(solver, 40, shift=3.0) / error(solver, 80, shift=3.0) > 2**1.65


@pytest.mark.parametrize("solver", list(SOLVE))
@pytest.mark.parametrize("num_steps", [1, 2, 7])
@pytest.mark.parametrize("kind", ["released", "even"])
def test_calls_are_counted_and_clean_motion_is_never_asked_about(solver, num_steps, kind):
    asked, steps = [], []

    def velocity(latents, sigma):
        asked.append(float(sigma))
        return torch.zeros_like(latents)

    grid = schedule(num_steps, schedule=kind)
    SOLVE[solver](velocity, noise(), grid, lambda: steps.append(1))

    assert len(asked) == count_calls(solver, num_steps)
    assert min(asked) > 0
    assert len(steps) == num_steps


@pytest.mark.parametrize("solver", list(SOLVE))
def test_the_noise_is_not_changed(solver):
    start = noise()

    SOLVE[solver](normal_flow, start, schedule(3), lambda: None)

    assert torch.equal(start, noise())


def k_diffusion_euler(denoise, x, sigmas):
    """Solve as samplers of the k-diffusion kind do."""
    for sigma, sigma_next in pairwise(sigmas):
        denoised = denoise(x, sigma * x.new_ones(len(x)), model_options={}, seed=1)
        x = x + (x - denoised) / sigma * (sigma_next - sigma)
    return x


def test_a_k_diffusion_sampler_drives_the_flow():
    sigmas = schedule(12).sigmas.double()

    driven = k_diffusion_euler(FlowDenoiser(normal_flow), noise(), sigmas)

    torch.testing.assert_close(driven, solve("euler", 12), atol=1e-6, rtol=0)


@pytest.mark.parametrize("sigma", [torch.tensor([0.5, 0.4]), 0.0, 14.6])
def test_a_denoiser_refuses_noise_levels_that_are_none(sigma):
    with pytest.raises(ValueError, match="noise level"):
        FlowDenoiser(normal_flow)(noise(), sigma)
