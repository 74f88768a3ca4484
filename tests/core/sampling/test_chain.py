"""Sampling of clips window by window."""

import pytest
import torch

from moda_core.emotion.labels import emotion_weights
from moda_core.sampling.denoiser import FlowDenoiser
from moda_core.sampling.hold import Hold
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion
from moda_core.sampling.schedule import through
from moda_core.sampling.solvers import SOLVE
from moda_core.sampling.window_plan import count_windows, window_noise

from .sampling_cases import (
    NULL_AUDIO,
    conditions,
    features,
    rounding_of,
    sample,
    takes,
    tiny_network,
)
from .test_solvers import k_diffusion_euler


@pytest.fixture(scope="module")
def network():
    return tiny_network()


def test_takes_of_one_batch_are_those_of_single_runs(network):
    audio = features(150)

    batch = takes(network, audio, seeds=[5, 6, 7])

    assert batch.shape == (3, 150, 70)
    rounding = rounding_of(network, audio, seeds=[5, 6, 7])
    for seed, take in zip([5, 6, 7], batch, strict=True):
        alone = sample(network, audio, seeds=[seed])
        torch.testing.assert_close(take, alone, atol=rounding, rtol=0)
    assert not torch.allclose(batch[0], batch[1], atol=0.1)


@pytest.mark.parametrize("overlap", [1, 8, 40, 64])
@pytest.mark.parametrize("num_frames", [1, 80, 81, 200])
def test_any_overlap_gives_every_frame(network, overlap, num_frames):
    seen = []

    motion = sample(
        network, features(num_frames), overlap=overlap, progress=lambda *done: seen.append(done)
    )

    assert motion.shape == (num_frames, 70)
    assert motion.isfinite().all()
    total = 2 * count_windows(num_frames, overlap)
    assert seen == [(done, total) for done in range(1, total + 1)]


def test_windows_are_joined_over_the_overlap_asked_for(network):
    whole, previous = features(136), []

    joined = sample(network, whole, overlap=24, on_window=lambda motion: previous.append(motion))

    assert len(previous) == 1
    before = previous[0][:, :63]
    assert torch.equal(joined[:56, :63], before[:56])
    assert torch.equal(joined[56, :63], before[56])  # the new window's weight begins at 0
    assert not torch.allclose(joined[57:80, :63], before[57:80], atol=1e-3)


def test_a_solver_of_the_host_drives_the_flow(network):
    audio, seen = features(100), []

    def solve(velocity, noise, sigmas, on_step):
        result = k_diffusion_euler(FlowDenoiser(velocity), noise, sigmas)
        on_step()
        return result

    driven = sample(
        network, audio, num_steps=5, solve=solve, progress=lambda *done: seen.append(done)
    )

    options = {"num_steps": 5, "schedule": "even"}
    even, rounding = (run(network, audio, **options) for run in (sample, rounding_of))
    torch.testing.assert_close(driven, even, atol=rounding, rtol=0)
    assert len(seen) == 2


@pytest.mark.parametrize("solver", ["heun", "midpoint", "ab2"])
def test_the_solver_asked_for_is_used_in_every_window(network, solver):
    audio, options = features(100), {"num_steps": 3, "schedule": "even"}

    found = sample(network, audio, solver=solver, **options)

    def solve(velocity, noise, sigmas, on_step):
        return SOLVE[solver](velocity, noise, through(sigmas), on_step)

    assert torch.equal(found, sample(network, audio, solve=solve, **options))
    assert not torch.allclose(found, sample(network, audio, **options), atol=1e-2)


@pytest.mark.parametrize("mode", ["chain", "joint"])
def test_every_tensor_of_a_run_lies_on_the_runs_device(mode):
    # Operations that mix devices raise on the meta device too.
    network = tiny_network(device="meta")
    audio = torch.empty(100, 2, 3, device="meta")
    options = SamplingOptions(
        num_steps=2, windows=mode, emotion_scale=2.0, guidance_interval=(0.2, 0.8)
    )
    hold = Hold(torch.zeros(100, 70), torch.ones(100, 70) > 0)

    asked = conditions(audio, emotion_weights("fear"), hold=hold)

    motion = sample_motion(network, NULL_AUDIO.to("meta"), asked, options)

    assert motion.device.type == "meta"
    assert motion.shape == (100, 70)


def test_a_wrong_seed_is_refused(network):
    with pytest.raises(ValueError, match="seed"):
        takes(network, features(10), seeds=[1, -2])


@pytest.mark.parametrize("shape", [(10, 2, 4), (0, 2, 3), (10, 6)])
def test_features_of_another_encoder_are_refused(network, shape):
    with pytest.raises(ValueError, match="audio encoder"):
        sample(network, torch.zeros(shape))


def test_noise_for_too_few_windows_is_refused(network):
    with pytest.raises(ValueError, match="2 windows"):
        sample(network, features(90), noise=[window_noise(0, 0)])
