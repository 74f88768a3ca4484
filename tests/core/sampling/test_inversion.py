"""From motion back to the noise that it is sampled from."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.pipeline import perform
from moda_core.emotion.labels import emotion_weights
from moda_core.motion.motion import Motion, MotionStats, smooth_pose
from moda_core.sampling import inversion
from moda_core.sampling.fixed_point import FixedPoint, solve_fixed_point
from moda_core.sampling.inversion import invert_flow, invert_motion, normalized_motion, windows_of
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.request import SamplingRequest
from moda_core.sampling.window_plan import window_noise

from .sampling_cases import (
    NULL_AUDIO,
    conditions,
    features,
    sample,
    tiny_network,
)
from .sampling_models import STATS, tiny_model, tiny_portrait


@pytest.fixture(scope="module")
def network():
    return tiny_network()


def invert(network, audio, motion, emotion=None, progress=None, **options):
    options = SamplingOptions(**{"num_steps": 5, **options})
    asked = conditions(audio, emotion)
    return invert_flow(network, NULL_AUDIO, asked, motion, options, progress)


@pytest.mark.parametrize("solver", ["euler", "heun", "midpoint"])
def test_the_noise_that_a_window_was_sampled_from_is_found(network, solver):
    audio = features(80)
    motion = sample(network, audio, solver=solver, num_steps=8, smooth=False, cfg_scale=1.5)

    found = invert(network, audio, motion, solver=solver, num_steps=8, cfg_scale=1.5)

    # In standard deviations: what the motion is off by grows on the way back to its noise.
    torch.testing.assert_close(found.windows, window_noise(42, 0), atol=1e-3, rtol=0)
    assert found.error <= 1e-5


@pytest.mark.parametrize("num_frames", [80, 150])
@pytest.mark.parametrize("overlap", [16, 24])
def test_a_motion_comes_back_through_the_whole_chain(network, num_frames, overlap):
    audio, emotion = features(num_frames), emotion_weights("fear")
    motion = smooth_pose(torch.randn(num_frames, 70, generator=torch.Generator().manual_seed(3)))

    found = invert(network, audio, motion, emotion, overlap=overlap)
    again = sample(
        network,
        audio,
        emotion=emotion,
        noise=found.for_clip(num_frames, 42),
        num_steps=5,
        overlap=overlap,
        smooth=False,
    )

    assert float((again - motion).abs().max()) < 1e-3


def test_another_emotion_changes_the_motion(network):
    audio, motion = features(80), torch.zeros(80, 70)
    found = invert(network, audio, motion)
    noise = found.for_clip(80, 42)

    other = sample(
        network, audio, noise=noise, emotion=emotion_weights("anger"), num_steps=5, smooth=False
    )

    assert float((other - motion).abs().max()) > 0.1


def test_without_smoothing_a_window_is_left_as_it_was_sampled(network):
    audio = features(60)

    rough, smooth = (sample(network, audio, smooth=value) for value in (False, True))

    assert torch.equal(smooth, sample(network, audio))
    whole = sample(network, features(80), smooth=False)
    assert torch.equal(sample(network, features(80)), smooth_pose(smooth_pose(whole)))
    assert torch.equal(rough[:, :63], smooth[:, :63])
    assert not torch.allclose(rough[:, 63:], smooth[:, 63:], atol=0.1)


def test_frames_beyond_the_motion_start_from_the_noise_of_the_seed(network):
    found = invert(network, features(100), torch.zeros(100, 70), num_steps=2)

    noise = found.for_clip(230, 9)

    assert len(noise) == 4
    assert torch.equal(noise[0], found.windows[:1])
    assert torch.equal(noise[1][:, :36], found.windows[1:, :36])
    assert torch.equal(noise[1][:, 36:], window_noise(9, 1)[:, 36:])
    assert torch.equal(noise[3], window_noise(9, 3))


def test_a_shorter_clip_takes_the_first_windows(network):
    found = invert(network, features(100), torch.zeros(100, 70), num_steps=2)

    noise = found.for_clip(40, 42)

    assert len(noise) == 1
    assert torch.equal(noise[0], found.windows[:1])


def test_a_run_takes_the_steps_of_the_inversion_and_its_own_guidance(network):
    found = invert(network, features(10), torch.zeros(10, 70), num_steps=2, schedule="even")
    wanted = {"cfg_scale": 2.0, "emotion_scale": 3.0, "seed": 7, "guidance_interval": (0.1, 0.9)}

    options = found.run_options(SamplingOptions(num_steps=30, schedule="even", **wanted))

    assert options == SamplingOptions(num_steps=2, schedule="even", smooth=False, **wanted)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"solver": "heun"}, "solver"),
        ({"windows": "joint"}, "windows"),
        ({"overlap": 8}, "overlap"),
        ({"sigmas": torch.tensor([1.0, 0.5, 0.0])}, "noise levels"),
        ({"solve": lambda *_: None}, "linked sampler"),
    ],
)
def test_what_the_noise_belongs_to_is_not_changed_in_silence(network, change, text):
    found = invert(network, features(10), torch.zeros(10, 70), num_steps=2)

    with pytest.raises(ValueError, match=f"another choice of the {text}"):
        found.run_options(SamplingOptions(**change))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"windows": "joint"}, "'joint'.*chain"),
        ({"windows": "anchored"}, "'anchored'.*chain"),
        ({"solver": "ab2"}, "'ab2'.*euler, heun, midpoint"),
        ({"solve": lambda *_: None}, "another sampler"),
    ],
)
def test_what_cannot_be_undone_is_refused(network, options, text):
    with pytest.raises(ValueError, match=text):
        invert(network, features(10), torch.zeros(10, 70), **options)


def test_motion_of_another_length_than_the_features_is_refused(network):
    with pytest.raises(ValueError, match=r"\(10, 70\).*\(11, 70\)"):
        invert(network, features(10), torch.zeros(11, 70))


def test_progress_counts_steps_of_windows_and_may_cancel(network):
    seen = []

    def cancel(done, total):
        seen.append((done, total))
        if done == 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        invert(network, features(100), torch.zeros(100, 70), progress=cancel)
    assert seen == sorted(seen)
    assert set(seen) == {(0, 10), (2, 10), (4, 10)}
    assert len(seen) > 6  # also within a step, which may take long


def test_a_network_of_half_precision_is_asked_for_less(network, monkeypatch):
    asked = []
    monkeypatch.setattr(
        inversion,
        "solve_fixed_point",
        lambda residual, start, tolerance, limit: (
            asked.append(tolerance) or FixedPoint(start, torch.zeros(len(start)), 1)
        ),
    )

    for half in (network, tiny_network().bfloat16()):
        null = torch.zeros(3, dtype=next(half.parameters()).dtype)
        inversion.invert_flow(half, null, conditions(features(10)), torch.zeros(10, 70))

    assert asked == [1e-5] * 50 + [1e-4] * 50


def test_windows_hold_the_last_frame_and_know_the_frame_before():
    motion = torch.arange(100.0)[:, None].expand(-1, 70)

    windows, before = windows_of(motion, torch.full((1, 1, 70), -5.0), [0, 64])

    assert windows[:, :, 0].tolist()[0] == list(range(80))
    assert windows[1, :, 0].tolist() == [*range(64, 100), *[99] * 44]
    assert before[:, 0, 0].tolist() == [-5, 63]


def test_a_motion_is_brought_to_the_rate_the_silence_and_the_rest_of_a_clip():
    values = torch.zeros(5, 70)
    values[:, 0], values[:, 66], values[:, 68] = 3.0, 7.0, torch.arange(5.0)
    motion = Motion(values, torch.ones(63), 12.5)
    std = torch.full((70,), 2.0)
    std[66] = 0
    spoken = AudioFeatures(torch.zeros(10, 2, 3), "tiny", 0.3, silence=(2, 1))

    found = normalized_motion(MotionStats(torch.zeros(70), std), torch.zeros(63), motion, spoken)

    expected = np.array([0, 0, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]) / 2.00001
    np.testing.assert_allclose(found[:, 68], expected, atol=1e-6)
    np.testing.assert_allclose(found[:, 0], 2 / 2.00001, atol=1e-6)
    assert (found[:, 66] == 0).all()


def test_a_performance_comes_back_without_being_finished_again():
    model, audio = tiny_model(), AudioFeatures(features(100), "tiny", 93 / 25, silence=(3, 4))
    values = torch.randn(93, 70, generator=torch.Generator().manual_seed(5))
    motion = Motion(smooth_pose(values), torch.zeros(63))

    found = invert_motion(
        model, motion, audio, tiny_portrait(), options=SamplingOptions(num_steps=5)
    )
    again = perform(model, audio, tiny_portrait(), request=SamplingRequest(noise=found))

    back, given = (each.values / STATS.std for each in (again, motion))
    torch.testing.assert_close(back, given, atol=3e-3, rtol=0)


def test_features_of_another_encoder_are_refused():
    audio = AudioFeatures(features(5), "other", 0.2)

    with pytest.raises(ValueError, match="other"):
        invert_motion(tiny_model(), Motion(torch.zeros(5, 70), torch.zeros(63)), audio, None)


def test_portraits_of_another_renderer_are_refused():
    model = replace(tiny_model(), renderer="real")
    audio = AudioFeatures(features(5), "tiny", 0.2)

    with pytest.raises(ValueError, match="real"):
        invert_motion(model, Motion(torch.zeros(5, 70), torch.zeros(63)), audio, tiny_portrait())


@pytest.mark.parametrize("radius", [0.5, 0.98, 1.5])
def test_fixed_points_are_those_of_linear_algebra(radius):
    random = np.random.default_rng(0)
    rotation = np.linalg.qr(random.standard_normal((5, 5)))[0]
    matrix = rotation @ np.diag([-radius, -0.9 * radius, 0.1, 0.3, -0.2]) @ rotation.T
    offset = random.standard_normal((3, 5))
    a, b = (torch.from_numpy(x).float() for x in (matrix, offset))

    found = solve_fixed_point(lambda x: x @ a.T + b - x, torch.zeros(3, 5), 1e-5, 60)

    expected = np.linalg.solve(np.eye(5) - matrix, offset.T).T
    np.testing.assert_allclose(found.x, expected, atol=1e-3)
    assert found.error.max() <= 1e-5


def test_the_best_point_counts_where_there_is_no_fixed_point():
    found = solve_fixed_point(lambda x: x**2 + 0.5, torch.ones(1, 1), 1e-6, 40)

    assert abs(float(found.error) - float(found.x**2 + 0.5)) < 1e-6
    assert float(found.error) < 1.5


def test_a_system_that_turns_to_nonsense_keeps_its_best_point():
    def residual(x):
        return torch.where(x > 1.5, torch.nan, torch.ones_like(x))

    found = solve_fixed_point(residual, torch.ones(2, 1), 1e-6, 10)

    assert found.x.isfinite().all()
    assert found.error.tolist() == [1, 1]
