"""Best of several takes."""

import numpy as np
import pytest
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.pipeline import perform_takes
from moda_core.motion.controls import CONTROLS, compose
from moda_core.motion.motion import YAW, Motion, MotionStats
from moda_core.sampling.held_motion import HeldMotion
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.ranking import best_agreement, rank_takes, ranking_text
from moda_core.sampling.request import SamplingRequest

from .sampling_cases import features, rounding_of, sample
from .sampling_models import STATS, finish, tiny_model, tiny_portrait

PLAIN = MotionStats(torch.zeros(70), torch.ones(70))


def envelope(num_frames=100):
    return np.random.default_rng(0).random(num_frames)


def speaking(jaw, yaw=None):
    """Return normalised motion whose jaw and head follow curves."""
    values = torch.zeros(len(jaw), 70)
    controls = torch.zeros(len(jaw), len(CONTROLS))
    controls[:, CONTROLS.index("jaw")] = torch.as_tensor(jaw, dtype=torch.float32)
    values[:, :63] = compose(controls)
    if yaw is not None:
        values[:, YAW] = torch.as_tensor(yaw, dtype=torch.float32)[:, None]
    return PLAIN.normalize(values)


def test_lips_that_go_with_the_sound_win():
    level = envelope()
    deaf = np.random.default_rng(1).permutation(level)

    ranking = rank_takes(torch.stack([speaking(deaf), speaking(level)]), level, PLAIN, [7, 8])

    assert [take.seed for take in ranking] == [8, 7]
    assert ranking[0].index == 1
    assert ranking[0].lips == pytest.approx(1, abs=1e-4)
    assert abs(ranking[1].lips) < 0.35


def test_of_equal_lips_the_smooth_head_wins():
    level, time = envelope(), np.arange(100)
    smooth, rough = np.sin(time / 20), np.sin(time / 20) + 0.1 * envelope()

    ranking = rank_takes(
        torch.stack([speaking(level, rough), speaking(level, smooth)]), level, PLAIN
    )

    assert [take.index for take in ranking] == [1, 0]
    assert ranking[0].pose_jerk < 1 < ranking[1].pose_jerk
    assert ranking[0].lip_jerk == pytest.approx(1)


def test_jerk_is_the_third_difference_over_that_of_the_middle_take():
    level, time = envelope(), np.arange(100.0)
    takes = torch.stack([speaking(level, scale * time**3) for scale in (1e-4, 2e-4, 5e-4)])

    ranking = rank_takes(takes, level, PLAIN)

    jerks = {take.index: take.pose_jerk for take in ranking}
    assert [jerks[i] for i in range(3)] == pytest.approx([0.5, 1, 2.5], rel=1e-2)


@pytest.mark.parametrize("lag", [-2, 0, 3])
def test_lips_that_come_late_or_early_are_found_so(lag):
    level = envelope()

    correlation, found = best_agreement(np.roll(level, lag), level)

    assert found == lag
    assert correlation == pytest.approx(1)


@pytest.mark.parametrize("length", [1, 3, 6, 50])
def test_a_mouth_that_does_not_move_agrees_with_nothing(length):
    assert best_agreement(np.zeros(length), envelope(length)) == (0.0, 0)


def test_the_best_of_a_batch_is_finished_as_if_it_were_sampled_alone():
    audio = AudioFeatures(features(100), "tiny", 92 / 25, silence=(5, 3))
    options = SamplingOptions(num_steps=2)

    takes = perform_takes(tiny_model(), audio, tiny_portrait(), SamplingRequest(options), [3, 4, 5])
    ranking = takes.ranked(envelope(92))
    motion = takes.motion(ranking[0].index)

    seed, network = ranking[0].seed, tiny_model().network
    alone = finish(sample(network, audio.values, seeds=[seed]), audio, seed)
    rounding = rounding_of(network, audio.values, seeds=[3, 4, 5])
    assert sorted(take.seed for take in ranking) == [3, 4, 5]
    assert [take.score for take in ranking] == sorted((t.score for t in ranking), reverse=True)
    torch.testing.assert_close(motion.values / STATS.std, alone / STATS.std, atol=rounding, rtol=0)


def test_all_takes_hold_what_is_held():
    audio = AudioFeatures(features(60), "tiny", 60 / 25)
    turn = Motion(torch.full((60, 70), 4.0), torch.zeros(63))
    held = HeldMotion(turn, {"yaw": 1.0}, start_s=0.8, end_s=1.6, feather_s=0)

    takes = perform_takes(
        tiny_model(), audio, tiny_portrait(), SamplingRequest(held=(held,)), [3, 4]
    )

    for index in range(2):
        assert (takes.motion(index).values[20:40, YAW] == 4).all()


def test_the_ranking_is_shown_as_a_table():
    level = envelope()
    ranking = rank_takes(torch.stack([speaking(level)] * 2), level, PLAIN, [7, 123456])

    lines = ranking_text(ranking).splitlines()

    assert len(lines) == 3
    assert lines[0].split()[:3] == ["rank", "seed", "score"]
    assert lines[1].split()[:4] == ["1", "7", "1.000", "1.000"]
    assert len({len(line) for line in lines}) == 1


def test_long_seeds_stay_under_their_heading():
    level = envelope()
    ranking = rank_takes(torch.stack([speaking(level)] * 2), level, PLAIN, [7, 2**64 - 1])

    lines = ranking_text(ranking).splitlines()

    assert len({len(line) for line in lines}) == 1


def test_a_take_with_nan_is_left_out():
    level = envelope()
    takes = torch.stack([speaking(level)] * 3)
    takes[0, 5, 3] = float("nan")

    ranking = rank_takes(takes, level, PLAIN, [7, 8, 9])

    assert sorted((take.index, take.seed) for take in ranking) == [(1, 8), (2, 9)]
    with pytest.raises(ValueError, match="All takes hold NaN"):
        rank_takes(takes[:1], level, PLAIN)


@pytest.mark.parametrize("shape", [(0, 10, 70), (10, 70)])
def test_no_takes_are_refused(shape):
    with pytest.raises(ValueError, match="takes"):
        rank_takes(torch.zeros(shape), envelope(10), STATS)


def test_a_level_of_another_length_is_refused():
    with pytest.raises(ValueError, match="10 frames"):
        rank_takes(torch.zeros(1, 10, 70), envelope(11), STATS)


def test_no_seed_is_refused():
    audio = AudioFeatures(features(10), "tiny", 0.4)

    with pytest.raises(ValueError, match="seed"):
        perform_takes(tiny_model(), audio, tiny_portrait(), SamplingRequest(), [])
