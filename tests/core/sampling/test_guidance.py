"""Guidance of speech and emotion, against rows computed one by one."""

from copy import deepcopy
from functools import cache

import pytest
import torch

from moda_core.emotion.labels import EMOTIONS, emotion_weights
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.flow import noise_levels
from moda_core.sampling.guidance import label_table, plan_rows
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.window_plan import window_audio, window_noise

from .sampling_cases import (
    IDENTITY,
    NULL_AUDIO,
    PREVIOUS,
    features,
    rounding_of,
    sample,
    tiny_network,
)

ONES = torch.ones(80)


@pytest.fixture(scope="module")
def network():
    return tiny_network()


def velocity(network, label, hears=True, sigma=1.0):
    """Return the velocity of one row, shape (80, 70)."""
    audio = window_audio(features(80), 0, 3, "zero")[None]
    audio = audio if hears else NULL_AUDIO.expand_as(audio)
    motion = torch.cat([PREVIOUS.expand(1, 80, -1), window_noise(0, 0)], dim=-1)
    emotion = emotion_weights(label)[None]
    inputs = (motion, torch.tensor([1000.0 * sigma]), audio, IDENTITY[None], emotion)
    dtype = next(network.parameters()).dtype
    return network(*(x.to(dtype) for x in inputs))[0]


@cache
def rounding() -> float:
    """Return by how much two ways to a guided velocity may differ, in standard deviations.

    A network of float64 tells what float32 is off by in one row. The weights of the rows that are
    added come to 8 at most; each of the two ways is off, by up to twice what the other kernel is.
    """
    network = tiny_network()
    exact = deepcopy(network).double()
    rows = [("none", False), ("none", True), ("fear", True), ("sadness", True)]
    errors = [(velocity(network, *row) - velocity(exact, *row)).abs().max() for row in rows]
    return 2 * 2 * 8 * float(max(errors))


def step(network, curve, **options):
    """Return the velocity that one step from noise to motion took, expression only."""
    noise = window_noise(0, 0)
    options = {"num_steps": 1, "noise": [noise], "emotion": curve, **options}
    return (noise[0] - sample(network, features(80), **options))[:, :63]


def check(found, expected):
    torch.testing.assert_close(found, expected[:, :63], atol=rounding(), rtol=0)


def blend(intensity=ONES, **shares):
    """Return a curve of amounts by label, each a number or of shape (80,), times an intensity."""
    amounts = torch.zeros(80, 9)
    for label, share in shares.items():
        amounts[:, EMOTIONS.index(label)] = share
    return EmotionCurve(intensity[:, None] * amounts)


def test_one_scale_is_the_released_rule(network):
    nothing, fear = velocity(network, "none", hears=False), velocity(network, "fear")

    found = step(network, blend(fear=1.0), cfg_scale=1.7)

    check(found, nothing + 1.7 * (fear - nothing))


def test_by_default_the_released_rule_is_followed_to_the_bit(network, monkeypatch):
    noise, answers, compute = window_noise(0, 0), [], network.velocity
    monkeypatch.setattr(
        network, "velocity", lambda *rows: answers.append(compute(*rows)) or answers[-1]
    )

    found = sample(network, features(80), num_steps=10, cfg_scale=1.2, noise=[noise])

    latents = noise
    for (uncond, cond), sigma, sigma_next in zip(answers, *noise_levels(10), strict=True):
        latents = latents + (uncond + 1.2 * (cond - uncond)) * (sigma_next - sigma)
    assert torch.equal(found[:, :63], latents[0, :, :63])


@pytest.mark.parametrize("end", [0.8, 0.6, 0.4])
def test_the_ends_of_the_interval_belong_to_it(network, end):
    noise, others = window_noise(0, 0), {"schedule": "even", "num_steps": 5, "cfg_scale": 3.0}
    run = lambda low, high: sample(  # noqa: E731
        network, features(80), noise=[noise], guidance_interval=(low, high), **others
    )

    assert torch.equal(run(0.0, end), run(0.0, end + 0.05))
    assert not torch.equal(run(0.0, end), run(0.0, end - 0.05))
    assert torch.equal(run(end, 1.0), run(end - 0.05, 1.0))


def test_speech_and_emotion_have_their_own_scales(network):
    nothing, plain = velocity(network, "none", hears=False), velocity(network, "none")
    fear = velocity(network, "fear")

    found = step(network, blend(fear=1.0), cfg_scale=1.7, emotion_scale=2.5)

    check(found, nothing + 1.7 * (plain - nothing) + 2.5 * (fear - plain))


def test_emotion_can_be_guided_while_speech_is_not(network):
    plain, fear = velocity(network, "none"), velocity(network, "fear")

    found = step(network, blend(fear=1.0), cfg_scale=1.0, emotion_scale=2.5)

    check(found, plain + 2.5 * (fear - plain))


def test_intensity_multiplies_the_scale_of_the_emotion_frame_by_frame(network):
    nothing, plain = velocity(network, "none", hears=False), velocity(network, "none")
    fear, intensity = velocity(network, "fear"), torch.linspace(0, 2, 80)

    found = step(network, blend(intensity, fear=1.0), cfg_scale=1.5)

    speech = nothing + 1.5 * (plain - nothing)
    check(found, speech + 1.5 * intensity[:, None] * (fear - plain))


@pytest.mark.parametrize("cfg_scale", [1.0, 1.5])
def test_no_intensity_is_no_emotion_to_the_bit(network, cfg_scale):
    found = step(network, blend(0 * ONES, fear=1.0), cfg_scale=cfg_scale)

    check(found, step(network, emotion_weights("none"), cfg_scale=cfg_scale))


