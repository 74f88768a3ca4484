"""Motion that a user wants to keep, through sampling and finishing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles import pipeline
from moda_core.motion.motion import HEAD, YAW, Motion, MotionStats
from moda_core.sampling.held_motion import PARTS, HeldCurves, HeldMotion, finish_motion
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.request import SamplingRequest
from tests.tolerances import assert_rounded

from .sampling_cases import features, sample
from .sampling_models import STATS, tiny_model, tiny_portrait

REST = torch.zeros(63)
NUM_FRAMES = 60


def still(value=0.0, num_frames=NUM_FRAMES, fps=25.0, rest=REST):
    return Motion(torch.full((num_frames, 70), value), rest, fps)


def perform(held, silence=(0, 0), inverted=False):
    """Sample and finish a clip of 60 frames."""
    model, audio = tiny_model(), features(NUM_FRAMES + sum(silence))
    spoken = AudioFeatures(audio, "tiny", NUM_FRAMES / 25, silence)
    curves = held and HeldCurves.of(held, REST, NUM_FRAMES)
    hold = curves and curves.hold(model.stats, spoken)
    normalized = sample(model.network, audio, hold=hold, num_steps=4)
    return finish_motion(model, normalized, spoken, 42, curves, inverted)


@pytest.mark.parametrize("silence", [(0, 0), (7, 4)])
def test_kept_values_are_exact_whatever_finishing_adds(silence):
    turn = Motion(torch.randn(NUM_FRAMES, 70), REST)
    held = HeldMotion(turn, {"yaw": 1.0, "brows": 1.0}, start_s=0.8, end_s=1.6, feather_s=0.2)

    values = perform([held], silence)

    dims = [*PARTS["yaw"], *PARTS["brows"]]
    assert torch.equal(values[20:40, dims], turn.values[20:40, dims])
    assert float((values[:15, dims] - turn.values[:15, dims]).abs().min()) > 1e-4
    assert values.shape == (NUM_FRAMES, 70)


@pytest.mark.parametrize("windows", ["chain", "joint"])
def test_a_performance_keeps_what_its_request_asks_for(windows):
    turn = Motion(torch.randn(100, 70, generator=torch.Generator().manual_seed(2)), REST)
    held = HeldMotion(turn, {"yaw": 1.0}, start_s=2.0, end_s=3.6)
    request = SamplingRequest(SamplingOptions(num_steps=2, windows=windows), (held,))
    spoken = AudioFeatures(features(100), "tiny", 4.0)

    found = pipeline.perform(tiny_model(), spoken, tiny_portrait(), request=request)

    assert torch.equal(found.values[50:90, YAW], turn.values[50:90, YAW])
    assert not torch.allclose(found.values[:25, YAW], turn.values[:25, YAW], atol=0.1)


def test_without_anything_kept_a_clip_is_finished_as_before():
    values = perform(None)

    model, audio = tiny_model(), AudioFeatures(features(NUM_FRAMES), "tiny", NUM_FRAMES / 25)
    normalized = sample(model.network, audio.values, num_steps=4)
    assert torch.equal(values, model.finish(normalized, audio, 42))


def test_what_was_finished_before_is_not_finished_again():
    values = perform(None, silence=(7, 4), inverted=True)

    normalized = sample(tiny_model().network, features(NUM_FRAMES + 11), num_steps=4)
    assert torch.equal(values, STATS.denormalize(normalized[7:-4]))


def test_what_finishing_adds_fades_out_towards_kept_values():
    held = HeldMotion(still(), {"yaw": 1.0}, start_s=1.2, end_s=1.6, feather_s=0.4)
    curves = HeldCurves.of([held], REST, NUM_FRAMES)
    sampled, added = torch.zeros(NUM_FRAMES, 70), torch.ones(NUM_FRAMES, 70)

    found = curves.put_back(sampled + added)[:, YAW].flatten()

    assert (found[:20] == 1).all()
    assert (found[30:40] == 0).all()
    assert (found[50:] == 1).all()
    assert float(found.diff().abs().max()) < 0.16  # 1.5 / 10 frames: no step
    assert (found[19:31].diff() <= 0).all()


def test_dims_that_the_model_never_moves_are_put_back_but_not_shown_to_it():
    std = STATS.std.clone()
    std[66] = 0
    stats = MotionStats(STATS.mean, std)
    curves = HeldCurves(torch.full((4, 70), 3.0), torch.ones(4, 70))
    spoken = AudioFeatures(torch.zeros(4, 2, 3), "tiny", 4 / 25)

    hold = curves.hold(stats, spoken)
    found = curves.put_back(torch.zeros(4, 70))

    assert not hold.mask[:, 66].any()
    assert (hold.motion[:, 66] == 0).all()
    assert hold.mask[:, 65].all()
    assert (found == 3).all()


@pytest.mark.parametrize("num_steps", [2, 8])
@pytest.mark.parametrize("windows", ["chain", "joint"])
def test_weights_below_1_pull_as_far_as_they_say_with_any_steps(num_steps, windows):
    turn = still(12.0, 100)
    request = SamplingRequest(SamplingOptions(num_steps=num_steps, windows=windows))
    held = replace(request, held=(HeldMotion(turn, {"yaw": 0.25}),))
    model, spoken = tiny_model(), AudioFeatures(features(100), "tiny", 4.0)

    free, pulled = (
        pipeline.perform(model, spoken, tiny_portrait(), request=one).values
        for one in (request, held)
    )

    expected = 0.75 * free[:, YAW] + 0.25 * 12
    assert_rounded(pulled[:, YAW], expected, 16)


def test_silence_that_was_added_is_left_free():
    curves = HeldCurves(torch.ones(4, 70), torch.ones(4, 70))
    spoken = AudioFeatures(torch.zeros(9, 2, 3), "tiny", 4 / 25, (3, 2))

    hold = curves.hold(STATS, spoken)

    assert hold.mask[:, 0].tolist() == [False] * 3 + [True] * 4 + [False] * 2


def test_the_end_of_the_motion_is_the_end_of_what_is_kept():
    held = HeldMotion(still(num_frames=20), torch.ones(70), feather_s=0.0)

    _, weights = held.curves(REST, NUM_FRAMES)

    assert weights[:, 5].tolist() == [1] * 20 + [0] * 40


def test_motion_of_another_rate_and_rest_is_brought_to_the_clips():
    values = torch.zeros(30, 70)
    values[:, YAW] = torch.arange(30.0)[:, None]
    values[:, :63] = 2.0
    held = HeldMotion(Motion(values, torch.ones(63), 12.5), {"yaw": 1.0})

    found, _ = held.curves(torch.full((63,), 0.5), NUM_FRAMES)

    assert_rounded(found[:59, YAW][:, 0], np.arange(59) / 2, 8)
    assert (found[:, :63] == 1.5).all()


def test_weights_by_frame_are_followed():
    weights = torch.zeros(NUM_FRAMES, 70)
    weights[10:20, 3] = 0.5

    _, found = HeldMotion(still(), weights).curves(REST, NUM_FRAMES)

    assert torch.equal(found, weights)


def test_of_several_entirely_kept_motions_the_last_counts():
    first = HeldMotion(still(1.0), {"yaw": 1.0, "mouth": 1.0}, feather_s=0)
    second = HeldMotion(still(2.0), {"yaw": 1.0, "mouth": 0.2, "roll": 0.3}, feather_s=0)

    curves = HeldCurves.of([first, second], REST, 3)

    dims = [PARTS[name][0] for name in ("yaw", "mouth", "roll", "pitch")]
    assert curves.values[0, dims[:3]].tolist() == [2, 1, 2]
    torch.testing.assert_close(curves.weights[0, dims], torch.tensor([1, 1, 0.3, 0]))


def test_where_soft_borders_meet_one_kept_motion_goes_over_into_the_other():
    first = HeldMotion(still(10.0), {"yaw": 1.0}, end_s=0.8, feather_s=0.8)
    second = HeldMotion(still(-10.0), {"yaw": 1.0}, start_s=1.2, feather_s=0.8)
    curves = HeldCurves.of([first, second], REST, NUM_FRAMES)

    found = curves.put_back(torch.zeros(NUM_FRAMES, 70))[:, YAW].flatten()

    assert (found[:20] == 10).all()
    assert (found[30:50] == -10).all()
    assert (found[19:31].diff() <= 0).all()
    assert float(found.diff().abs().max()) < 4  # 20 over 11 frames, eased


def test_two_weights_of_a_half_are_a_third_each():
    held = [HeldMotion(still(value), {"yaw": 0.5}, feather_s=0) for value in (3.0, 6.0)]

    found = HeldCurves.of(held, REST, 3).put_back(torch.zeros(3, 70))

    torch.testing.assert_close(found[0, YAW], torch.tensor([3.0]))


def test_what_is_kept_after_the_speech_is_refused():
    held = HeldMotion(still(num_frames=100), {"yaw": 1.0}, start_s=3.0)

    with pytest.raises(ValueError, match=r"from 3 s on, but the speech ends at 2\.4 s"):
        held.curves(REST, NUM_FRAMES)


def test_the_regions_are_the_whole_motion_and_share_nothing():
    dims = [dim for name in ("mouth", "eyes", "brows", "head") for dim in PARTS[name]]

    assert sorted(dims) == list(range(70))
    assert PARTS["head"] == list(range(70))[HEAD]


@pytest.mark.parametrize(
    ("weights", "times", "text"),
    [
        ({"nose": 1.0}, {}, "part 'nose'.*mouth"),
        ({"yaw": 1.5}, {}, "weight of yaw"),
        ({"yaw": float("nan")}, {}, "weight of yaw"),
        (torch.ones(3, 70), {}, r"\(3, 70\)"),
        ({"yaw": 1.0}, {"start_s": 2.0, "end_s": 1.0}, "2 s to 1 s"),
        ({"yaw": 1.0}, {"start_s": 2.4}, r"2\.4 s to the end of the motion, 2\.4 s"),
        ({"yaw": 1.0}, {"feather_s": -1.0}, "feather_s"),
        (torch.full((70,), 2.0), {}, "weights"),
    ],
)
def test_what_cannot_be_kept_is_refused(weights, times, text):
    with pytest.raises(ValueError, match=text):
        HeldMotion(still(), weights, **times)
