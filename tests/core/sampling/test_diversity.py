"""Noise of poses and expressions apart from the mouth's."""

from dataclasses import replace

import pytest
import torch

from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.example import SPEECH
from moda_core.motion.controls import CONTROLS, read
from moda_core.motion.motion import EXPRESSION, HEAD, MOTION_DIM
from moda_core.motion.regions import REGION_KEYPOINTS
from moda_core.sampling.diversity import EXPRESSION_DIMS, Diversity, fresh_noise
from moda_core.sampling.inversion import invert_flow
from moda_core.sampling.inverted_noise import InvertedNoise
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.rolling import STARTER_PLAN, AudioContext, RollingSampler
from moda_core.sampling.schedule import schedule_of
from moda_core.sampling.solvers import SOLVE
from moda_core.sampling.window_plan import window_noise

from .sampling_cases import NULL_AUDIO, conditions, features, rounding_of, takes, tiny_network

MOUTH = [3 * keypoint + axis for keypoint in REGION_KEYPOINTS["mouth"] for axis in range(3)]
WILD = Diversity(1.7, 0.4, 0.6, 0.3)
MEAN, STD = 0.7, 0.4


@pytest.fixture(scope="module")
def network():
    return tiny_network()


def noise(num_rows=2, seed=0):
    return torch.randn(num_rows, 80, MOTION_DIM, generator=torch.Generator().manual_seed(seed))


def normal_flow(latents, sigma):
    """Return E[noise - clean | latents] where clean is N(MEAN, STD**2)."""
    variance = (1 - sigma) ** 2 * STD**2 + sigma**2
    slope = (sigma - (1 - sigma) * STD**2) / variance
    return -MEAN + slope * (latents - (1 - sigma) * MEAN)


def follow(diversity, solver="euler", num_steps=50):
    """Sample a normal distribution with a flow that is known; return motion."""
    start = noise(4)
    schedule = schedule_of(SamplingOptions(num_steps=num_steps, schedule="even"))
    refresh = diversity.refresh(start)
    return SOLVE[solver](normal_flow, diversity.scaled(start), schedule, lambda: None, refresh)


@pytest.mark.parametrize("mode", ["chain", "joint"])
@pytest.mark.parametrize("solver", list(SOLVE))
def test_defaults_change_no_bit(network, mode, solver):
    plain, same = (
        takes(network, features(150), windows=mode, solver=solver, **given)
        for given in ({}, {"diversity": Diversity(1.0, 1.0, 0.0, 0.0)})
    )

    assert torch.equal(plain, same)


def test_the_mouths_noise_stays_to_the_bit():
    start = noise()

    scaled = WILD.scaled(start)

    assert torch.equal(scaled[..., MOUTH], start[..., MOUTH])
    assert torch.equal(scaled[..., HEAD], 1.7 * start[..., HEAD])
    assert torch.equal(scaled[..., EXPRESSION_DIMS], 0.4 * start[..., EXPRESSION_DIMS])
    assert sorted([*MOUTH, *EXPRESSION_DIMS]) == list(range(63))


def test_the_lips_are_read_from_the_mouths_dims_alone():
    other = torch.zeros(len(EXPRESSION_DIMS), 63)
    other[range(len(EXPRESSION_DIMS)), EXPRESSION_DIMS] = 1.0

    lips = read(other)[:, [CONTROLS.index(name) for name in ("jaw", "close", "width")]]

    assert lips.abs().max() < 1e-6


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_deviation_of_normal_motion_is_that_of_the_noise_at_any_temperature(temperature, scale):
    motion = follow(Diversity(scale, 1.0, temperature, 0.0), "midpoint")[..., HEAD]

    # Of 2240 values a deviation is known to 1.5 %, the mean to 2 % of it; this is five times that.
    assert float(motion.std()) == pytest.approx(scale * STD, rel=0.075)
    assert float(motion.mean()) == pytest.approx(MEAN, abs=0.1 * scale * STD)


@pytest.mark.parametrize("solver", list(SOLVE))
def test_every_solver_draws_noise_anew_and_comes_to_the_same_distribution(solver):
    flowed = follow(Diversity(), solver)[..., HEAD]

    hot, warm = (follow(Diversity(pose_temperature=each), solver)[..., HEAD] for each in (1.0, 0.3))

    assert float(hot.std()) == pytest.approx(STD, rel=0.1)
    likeness = [
        float(torch.corrcoef(torch.stack([drawn.flatten(), flowed.flatten()]))[0, 1])
        for drawn in (warm, hot)
    ]
    assert 0.9 > likeness[0] > likeness[1] + 0.1  # to motion of the noise at the start alone