@pytest.mark.parametrize("cfg_scale", [1.0, 1.5])
def test_emotions_are_mixed_per_frame(network, cfg_scale):
    nothing, ramp = velocity(network, "none", hears=False), torch.linspace(0, 1, 80)
    sad, glad = velocity(network, "sadness"), velocity(network, "happiness")

    found = step(network, blend(sadness=1 - ramp, happiness=ramp), cfg_scale=cfg_scale)

    mixed = (1 - ramp)[:, None] * sad + ramp[:, None] * glad
    check(found, nothing + cfg_scale * (mixed - nothing))


def test_three_emotions_with_an_intensity_follow_the_rule(network):
    rows = {name: velocity(network, name) for name in ("sadness", "none", "fear")}
    nothing, intensity = velocity(network, "none", hears=False), torch.linspace(0.5, 1.5, 80)
    shares = {"sadness": 0.5, "none": 0.2, "fear": 0.3}

    found = step(network, blend(intensity, **shares), cfg_scale=1.3, emotion_scale=2.0)

    expected = nothing + 1.3 * (rows["none"] - nothing)
    for name, share in shares.items():
        expected = expected + share * 2.0 * intensity[:, None] * (rows[name] - rows["none"])
    check(found, expected)


def test_an_emotion_of_another_window_costs_nothing(network):
    calls, run = [], network.velocity
    amounts = torch.zeros(144, 9)
    amounts[:100, EMOTIONS.index("sadness")] = 1
    amounts[100:, EMOTIONS.index("fear")] = 1

    def counted(motion, *rest):
        calls.append(len(motion))
        return run(motion, *rest)

    network.velocity = counted
    try:
        sample(network, features(144), num_steps=1, emotion=EmotionCurve(amounts))
    finally:
        del network.velocity

    assert calls == [2, 3]


def test_outside_its_interval_guidance_is_off(network):
    curve, audio = blend(fear=1.0), features(80)

    never = sample(network, audio, emotion=curve, cfg_scale=3.0, guidance_interval=(0.4, 0.45))
    always = sample(network, audio, emotion=curve, cfg_scale=3.0, guidance_interval=(0.0, 1.0))

    plain = sample(network, audio, emotion=curve, cfg_scale=1.0)
    guided = sample(network, audio, emotion=curve, cfg_scale=3.0)
    difference = rounding_of(network, audio, emotion=curve, cfg_scale=1.0)
    torch.testing.assert_close(never, plain, atol=difference, rtol=0)
    assert torch.equal(always, guided)
    assert not torch.allclose(plain, guided, atol=1e-2)


def test_both_ends_of_the_interval_belong_to_it(network):
    curve, latents = blend(fear=1.0), window_noise(0, 0)
    options = {"emotion": curve, "cfg_scale": 3.0, "noise": [latents]}
    found = {}

    def look(velocity, x, sigmas, on_step):
        found.update({sigma: velocity(x, sigma)[0] for sigma in (0.75, 0.5, 0.25)})
        return x

    sample(network, features(80), guidance_interval=(0.5, 0.75), solve=look, **options)

    for sigma in (0.75, 0.5):
        nothing = velocity(network, "none", hears=False, sigma=sigma)
        fear = velocity(network, "fear", sigma=sigma)
        check(found[sigma][:, :63], nothing + 3 * (fear - nothing))
    plain = velocity(network, "fear", sigma=0.25)
    check(found[0.25][:, :63], plain)


@pytest.mark.parametrize("cfg_scale", [1.0, 1.5])
@pytest.mark.parametrize("emotion_scale", [None, 2.0])
def test_a_blend_is_a_mix_of_velocities_however_it_is_given(network, cfg_scale, emotion_scale):
    shares = {"happiness": 0.6, "surprise": 0.3}
    options = {"cfg_scale": cfg_scale, "emotion_scale": emotion_scale}

    found = step(network, emotion_weights(shares), **options)

    nothing, plain = velocity(network, "none", hears=False), velocity(network, "none")
    expected = nothing + cfg_scale * (plain - nothing)
    for name, share in shares.items():
        expected = expected + share * (emotion_scale or cfg_scale) * (
            velocity(network, name) - plain
        )
    check(found, expected)
    check(step(network, blend(**shares), **options), found)


def test_a_full_blend_takes_a_row_for_each_of_its_emotions():
    emotion = EmotionCurve.constant(emotion_weights({"happiness": 0.6, "surprise": 0.4}))

    plain, guided = (SamplingOptions(cfg_scale=scale) for scale in (1.0, 1.2))

    assert len(label_table(emotion, plain)) == 2
    assert plan_rows(emotion, plain, 0, 80, True).hears == (True, True)
    assert plan_rows(emotion, guided, 0, 80, True).hears == (False, True, True)


@pytest.mark.parametrize(
    "amounts",
    [
        torch.ones(2, 8),
        torch.ones(9),
        torch.ones(0, 9),
        torch.tensor([[-0.5] + 8 * [0.0]]),
        torch.full((1, 9), float("nan")),
        torch.full((1, 9), float("inf")),
    ],
)
def test_curves_that_are_none_are_refused(amounts):
    with pytest.raises(ValueError, match="Expected"):
        EmotionCurve(amounts)


def test_a_curve_holds_its_last_frame():
    curve = EmotionCurve(torch.eye(9)[[0, 3]] * torch.tensor([[1.0], [0.5]]))

    amounts = curve.window(1, 3)

    assert curve.shown == (0, 3)
    assert amounts[:, [0, 3]].tolist() == [[0, 0.5]] * 3
