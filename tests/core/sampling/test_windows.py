"""Sampling of long clips, with a network whose velocity is known."""

import pytest
import torch

from moda_core.emotion.labels import emotion_weights
from moda_core.mmdit.config import MMDiTConfig
from moda_core.mmdit.model import MotionMMDiT
from moda_core.runtime.layers import Layers
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion, sample_takes
from moda_core.sampling.window_plan import count_windows, cross_fade, window_audio, window_noise
from tests.tolerances import assert_rounded

CONFIG = MMDiTConfig(
    width=16,
    num_heads=2,
    num_four_stream=1,
    num_double_stream=1,
    num_single_stream=1,
    audio_layers=2,
    audio_width=3,
    audio_context=3,
)
NULL_AUDIO = torch.full((3,), 0.5)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MotionMMDiT(CONFIG).eval().requires_grad_(False)


def features(num_frames, seed=0):
    return torch.randn(num_frames, 2, 3, generator=torch.Generator().manual_seed(seed))


def sample(network, audio, **options):
    options = {"num_steps": 2, **options}
    extra = {key: options.pop(key) for key in ("noise", "progress", "emotion") if key in options}
    emotion = extra.get("emotion")
    asked = conditions(audio, emotion, noise=extra.get("noise"))
    made = SamplingOptions(**options)
    run = {"progress": extra.get("progress")}
    return sample_takes(network, NULL_AUDIO, asked, made, [made.seed], **run)[0]


def conditions(audio, emotion=None, noise=None):
    curve = EmotionCurve.none() if emotion is None else EmotionCurve.constant(emotion)
    return Conditions(audio, torch.zeros(63), torch.zeros(1, 1, 70), curve, noise=noise)


@pytest.mark.parametrize(
    ("num_frames", "expected"), [(1, 1), (80, 1), (81, 2), (144, 2), (145, 3), (15000, 235)]
)
def test_windows_cover_the_clip(num_frames, expected):
    assert count_windows(num_frames) == expected


@pytest.mark.parametrize("num_frames", [1, 2, 79, 80, 81, 97, 150])
def test_one_frame_of_motion_for_each_of_the_features(network, num_frames):
    assert sample(network, features(num_frames)).shape == (num_frames, 70)


def test_the_same_seed_gives_the_same_motion_and_another_one_does_not(network):
    audio = features(90)

    first = sample(network, audio, seed=3)

    assert torch.equal(first, sample(network, audio, seed=3))
    assert not torch.allclose(first, sample(network, audio, seed=4))


def test_a_longer_clip_keeps_the_beginning(network):
    audio = features(300)

    long, short = sample(network, audio), sample(network, audio[:230])

    # The last window of the shorter clip starts at 128 and sees padding.
    assert_rounded(long[:127], short[:127], 128)


