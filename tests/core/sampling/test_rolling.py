from dataclasses import replace

import pytest
import torch

from moda_core.bundles.starter import encode_speech, load_starter_model, start_at_rest
from moda_core.example import SPEECH
from moda_core.motion.motion import HEAD
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.rolling import (
    STARTER_PLAN,
    AudioContext,
    RollingPlan,
    RollingSampler,
    frame_noise,
)
from moda_core.sampling.sample import sample_motion
from moda_core.sampling.window_plan import window_audio

IDENTITY, SEED = torch.zeros(63), 5
FEATURES = encode_speech(SPEECH, 2.4).values


@pytest.fixture(scope="module")
def model():
    return load_starter_model()


def rolled(model, features, plan):
    sampler, context = sampler_of(model, plan), AudioContext(21, plan.past)
    parts, frame = [], 0
    while frame < len(features):
        take = min(plan.take, len(features) - frame)
        audio = context(features[frame : frame + plan.take + plan.ahead], take)
        parts.append(sampler(audio, take))
        frame += take
    return torch.cat(parts)


def test_contexts_are_those_of_a_whole_clip_where_enough_is_heard_ahead():
    context, plan = AudioContext(21, 24), RollingPlan(take=5, ahead=10, past=24)
    whole = window_audio(FEATURES, 0, 21, "zero")

    for frame in range(0, 45, 5):
        audio = context(FEATURES[frame : frame + plan.take + plan.ahead], plan.take)
        past = min(24, frame)
        assert torch.equal(audio[: past + 5], whole[frame - past : frame + 5])


def test_one_window_of_a_whole_clip_is_that_of_the_offline_sampler(model):
    options, plan = SamplingOptions(), RollingPlan(take=80, ahead=0, past=0)
    features = torch.cat([FEATURES, FEATURES[:19], torch.zeros(1, 4, 64)])  # fades to silence
    noise = torch.stack([frame_noise(SEED, frame, 1.0) for frame in range(80)])
    conditions = Conditions(features, IDENTITY, start_at_rest(None)[0], noise=[noise[None]])

    offline = sample_motion(model.network, model.null_audio, conditions, options)

    assert torch.allclose(rolled(model, features, plan), offline, atol=1e-5)


def test_windows_agree_with_longer_ones_on_what_is_said(model):
    short = rolled(model, FEATURES, replace(STARTER_PLAN, ahead=5))
    long = rolled(model, FEATURES, replace(STARTER_PLAN, take=10, ahead=10, past=40))

    correlation = torch.corrcoef(torch.stack([short[:50, 58], long[:50, 58]]))[0, 1]

    assert correlation > 0.9  # of the height of the lower lip


def test_the_head_moves_without_jumps_from_window_to_window(model):
    motion = rolled(model, FEATURES, STARTER_PLAN)

    within, between = (
        motion[1::2, HEAD] - motion[::2, HEAD],
        motion[2::2, HEAD] - motion[1:-1:2, HEAD],
    )

    assert between.abs().mean() < 1.5 * within.abs().mean()


def test_a_copy_goes_its_own_way(model):
    plan = STARTER_PLAN
    context, sampler = AudioContext(21, plan.past), sampler_of(model, plan)
    sampler(context(FEATURES[:5], 2), 2)
    others = context.copy(), sampler.copy()

    expected = sampler(context(FEATURES[2:7], 2), 2)

    assert torch.equal(others[1](others[0](FEATURES[2:7], 2), 2), expected)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"take": 0}, "take of at least 1, got 0"),
        ({"ahead": 1.5}, "ahead of at least 0, got 1.5"),
        ({"past": 77}, r"at most 80 frames, got 77 \+ 2 \+ 2"),
        ({"head_noise": 2.0}, "head_noise from 0 to 1, got 2.0"),
    ],
)
def test_a_plan_that_does_not_fit_is_named(numbers, message):
    with pytest.raises(ValueError, match=message):
        replace(STARTER_PLAN, **numbers)


def sampler_of(model, plan):
    return RollingSampler(model, IDENTITY, start_at_rest(None)[0], plan, SEED)
