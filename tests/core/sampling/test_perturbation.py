"""Attention-perturbation guidance, against rows computed one by one."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest
import torch

from moda_core.emotion.labels import EMOTIONS, emotion_weights
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.flow import clamp_by_quantile
from moda_core.sampling.guidance import plan_rows
from moda_core.sampling.hold import Hold
from moda_core.sampling.inversion import invert_flow
from moda_core.sampling.memory import ROW, sampling_bytes
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.perturbation import HeadPerturbation, heads_text, parse_heads
from moda_core.sampling.rolling import RollingPlan, RollingSampler
from moda_core.sampling.sample import sample_motion
from moda_core.sampling.window_plan import window_audio, window_noise

from .sampling_cases import (
    CONFIG,
    IDENTITY,
    NULL_AUDIO,
    PREVIOUS,
    conditions,
    features,
    rounding_of,
    sample,
    takes,
    tiny_network,
)
from .sampling_models import tiny_model

HEADS = ((0, 1), (2, 0))
PERTURBED = HeadPerturbation(HEADS, u=0.7, w=1.5)


@pytest.fixture(scope="module")
def network():
    return tiny_network()


@pytest.fixture
def rows(network, monkeypatch):
    """How many rows went through the network at each call."""
    found, run = [], network.velocity

    def counted(motion, *rest, **named):
        found.append(len(motion))
        return run(motion, *rest, **named)

    monkeypatch.setattr(network, "velocity", counted)
    return found


def velocity(network, label, hears=True, perturbation=None):
    """Return the velocity of one row at pure noise, shape (80, 70)."""
    audio = window_audio(features(80), 0, 3, "zero")[None]
    audio = audio if hears else NULL_AUDIO.expand_as(audio)
    motion = torch.cat([PREVIOUS.expand(1, 80, -1), window_noise(0, 0)], dim=-1)
    emotion = emotion_weights(label)[None]
    inputs = (motion, torch.tensor([1000.0]), audio, IDENTITY[None], emotion)
    dtype = next(network.parameters()).dtype
    shares = None
    if perturbation is not None:
        shares = torch.zeros(3, 1, 2, dtype=dtype)
        for block, head in perturbation.heads:
            shares[block, 0, head] = perturbation.u
    return network(*(x.to(dtype) for x in inputs), shares)[0]


@cache
def rounding() -> float:
    """Return by how much two ways to a guided velocity may differ, in standard deviations.

    As in `test_guidance`: what float32 is off by in one row, of rows whose weights come to 8.
    """
    network = tiny_network()
    exact = deepcopy(network).double()
    errors = [
        (velocity(network, label, True, way) - velocity(exact, label, True, way)).abs().max()
        for label in ("none", "fear")
        for way in (None, PERTURBED)
    ]
    return 2 * 2 * 8 * float(max(errors))


def check_step(network, expected, emotion=None, **options):
    """Check the velocity that one step from noise to motion took, expression only."""
    noise = window_noise(0, 0)
    given = {"num_steps": 1, "noise": [noise], "perturbation": PERTURBED, **options}
    found = noise[0] - sample(network, features(80), emotion=emotion, **given)
    torch.testing.assert_close(found[:, :63], expected[:, :63], atol=rounding(), rtol=0)


def test_the_velocity_leads_away_from_the_perturbed_one(network):
    nothing, fear = velocity(network, "none", hears=False), velocity(network, "fear")
    perturbed = velocity(network, "fear", perturbation=PERTURBED)

    expected = nothing + 1.7 * (fear - nothing) + 1.5 * (fear - perturbed)

    check_step(network, expected, emotion_weights("fear"), cfg_scale=1.7)


def test_it_needs_no_guidance_of_the_speech(network, rows):
    plain = velocity(network, "none")
    perturbed = velocity(network, "none", perturbation=PERTURBED)
    rows.clear()

    check_step(network, plain + 1.5 * (plain - perturbed), cfg_scale=1.0)

    assert rows == [2]


def test_a_window_is_led_away_from_the_emotion_that_it_shows_most(network):
    amounts = torch.zeros(80, 9)
    amounts[:30, EMOTIONS.index("fear")], amounts[30:, EMOTIONS.index("sadness")] = 1, 1
    fear, sad = velocity(network, "fear"), velocity(network, "sadness")
    perturbed = velocity(network, "sadness", perturbation=PERTURBED)

    expected = torch.cat([fear[:30], sad[30:]]) + 1.5 * (sad - perturbed)

    check_step(network, expected, EmotionCurve(amounts), cfg_scale=1.0)


def test_dynamic_thresholds_bound_the_perturbed_row_too(network):
    bound = (0.5, 0.01, 10.0)
    ways = ((False, None), (True, None), (True, PERTURBED))
    velocities = [velocity(network, "none", hears, way) for hears, way in ways]
    nothing, plain, perturbed = (clamp_by_quantile(v[None], *bound)[0] for v in velocities)

    expected = nothing + 1.7 * (plain - nothing) + 1.5 * (plain - perturbed)

    check_step(network, expected, cfg_scale=1.7, dynamic_threshold=bound)


@pytest.mark.parametrize(
    "off",
    [
        HeadPerturbation((), 1.0, 1.0),
        HeadPerturbation(HEADS, 0.0, 1.0),
        HeadPerturbation(HEADS, 1.0, 0.0),
    ],
    ids=["no head", "u 0", "w 0"],
)
def test_off_is_none_to_the_bit_and_costs_nothing(network, rows, off):
    audio = features(100)
    plain, calls = sample(network, audio), list(rows)
    rows.clear()

    assert torch.equal(sample(network, audio, perturbation=off), plain)
    assert rows == calls == [2] * 4


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [3] * 4),  # two steps of two windows
        ({"seeds": (1, 2)}, [6] * 4),
        ({"emotion_scale": 2.0, "emotion": emotion_weights("fear")}, [4] * 4),
        ({"windows": "joint"}, [6] * 2),
        ({"windows": "joint", "seeds": (1, 2)}, [8, 4] * 2),
    ],
)
def test_it_costs_one_row_a_step(network, rows, options, expected):
    takes(network, features(100), perturbation=PERTURBED, **options)

    assert rows == expected


def test_outside_of_its_interval_it_is_off_and_costs_nothing(network, rows):
    audio, options = features(80), {"num_steps": 4, "schedule": "even"}
    part = replace(PERTURBED, interval=(0.5, 0.75))

    sample(network, audio, perturbation=part, **options)

    assert rows == [2, 3, 3, 2]


@pytest.mark.parametrize("windows", ["chain", "joint"])
def test_takes_of_one_batch_are_those_of_single_runs(network, windows):
    options = {"windows": windows, "perturbation": PERTURBED}
    audio = features(150)

    batch = takes(network, audio, seeds=[5, 6], **options)

    rounding = rounding_of(network, audio, seeds=[5, 6], **options)
    for seed, take in zip([5, 6], batch, strict=True):
        alone = sample(network, audio, seeds=[seed], **options)
        torch.testing.assert_close(take, alone, atol=rounding, rtol=0)
    plain = takes(network, audio, seeds=[5, 6], windows=windows)
    assert float((batch - plain).abs().max()) > 0.1


def test_what_is_held_stays_exact(network):
    held, mask = torch.randn(80, 70), torch.zeros(80, 70, dtype=torch.bool)
    mask[20:40, :10] = True

    motion = sample(network, features(80), perturbation=PERTURBED, hold=Hold(held, mask))

    assert torch.equal(motion[mask], held[mask])


def test_a_perturbed_flow_can_be_inverted(network):
    audio, asked = features(80), SamplingOptions(num_steps=20, perturbation=PERTURBED)
    motion = 0.1 * torch.randn(80, 70, generator=torch.Generator().manual_seed(3))

    noise = invert_flow(network, NULL_AUDIO, conditions(audio), motion, asked)

    options = noise.run_options(asked)
    plain = noise.run_options(replace(asked, perturbation=None))
    given = conditions(audio, noise=noise.for_clip(80, 0))
    found, other = (sample_motion(network, NULL_AUDIO, given, each) for each in (options, plain))
    assert float((found - motion).abs().max()) < 0.01
    assert float((other - motion).abs().max()) > 0.1


def test_a_stream_is_guided_too():
    model, audio = tiny_model(), window_audio(features(80), 0, 3, "zero")[:12]

    def shown(perturbation):
        options = SamplingOptions(num_steps=2, perturbation=perturbation)
        plan = RollingPlan(take=8, ahead=4, past=0, options=options)
        return RollingSampler(model, IDENTITY, PREVIOUS, plan, 1)(audio, 8)

    assert torch.equal(shown(replace(PERTURBED, w=0.0)), shown(None))
    assert float((shown(PERTURBED) - shown(None)).abs().max()) > 0.05


@pytest.mark.parametrize("head", [(3, 0), (0, 2), (7, 9)])
def test_a_head_that_the_model_lacks_is_named_with_the_models_counts(network, head):
    asked = HeadPerturbation(((0, 0), head))

    with pytest.raises(ValueError, match=rf"head {head[1]} in block {head[0]}.*3 blocks.*2 heads"):
        sample(network, features(10), perturbation=asked)


def test_heads_of_another_models_search_are_refused(network):
    assert sample(network, features(10), perturbation=replace(PERTURBED, shape=(3, 2))).shape
    with pytest.raises(ValueError, match=r"21 blocks with 12 heads.*3 blocks with 2 heads"):
        sample(network, features(10), perturbation=replace(PERTURBED, shape=(21, 12)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"u": 1.1},
        {"u": float("nan")},
        {"w": -0.1},
        {"w": float("inf")},
        {"interval": (0.6, 0.4)},
        {"interval": (0.5, 1.5)},
        {"heads": ((0, -1),)},
        {"heads": ((0, 1, 2),)},
    ],
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="Expected"):
        replace(PERTURBED, **wrong)


@pytest.mark.parametrize("text", ["3:0, 3:1, 11:2", "3:0 3:1\n11:2", " 3:0,3:1,, 11:2,3:0"])
def test_heads_are_read_from_text(text):
    heads = parse_heads(text)

    assert heads == ((3, 0), (3, 1), (11, 2))
    assert heads_text(heads) == "3:0, 3:1, 11:2"


@pytest.mark.parametrize("wrong", ["3", "3:", "a:1", "-1:0", "1:2:3", "1.5:0"])
def test_text_that_names_no_head_is_refused(wrong):
    with pytest.raises(ValueError, match=f"'{wrong}'.*3:0"):
        parse_heads(f"0:0, {wrong}")


def test_the_row_is_in_the_memory_that_is_asked_for():
    plain, perturbed = SamplingOptions(), SamplingOptions(perturbation=PERTURBED)

    found = [sampling_bytes(options, 100, num_takes=4) for options in (plain, perturbed)]

    assert found[1] - found[0] == pytest.approx(4 * ROW)
    planned = [
        plan_rows(EmotionCurve.none(), options, 0, 80, True, options.perturbed)
        for options in (plain, perturbed)
    ]
    assert [rows.perturbed for rows in planned] == [(False, False), (False, False, True)]


def test_the_cases_network_has_the_blocks_that_are_named():
    assert (CONFIG.num_blocks, CONFIG.num_heads) == (3, 2)
