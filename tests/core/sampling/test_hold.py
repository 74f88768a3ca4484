"""Keeping motion while the rest is generated."""

from itertools import pairwise

import pytest
import torch

from moda_core.motion.motion import HEAD
from moda_core.sampling.hold import Hold

from .sampling_cases import features, sample, tiny_network


@pytest.fixture(scope="module")
def network():
    return tiny_network()


def held(num_frames, first=0, last=None, dims=HEAD):
    """Return random motion, held in some frames and dims."""
    generator = torch.Generator().manual_seed(1)
    mask = torch.zeros(num_frames, 70, dtype=torch.bool)
    mask[first:last, dims] = True
    return Hold(torch.randn(num_frames, 70, generator=generator), mask)


@pytest.mark.parametrize("mode", ["chain", "joint"])
@pytest.mark.parametrize("solver", ["euler", "heun", "ab2"])
def test_held_values_are_kept_to_the_bit(network, mode, solver):
    hold = held(150, 20, 120)

    motion = sample(network, features(150), hold=hold, windows=mode, solver=solver)

    assert torch.equal(motion[20:120, HEAD], hold.motion[20:120, HEAD])
    assert not torch.allclose(motion[:19, HEAD], hold.motion[:19, HEAD], atol=0.1)


@pytest.mark.parametrize("mode", ["chain", "joint"])
def test_the_rest_fits_what_is_held(network, mode):
    audio = features(150)

    free, kept = (
        sample(network, audio, hold=hold, windows=mode, num_steps=6) for hold in (None, held(150))
    )

    assert not torch.allclose(free[:, :63], kept[:, :63], atol=1e-2)


def test_nothing_held_changes_nothing(network):
    audio = features(100)

    kept = sample(network, audio, hold=held(100, 0, 0))

    assert torch.equal(kept, sample(network, audio))


def test_held_values_follow_the_path_from_noise_to_motion(network):
    hold, passed = held(80), []

    def watch(velocity, noise, sigmas, on_step):
        x = noise
        for sigma, sigma_next in pairwise(sigmas):
            x = x + velocity(x, sigma) * (sigma_next - sigma)
            path = (1 - sigma_next) * hold.motion + sigma_next * noise[0]
            passed.append(float((x[0] - path)[:, HEAD].abs().max()))
        return x

    sample(network, features(80), hold=hold, num_steps=5, solve=watch)

    assert len(passed) == 5
    assert max(passed) < 1e-4


def test_values_that_are_not_held_may_be_anything():
    motion, mask = torch.ones(2, 70), torch.zeros(2, 70, dtype=torch.bool)
    mask[0] = True
    motion[1] = float("nan")

    hold = Hold(motion, mask)
    applied = hold.applied(torch.zeros(1, 3, 70))
    velocity = hold.steered(lambda latents, sigma: latents)(torch.zeros(1, 3, 70), 0.5)

    assert applied[0, :, 0].tolist() == [1, 0, 0]
    assert velocity[0, :, 0].tolist() == [-2, 0, 0]


@pytest.mark.parametrize(
    ("motion", "mask", "text"),
    [
        (torch.zeros(3, 70), torch.zeros(2, 70) > 0, r"\(3, 70\) and \(2, 70\)"),
        (torch.zeros(3, 63), torch.zeros(3, 63) > 0, r"\(N, 70\), got \(3, 63\)"),
        (torch.zeros(3, 70), torch.ones(3, 70), "bool, got torch.float32"),
    ],
)
def test_holds_that_are_none_are_refused(motion, mask, text):
    with pytest.raises(ValueError, match=text):
        Hold(motion, mask)