def test_window_noise_depends_on_seed_and_window_alone():
    state = torch.get_rng_state()

    noise = window_noise(7, 2)

    assert torch.equal(noise, window_noise(7, 2))
    assert not torch.equal(noise, window_noise(7, 3))
    assert not torch.equal(noise, window_noise(8, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert abs(float(noise.mean())) < 0.05
    assert abs(float(noise.std()) - 1) < 0.05


def test_without_guidance_the_null_audio_does_not_matter(network):
    asked = conditions(features(20))
    options = SamplingOptions(num_steps=2, cfg_scale=1.0)

    results = [sample_motion(network, null, asked, options) for null in (NULL_AUDIO, -NULL_AUDIO)]

    assert torch.equal(*results)


def test_with_guidance_the_null_audio_matters(network):
    asked = conditions(features(20))
    options = SamplingOptions(num_steps=2, cfg_scale=2.0)

    results = [sample_motion(network, null, asked, options) for null in (NULL_AUDIO, -NULL_AUDIO)]

    assert not torch.allclose(*results)


def test_guidance_is_the_rule_applied_to_two_separate_calls(network):
    audio, noise = features(80), window_noise(0, 0)
    emotion = emotion_weights("fear")
    previous = torch.zeros(1, 80, 70)

    guided = sample(network, audio, num_steps=1, cfg_scale=1.7, noise=[noise], emotion=emotion)

    context = window_audio(audio, 0, 3, "zero")[None]
    null = NULL_AUDIO.expand_as(context)
    motion, time = torch.cat([previous, noise], dim=-1), torch.tensor([1000.0])
    call = lambda a, e: network(motion, time, a, torch.zeros(1, 63), e[None])  # noqa: E731
    uncond, cond = call(null, emotion_weights("none")), call(context, emotion)
    expected = noise - (uncond + 1.7 * (cond - uncond))
    assert_rounded(guided[:, :63], expected[0, :, :63], 128)


def test_progress_counts_every_step_and_may_cancel(network):
    seen = []

    def cancel_at_third(done, total):
        seen.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample(network, features(100), progress=cancel_at_third)

    assert seen == [(1, 4), (2, 4), (3, 4)]


def test_cross_fade_is_linear_over_the_overlap():
    before, after = torch.zeros(1, 20, 70), torch.ones(1, 20, 70)

    joined = cross_fade(before, after)

    assert joined.shape == (1, 24, 70)
    assert joined[0, 4:20, 0].tolist() == [i / 16 for i in range(16)]
    assert (joined[0, :4] == 0).all()
    assert (joined[0, 20:] == 1).all()


def test_context_is_centred_and_zero_beyond_the_ends():
    audio = features(80)

    tokens = window_audio(audio, 0, 3, "zero")

    assert tokens.shape == (80, 3, 2, 3)
    assert torch.equal(tokens[5], audio[4:7])
    assert (tokens[0, 0] == 0).all()
    assert (tokens[79, 2] == 0).all()


@pytest.mark.parametrize(("pad_mode", "expected"), [("zero", 0.0), ("replicate", 1.0)])
def test_the_tail_is_padded_by_zeros_or_the_last_frame(pad_mode, expected):
    tokens = window_audio(torch.ones(81, 2, 3), 1, 1, pad_mode)

    assert tokens.shape[0] == 80
    assert (tokens[:17] == 1).all()
    assert (tokens[17:] == expected).all()


@pytest.mark.parametrize("num_frames", [1, 79, 80, 81, 143, 144, 145, 300])
@pytest.mark.parametrize("context", [1, 3, 9])
def test_windows_are_slices_of_the_whole_padded_clip(num_frames, context):
    audio, num_windows = features(num_frames), count_windows(num_frames)
    margin = context // 2
    padded = torch.zeros(80 + 64 * (num_windows - 1) + 2 * margin, 2, 3)
    padded[margin : margin + num_frames] = audio

    for index in range(num_windows):
        tokens = window_audio(audio, index, context, "zero")

        frames = [padded[64 * index + i : 64 * index + i + context] for i in range(80)]
        assert torch.equal(tokens, torch.stack(frames))


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
    ],
)
def test_impossible_options_are_refused(change):
    with pytest.raises(ValueError, match="Expected"):
        SamplingOptions(**change)


@pytest.mark.parametrize("shape", [(10, 2, 4), (0, 2, 3), (10, 6)])
def test_features_of_another_encoder_are_refused(network, shape):
    with pytest.raises(ValueError, match="audio encoder"):
        sample(network, torch.zeros(shape))


def test_noise_for_too_few_windows_is_refused(network):
    with pytest.raises(ValueError, match="2 windows"):
        sample(network, features(90), noise=[window_noise(0, 0)])


def test_every_tensor_of_a_run_lies_on_the_runs_device():
    # Operations that mix devices raise on the meta device too.
    network = MotionMMDiT(CONFIG, Layers(device="meta"))
    audio = torch.empty(100, 2, 3, device="meta")

    motion = sample_motion(network, NULL_AUDIO.to("meta"), conditions(audio))

    assert motion.device.type == "meta"
    assert motion.shape == (100, 70)


def test_a_half_precision_run_stays_close_to_the_full_one():
    torch.manual_seed(0)
    network = MotionMMDiT(CONFIG).eval().requires_grad_(False)
    asked = conditions(features(20))
    full = sample_motion(network, NULL_AUDIO, asked)

    half = sample_motion(network.bfloat16(), NULL_AUDIO.bfloat16(), asked)

    assert half.dtype == torch.float32
    assert (half - full).abs().mean() < 0.05
