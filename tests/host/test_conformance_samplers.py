"""What samplers ask of their model, on the stand-in and on a real host."""

from types import SimpleNamespace

import pytest
import torch

SIGMAS = torch.tensor([1.0, 0.75, 0.4, 0.0])


def flow_model(velocity, calls):
    """A model as the host's samplers want it: attributes, and a call that predicts clean."""
    from comfy.model_sampling import CONST, ModelSamplingDiscreteFlow

    class Flow(ModelSamplingDiscreteFlow, CONST):
        pass

    class Model:
        inner_model = SimpleNamespace(model_sampling=Flow())

        def __call__(self, x, sigma, model_options, seed):
            calls.append((sigma, seed))
            return x - sigma[:, None, None] * velocity

    return Model()


def test_noise_levels_of_a_flow_go_up_to_one(host):
    flow = flow_model(0, []).inner_model.model_sampling

    assert 0 < float(flow.sigma_min) < 0.01
    assert float(flow.sigma_max) == 1
    assert [float(flow.percent_to_sigma(share)) for share in (0, 0.25, 1)] == [1, 0.75, 0]


@pytest.mark.parametrize("sigma", [0.0, 0.3, 1.0])
def test_noise_is_mixed_in_on_a_straight_path(host, sigma):
    flow = flow_model(0, []).inner_model.model_sampling
    noise, clean = torch.ones(2, 3, 4), torch.full((2, 3, 4), 5.0)

    mixed = flow.noise_scaling(torch.tensor(sigma), noise, clean)

    torch.testing.assert_close(mixed, torch.full((2, 3, 4), sigma + 5 * (1 - sigma)))


def test_euler_goes_from_noise_to_clean_and_calls_back_at_each_step(host):
    from comfy.samplers import sampler_object

    calls, steps, noise = [], [], torch.ones(2, 3, 4)
    model, extra = flow_model(3.0, calls), {"model_options": {}, "seed": 8}

    def heard(index, denoised, x, total):
        steps.append((index, total, denoised.shape))

    clean = sampler_object("euler").sample(
        model, SIGMAS, extra, heard, noise, torch.zeros_like(noise), None, True
    )

    torch.testing.assert_close(clean, noise - 3)
    assert [(sigma.tolist(), seed) for sigma, seed in calls] == [
        ([pytest.approx(float(sigma))] * 2, 8) for sigma in SIGMAS[:-1]
    ]
    assert steps == [(index, 3, noise.shape) for index in range(3)]