def test_in_short_steps_adams_bashforth_goes_the_way_of_the_midpoint():
    few, many = (
        (follow(WILD, "ab2", steps) - follow(WILD, "midpoint", steps)).square().mean().sqrt()
        for steps in (10, 40)
    )

    assert many < few / 2


@pytest.mark.parametrize("solver", list(SOLVE))
def test_a_temperature_changes_no_other_dim_where_dims_do_not_meet(solver):
    plain, hot = (
        follow(diversity, solver, 10) for diversity in (Diversity(), replace(WILD, pose_noise=1.0))
    )

    assert torch.equal(hot[..., MOUTH], plain[..., MOUTH])
    assert not torch.equal(hot[..., HEAD], plain[..., HEAD])


@pytest.mark.parametrize("mode", ["chain", "joint"])
def test_takes_of_a_batch_are_those_sampled_alone(network, mode):
    given = {"diversity": WILD, "windows": mode}

    batch = takes(network, features(150), seeds=[3, 4], **given)
    alone = takes(network, features(150), seeds=[4], **given)

    rounding = rounding_of(network, features(150), seeds=[3, 4], **given)
    torch.testing.assert_close(batch[1], alone[0], atol=rounding, rtol=0)


def test_fresh_noise_differs_from_step_to_step_and_frame_to_frame():
    seeds = noise()[..., :2].contiguous().view(torch.int32)

    first, second = (fresh_noise(seeds, step) for step in (1, 2))

    rows = torch.cat([first.flatten(0, 1), second.flatten(0, 1)])
    assert len(rows.unique(dim=0)) == len(rows) == 320
    assert float(rows.std()) == pytest.approx(1, rel=0.04)
    assert torch.equal(first[:, 10:20], fresh_noise(seeds[:, 10:20], 1))


def test_a_stream_draws_with_it(network):
    model, audio = load_starter_model(), encode_speech(SPEECH, 1.2).values

    def stream(diversity):
        options = replace(STARTER_PLAN.options, diversity=diversity)
        plan = replace(STARTER_PLAN, options=options)
        start = torch.zeros(1, 1, MOTION_DIM)
        sampler = RollingSampler(model, torch.zeros(63), start, plan, 5)
        context = AudioContext(21, plan.past)
        return torch.cat(
            [
                sampler(context(audio[frame : frame + plan.take + plan.ahead], plan.take), 2)
                for frame in range(0, len(audio) - 4, plan.take)
            ]
        )

    plain, wide, hot = map(stream, (Diversity(), Diversity(2.0), Diversity(pose_temperature=0.5)))

    assert wide[:, HEAD].var(dim=0).sum() > plain[:, HEAD].var(dim=0).sum()
    assert not torch.equal(hot[:, HEAD], plain[:, HEAD])
    jaws = [
        read(model.stats.denormalize(motion)[:, EXPRESSION])[:, CONTROLS.index("jaw")]
        for motion in (plain, wide, hot)
    ]
    assert all(torch.corrcoef(torch.stack([jaws[0], jaw]))[0, 1] > 0.97 for jaw in jaws[1:])


def test_a_linked_sampler_gets_scaled_noise_and_no_temperature(network):
    given = []

    def solve(velocity, latents, sigmas, on_step):
        given.append(latents)
        return latents

    takes(network, features(60), solve=solve, diversity=Diversity(2.0))

    assert torch.equal(given[0][..., HEAD], 2 * window_noise(42, 0)[..., HEAD])
    with pytest.raises(ValueError, match="temperatures to 0"):
        SamplingOptions(solve=solve, diversity=Diversity(pose_temperature=0.1))


def test_noise_of_a_motion_is_neither_scaled_nor_found(network):
    options = SamplingOptions(diversity=Diversity(1.5))
    found = InvertedNoise(noise(1), 80, SamplingOptions(), 0.0, 1.0)

    with pytest.raises(ValueError, match="MoDA Diversity would change it"):
        found.run_options(options)
    with pytest.raises(ValueError, match="MoDA Diversity"):
        invert_flow(network, NULL_AUDIO, conditions(features(80)), torch.zeros(80, 70), options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("pose_noise", 2.5), ("expression_noise", -0.1), ("pose_temperature", 1.5)],
)
def test_a_value_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=rf"{name}, got {value:g}"):
        Diversity(**{name: value})
