"""Weak frames sampled again."""

import numpy as np
import pytest
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.pipeline import perform
from moda_core.bundles.refinement import refine_motion, refinement_text
from moda_core.motion.motion import EXPRESSION, HEAD, YAW, Motion
from moda_core.motion.regions import REGION_KEYPOINTS
from moda_core.sampling.held_motion import HeldMotion
from moda_core.sampling.inverted_noise import InvertedNoise
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.request import SamplingRequest
from moda_core.sampling.weak_frames import FrameJudge
from tests.core.sampling.sampling_cases import features
from tests.core.sampling.sampling_models import STATS, tiny_model, tiny_portrait

NUM_FRAMES = 150
REST = torch.zeros(63)


def audio(num_frames=NUM_FRAMES, silence=(5, 3)):
    return AudioFeatures(features(num_frames + sum(silence)), "tiny", num_frames / 25, silence)


def levels(num_frames=NUM_FRAMES):
    return np.random.default_rng(0).random(num_frames)


def request(**options):
    return SamplingRequest(SamplingOptions(num_steps=2, **options))


def sampled(seed=1):
    return perform(tiny_model(), audio(), tiny_portrait(), request(seed=seed))


def refine(motion, asked=None, **given):
    asked = asked or request(seed=9)
    return refine_motion(tiny_model(), motion, audio(), tiny_portrait(), levels(), asked, **given)


def quality(judge, motion):
    return float(judge.quality(motion.values).sum())


@pytest.mark.parametrize("windows", ["chain", "joint"])
def test_only_better_spans_change_and_the_rest_stays_to_the_bit(windows):
    motion = sampled()

    refined = refine(motion, request(seed=9, windows=windows), rounds=2)

    judge = FrameJudge(motion.values, REST, levels(), STATS)
    attempts = [attempt for attempts in refined.rounds for attempt in attempts]
    assert any(attempt.better for attempt in attempts)
    for part, dims in (("face", EXPRESSION), ("head", HEAD)):
        allowed = torch.zeros(NUM_FRAMES, dtype=torch.bool)
        for attempt in attempts:
            if attempt.better and attempt.part == part:
                allowed[attempt.span.around(NUM_FRAMES)] = True
        same = (refined.motion.values[:, dims] == motion.values[:, dims]).all(dim=1)
        assert torch.equal(~same, allowed)
    assert quality(judge, refined.motion) > quality(judge, motion)


def test_the_eyes_stay_as_they_are():
    motion = sampled()
    eyes = [3 * keypoint + axis for keypoint in REGION_KEYPOINTS["eyes"] for axis in range(3)]

    refined = refine(motion, rounds=2)

    assert not torch.equal(refined.motion.values, motion.values)
    assert torch.equal(refined.motion.values[:, eyes], motion.values[:, eyes])


def test_the_gain_is_that_of_the_spans_that_were_taken():
    motion = sampled()

    refined = refine(motion)

    judge = FrameJudge(motion.values, REST, levels(), STATS)
    gains = [
        (attempt.after - attempt.before) * len(range(*attempt.span.around(NUM_FRAMES, 3).indices(
            NUM_FRAMES)))
        for attempt in refined.rounds[0] if attempt.better
    ]  # fmt: skip
    gain = quality(judge, refined.motion) - quality(judge, motion)
    assert gain == pytest.approx(sum(gains), rel=1e-6)


def test_a_motion_that_nothing_sampled_beats_stays_as_it_is():
    level = levels()
    still = torch.zeros(NUM_FRAMES, 70)
    motion = Motion(still, REST)

    refined = refine_motion(
        tiny_model(), motion, audio(), tiny_portrait(), 0 * level, request(seed=9)
    )

    assert not any(attempt.better for attempt in (refined.rounds or [()])[0])
    assert torch.equal(refined.motion.values, still)


def test_a_share_of_nothing_samples_nothing():
    refined = refine(sampled(), share=0.0)

    assert refined.rounds == ()
    assert torch.equal(refined.motion.values, sampled().values)


def test_what_the_request_holds_is_held_in_weak_spans_too():
    turn = Motion(torch.full((NUM_FRAMES, 70), 4.0), REST)
    held = HeldMotion(turn, {"yaw": 1.0})
    asked = SamplingRequest(SamplingOptions(num_steps=2, seed=1), held=(held,))
    motion = perform(tiny_model(), audio(), tiny_portrait(), asked)

    refined = refine(motion, asked.with_options(seed=9))

    assert any(attempt.better for attempt in refined.rounds[0])
    # Exact where it is sampled anew; the cross-fades mix 4 with 4.
    torch.testing.assert_close(
        refined.motion.values[:, YAW], torch.full((NUM_FRAMES, 1), 4.0), rtol=1e-6, atol=0
    )


def test_motion_of_another_rate_and_rest_is_brought_to_the_speech():
    motion = sampled()
    other = Motion(motion.values.clone(), REST + 0.5)
    other.values[:, EXPRESSION] += 0.5
    slow = other.resampled(12.5, 75)

    refined = refine(slow, share=0.0)

    assert (len(refined.motion), refined.motion.fps) == (NUM_FRAMES, 25)
    torch.testing.assert_close(refined.motion.values[::2], motion.values[::2], atol=1e-5, rtol=1e-5)


def test_progress_goes_through_all_rounds():
    seen = []

    refine(sampled(), rounds=2, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1][0] == seen[-1][1] == len(seen)
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))


def test_the_largest_seed_is_followed_by_the_smallest():
    refine(sampled(), request(seed=2**64 - 1), rounds=2)


def test_the_table_has_a_row_for_each_attempt():
    refined = refine(sampled())

    lines = refinement_text(refined).splitlines()

    assert len(lines) == 1 + len(refined.rounds[0])
    assert {line.split()[-1] for line in lines[1:]} <= {"new", "old"}
    assert len({len(line) for line in lines}) <= 2


def test_what_does_not_belong_together_is_refused():
    noise = InvertedNoise(torch.zeros(3, 80, 70), 158, SamplingOptions(), 0.0, 1.0)
    with pytest.raises(ValueError, match="Leave MoDA Invert Motion out"):
        refine(sampled(), SamplingRequest(noise=noise))
    with pytest.raises(ValueError, match=r"4\.00 s and the speech 6\.00 s"):
        refine(Motion(torch.zeros(100, 70), REST))
    with pytest.raises(ValueError, match="rounds of at least 1, got 0"):
        refine(sampled(), rounds=0)
